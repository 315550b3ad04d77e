#include "generate_options.hpp"

#include <cstdio>
#include <string>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/piece/form.hpp"
#include "manual.hpp"
#include "models.hpp"
#include "sources.hpp"

gruve::TimeSignature metre_of(const std::string& text) {
  gruve::TimeSignature metre;
  int read = 0;
  if (std::sscanf(text.c_str(), "%3d/%3d%n", &metre.numerator, &metre.denominator, &read) != 2 ||
      read != static_cast<int>(text.size()) || metre.numerator < 1 || metre.numerator > 255 ||
      metre.denominator < 1 || metre.denominator > 64 || (metre.denominator & (metre.denominator - 1)) != 0)
    throw gruve::Error(gruve::internal::shown_text(text) + " is not a metre such as 3/4 or 6/8");
  return metre;
}

void add_generate_options(CLI::App& command, GenerateArguments& options) {
  add_models(command, options.models, "The model file; the built-in étude model if there is none");
  add_style(command, options.style);
  command
      .add_option("--out", options.out,
                  "The MIDI file to write (text for a model of text or ids); - for the standard output")
      ->required();
  CLI::Option* seconds =
      command
          .add_option("--seconds", options.seconds, "Length of the piece in seconds (default: 60), to a bar")
          ->check(CLI::PositiveNumber)
          ->check([](const std::string& text) {
            double value = 0;
            return CLI::detail::lexical_cast(text, value) && value < 0.001
                       ? text + " seconds are no piece, expected 0.001 at least"
                       : std::string();
          });
  CLI::Option* bars =
      command.add_option("--bars", options.bars, "Length in bars of the model's or the primer's metre")
          ->check(CLI::PositiveNumber);
  CLI::Option* tokens =
      command
          .add_option("--tokens", options.tokens,
                      "Length in tokens, without the primer; music goes on to the next bar line")
          ->check(CLI::PositiveNumber);
  seconds->excludes(bars)->excludes(tokens);
  bars->excludes(tokens);
  command
      .add_option("--tempo", options.tempo,
                  "Quarter notes per minute (default: the primer's, or the model's)")
      ->check(CLI::Range(4.0, 1000.0));
  command
      .add_option("--metre", options.metre,
                  "Metre of the bars, such as 3/4 (default: the primer's, or the model's)")
      ->check(checked_by(metre_of))
      ->excludes(command.add_option(
          "--primer", options.primer,
          "A MIDI file to continue (a text file for a model of text or ids; - for the standard input): its "
          "own notes, tempos, sounds and "
          "drums as written, then new music in its tempo, metre and key"));
  command.add_flag("--whole-primer", options.whole_primer,
                   "Take all of the primer; otherwise it makes at most half of the piece");
  command.add_option("--seed", options.seed, "The same seed gives the same piece")->capture_default_str();
  add_reading_options(command, options.reading);
  add_sampling(command, options);
  command.get_option("--within")->excludes(tokens);
  CLI::Option* livelier =
      command
          .add_flag(
              "--livelier", options.livelier,
              "You hear a faster piece (by a sixth; a primer keeps its tempo, as does --tempo) with at least "
              "15 % more notes per second than without this option")
          ->excludes(tokens);
  command
      .add_flag("--calmer", options.calmer,
                "You hear a slower piece with at least 15 % fewer notes per second")
      ->excludes(tokens)
      ->excludes(livelier);
  CLI::Option* louder = command.add_flag(
      "--louder", options.louder, "You hear each new note struck harder, by 20 of MIDI's 127 velocities");
  command.add_flag("--softer", options.softer, "You hear each new note struck softer, by as much")
      ->excludes(louder);
  command
      .add_option("--form", options.form,
                  "Which parts return: letters for sections of up to 8 bars, such as AABA, again and again; "
                  "of:SONG.mid for the form of a song; none for no returns (default: the model decides)")
      ->check(checked_by([](const std::string& form) {
        if (form != "none" && !form.starts_with("of:")) gruve::form_bars(form, 1, 1);
      }));
  command.add_flag("--whole-bars", options.whole_bars, "Lengthen the piece to the next bar line")
      ->excludes("--tokens");
  command
      .add_option("--count", options.count,
                  "Number of pieces. Their files are numbered from the best to the last, by a score: how far "
                  "their minutes and structure are from the ranges of the songs, whether they loop or copy, "
                  "and how usual their nats are (docs/generation.md)")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command
      .add_option(
          "--best-of", options.best_of,
          "Generate N pieces for each one that is kept, and keep those with the best scores (default: "
          "4 for a single piece, 1 for several)")
      ->check(CLI::Range(1, 256))
      ->default_str("");
  command.add_option("--threads", options.threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  add_precision(command, options.precision, "Weights: fp32, or faster and less exact bf16 or int8",
                {"fp32", "bf16", "int8"});
  command.add_option("--wav", options.wav,
                     "Also write the sound, as WAV, or as FLAC or Ogg Vorbis by the name's extension: played "
                     "by FluidSynth if it is installed, otherwise by a built-in piano; at -18 LUFS");
  command.add_flag("--builtin-tone", options.builtin_tone,
                   "Use the built-in piano even if FluidSynth is installed");
  command.add_option("--svg", options.svg, "Also draw a piano roll");
  command.add_option(
      "--report", options.report,
      "Also write a web page with player, picture and training curves, and a menu if there are "
      "several pieces");
  command.add_flag("--json", options.json, "Print one JSON object per piece");
  group(command, "Length", {"--seconds", "--bars", "--tokens", "--whole-bars"});
  group(command, "What one hears",
        {"--form", "--tempo", "--metre", "--key", "--livelier", "--calmer", "--louder", "--softer"});
  group(command, "Primer", {"--primer", "--whole-primer"});
  group(command, "Choosing", {"--count", "--best-of", "--within", "--seed"});
  group(command, "Drawing",
        {"--argmax", "--temperature", "--return-temperature", "--top-k", "--top-p", "--min-p",
         "--min-entropy", "--max-entropy", "--entropy-window"});
  group(
      command, "Limits",
      {"--max-repeats", "--max-silence", "--max-held", "--max-keys", "--max-notes", "--lowest", "--highest"});
  group(command, "Files", {"--out", "--wav", "--builtin-tone", "--svg", "--report"});
  group(command, "Reading the primer",
        {"--keep-drums", "--drop-out-of-range", "--drop-too-short", "--max-quantisation-error", "--sustain",
         "--strict"});
  add_examples(
      command,
      {"gruve generate --model model.safetensors --out piece.mid --wav piece.wav --report piece.html",
       "gruve generate --model model.safetensors --out piece.mid --primer song.mid --seconds 120",
       "gruve generate --model model.safetensors --out piece.mid --count 6 --report listen.html",
       "gruve generate --model model.safetensors --out piece.mid --form AABA --bars 32",
       "cat song.mid | gruve generate --model model.safetensors --primer - --out - >piece.mid"});
}
