#include "sampling.hpp"

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/generate/limits.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/generate/scale.hpp"
#include "manual.hpp"

void add_sampling(CLI::App& command, SamplingArguments& options, const std::string& songs) {
  gruve::SamplerOptions& sampler = options.sampler;
  command
      .add_option("--argmax", sampler.argmax,
                  "Argmax mixing: the probability that a token is the most probable one instead of a draw")
      ->capture_default_str();
  command
      .add_option("--temperature", sampler.temperature,
                  "Divides the logits: below 1 probable tokens become more probable")
      ->capture_default_str();
  command
      .add_option("--return-temperature", sampler.return_temperature,
                  "Multiplies the temperature in bars that return: below 1 they return more exactly")
      ->capture_default_str();
  command.add_option("--top-k", sampler.top_k, "Draw only among the k most probable tokens, 0 for all")
      ->capture_default_str();
  command
      .add_option("--top-p", sampler.top_p,
                  "Draw only among the fewest tokens that together have this probability")
      ->capture_default_str();
  command
      .add_option("--min-p", sampler.min_p,
                  "Draw only among tokens with at least this fraction of the highest probability")
      ->capture_default_str();
  gruve::EntropyOptions& entropy = options.sampler.entropy;
  gruve::LimitOptions& limits = options.controls.limits;
  command.add_option("--min-entropy", entropy.min_entropy,
                     "Raise the temperature if the draws' mean entropy in nats would fall below this");
  command.add_option("--max-entropy", entropy.max_entropy,
                     "Lower the temperature if the mean entropy would rise above this");
  command.add_option("--entropy-window", entropy.window, "Tokens over which the mean entropy is taken")
      ->capture_default_str();
  command.add_option("--max-repeats", options.controls.max_repeats,
                     "How often the same one to eight bars may sound in a row, 0 for any number");
  command.add_option("--max-silence", limits.max_silence, "The longest silence in quarter notes, 0 for any");
  command.add_option("--max-held", limits.max_held, "The longest note in quarter notes, 0 for any");
  command.add_option("--max-keys", limits.max_keys, "The most keys at once, 0 for any number");
  command.add_option("--max-notes", limits.max_notes_per_quarter,
                     "The most notes that begin within a quarter note, 0 for any number");
  command
      .add_option("--key", options.scale,
                  "The scale of the notes, such as \"C major\", \"F# dorian\" or \"Eb blues\"; \"free\" "
                  "lets new notes leave "
                  "the primer's key")
      ->check(checked_by([](const std::string& name) {
        if (name != "free") gruve::scale_from_name(name);
      }));
  command
      .add_option_function<std::string>(
          "--within",
          [&options](const std::string& corpus) {
            options.is_within = true;
            options.within = corpus;
          },
          "Redraw each minute, up to 64 times, until its entropies, density, polyphony and key clarity are "
          "in the "
          "range of " +
              songs + ", or of those of a corpus file or folder")
      ->expected(0, 1);
  command.add_option("--lowest", limits.lowest, "The lowest key, as its MIDI number")->capture_default_str();
  command.add_option("--highest", limits.highest, "The highest key")->capture_default_str();
}

void group_sampling(CLI::App& command) {
  group(command, "Drawing of new pieces",
        {"--argmax", "--temperature", "--return-temperature", "--top-k", "--top-p", "--min-p",
         "--min-entropy", "--max-entropy", "--entropy-window"});
  group(command, "Limits of new pieces",
        {"--max-repeats", "--max-silence", "--max-held", "--max-keys", "--max-notes", "--lowest", "--highest",
         "--key"});
}

gruve::ControlOptions controls_of(const SamplingArguments& options) {
  gruve::ControlOptions controls = options.controls;
  if (!options.scale.empty() && options.scale != "free")
    controls.limits.scale = gruve::scale_from_name(options.scale);
  try {
    const gruve::Sampler sampler(1, options.sampler, 1);
    const gruve::Limits<gruve::TimestepEncoder> limits(gruve::TimestepEncoder(), controls.limits);
  } catch (const gruve::Error& error) {
    throw Usage(error.what());
  }
  return controls;
}
