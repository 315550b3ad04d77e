#include "sources.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <regex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "commands.hpp"
#include "etudes.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/polyphonic_json.hpp"
#include "gruve/corpus/suggested_encoding.hpp"
#include "gruve/measure/ranges_json.hpp"
#include "gruve/piece/measured_corpus.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "progress_bar.hpp"

namespace {

// The built-in music: études composed by rule. All notes begin on sixteenths, so a grid of four timesteps per
// quarter note suffices, with a sixth of the tokens of the default grid of 24.
template <gruve::MusicEncoder Encoder>
gruve::Corpus etude_corpus(const Encoder& encoder, int threads) {
  constexpr std::size_t kPieces = 3000;
  std::vector<std::vector<gruve::Token>> songs(kPieces);
  gruve::ThreadPool pool(threads);
  pool.for_each(kPieces, [&](std::size_t i) {
    songs[i] = encoder.encode(gruve::etudes::compose_etude(1, static_cast<std::uint64_t>(i)));
  });
  return gruve::Corpus::from_songs({.encoder = encoder, .music = gruve::MusicInfo{.tempo_bpm = 100}}, songs);
}

// The text of a regular expression's groups in a path, one after another; empty where it does not match.
std::function<std::string(const std::filesystem::path&)> piece_names(const std::string& pattern) {
  // The library's compiler of expressions calls itself for each parenthesis.
  constexpr std::size_t kLongest = 1000;
  if (pattern.size() > kLongest)
    throw CLI::ValidationError("--piece", "the expression has " + std::to_string(pattern.size()) +
                                              " characters, expected at most " + std::to_string(kLongest));
  std::regex expression;
  try {
    expression.assign(pattern);
  } catch (const std::regex_error& error) {
    throw CLI::ValidationError("--piece", "\"" + pattern + "\" is not a regular expression: " + error.what());
  }
  if (expression.mark_count() == 0)
    throw CLI::ValidationError("--piece", "\"" + pattern + "\" has no group (…) for the name of the piece");
  return [expression](const std::filesystem::path& path) {
    std::smatch match;
    const std::string text = path.generic_string();
    std::string name;
    if (std::regex_search(text, match, expression))
      for (std::size_t group = 1; group < match.size(); ++group) name += match.str(group);
    return name;
  };
}

}  // namespace

void add_reading_options(CLI::App& command, gruve::SongOptions& reading) {
  gruve::ScreeningOptions& screening = reading.screening;
  command.add_flag("--keep-drums", screening.keep_drums,
                   "Without channels: take the drum channel's notes for keys of the piano instead of leaving "
                   "them out");
  command.add_flag("--drop-out-of-range", screening.drop_out_of_range,
                   "Drop notes outside the piano's 88 keys instead of moving them by octaves");
  command.add_flag("--drop-too-short", screening.drop_too_short,
                   "Drop notes too short for the grid instead of keeping them one timestep long");
  command
      .add_option("--max-quantisation-error", screening.max_quantisation_error,
                  "Refuse songs whose onsets have a larger mean distance from the grid, in timesteps")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str();
  command.add_flag("--sustain", reading.sustain, "Let notes sound as long as the sustain pedal holds them");
  command.add_flag_callback(
      "--strict", [&reading] { reading.midi.repair = false; },
      "Refuse MIDI files that violate the standard instead of repairing them");
}

void add_build_options(CLI::App& command, gruve::BuildOptions& build) {
  command
      .add_option_function<std::string>(
          "--encoder",
          [&build](const std::string& name) {
            build.encoder = name == "text"    ? gruve::EncoderKind::text
                            : name == "ids"   ? gruve::EncoderKind::ids
                            : name == "event" ? gruve::EncoderKind::event
                                              : gruve::EncoderKind::timestep;
          },
          "Encoder: event (MIDI, compact), timestep (MIDI), text, or ids (numbers, one sequence per line). "
          "Default: by the files, and for MIDI event with the velocities and tempos that they have")
      ->check(CLI::IsMember({"timestep", "event", "text", "ids"}));
  command.add_option("--vocab-size", build.vocab_size, "Size of the vocabulary (ids)")
      ->check(CLI::Range(1, gruve::kMaxVocabSize))
      ->default_str("the largest id plus 1");
  command
      .add_option_function<int>(
          "--steps-per-quarter",
          [&build](const int& steps) {
            build.timestep.steps_per_quarter = build.event.steps_per_quarter = steps;
          },
          "Timesteps per quarter note")
      ->check(CLI::Range(1, gruve::kMaxStepsPerQuarter))
      ->default_str("24");
  command.add_flag(
      "--velocities,!--no-velocities", build.event.velocities,
      "Tokens for how hard notes are struck (event; --no-velocities for none; default: if half of the "
      "songs vary it)");
  command.add_flag("--tempos,!--no-tempos", build.event.tempos,
                   "Tokens for the tempo map (event; --no-tempos for none; default: if the songs vary it)");
  command.add_flag(
      "--channels,!--no-channels", build.event.channels,
      "Tokens for which channel plays a note, drums among them, and for its instrument (event; "
      "--no-channels for one piano; default: if half of the songs have drums or several instruments)");
  command.add_flag(
      "--pedal,!--no-pedal", build.event.pedal,
      "Tokens for the sustain pedal (event; --no-pedal for none; default: if half of the songs use it)");
  command
      .add_option("--microtiming", build.event.microtiming,
                  "Parts of a timestep in which notes begin and end, 1 for the timesteps alone (event)")
      ->check(CLI::Range(1, gruve::EventEncoder::kMostMicrotiming))
      ->capture_default_str();
  build.event.form = true;
  command.add_flag("--form,!--no-form", build.event.form,
                   "Tokens for where bars return, and for how many bars are left (event; --no-form for none; "
                   "default: yes)");
  command.add_option_function<std::string>(
      "--piece", [&build](const std::string& pattern) { build.piece_of = piece_names(pattern); },
      "A regular expression that names the piece of a file: versions of one piece, all files in whose paths "
      "its "
      "groups match the same text, go to the same split, as copies do without it");
  add_reading_options(command, build.song);
}

std::string fit_encoding(const CLI::App& command, const std::vector<std::string>& paths,
                         gruve::BuildOptions& build) {
  const auto is_given = [&](const char* name) { return command.get_option(name)->count() > 0; };
  const auto is_false = [&](const char* name) {
    return command.get_option(name)->results().front() == "false";
  };
  if (is_given("--pedal") && build.event.pedal && build.song.sustain)
    throw gruve::Error(
        "--pedal writes down what the pedal does, and --sustain lets it lengthen notes: give one");
  for (const std::string& path : paths)
    if (gruve::is_corpus(path))
      for (const char* name : {"--encoder", "--vocab-size", "--steps-per-quarter", "--velocities", "--tempos",
                               "--form", "--channels", "--pedal", "--microtiming"})
        if (is_given(name))
          throw Usage((is_false(name) ? std::string("--no").append(name + 1) : std::string(name)) +
                      " is for files that are not encoded yet, " + path + " is a corpus and has its tokens");
  if (is_given("--encoder")) return {};
  if (paths.empty()) {
    build.encoder = gruve::EncoderKind::event;  // of the études
    return {};
  }
  for (const std::string& path : paths)
    if (gruve::is_corpus(path) || gruve::is_polyphonic_json(path)) return {};  // has an encoder
  const std::vector<std::filesystem::path> files(paths.begin(), paths.end());
  const gruve::SuggestedEncoding fit = gruve::suggested_encoding(files, build.song);
  build.encoder = fit.encoder;
  std::string given;
  const auto take = [&](const std::string& name, bool fits, bool& option) {
    if (is_given(("--" + name).c_str()))
      given += (given.empty() ? "; given: " : ", ") + name + (option ? " kept" : " left out");
    else
      option = fits;
  };
  take("velocities", fit.event.velocities, build.event.velocities);
  take("tempos", fit.event.tempos, build.event.tempos);
  take("channels", fit.event.channels, build.event.channels);
  take("pedal", fit.event.pedal, build.event.pedal);
  return fit.reason.empty() ? "" : "chosen for the files: " + fit.reason + given;
}

gruve::BuildOptions build_options_of(const gruve::AnyEncoder& encoder, const gruve::SongOptions& reading,
                                     int threads) {
  gruve::BuildOptions build = gruve::build_options_for(encoder);
  build.song = reading;
  build.threads = threads;
  return build;
}

std::vector<std::string>& also_read() {
  static std::vector<std::string> files;
  return files;
}

void require_not_read(const std::vector<std::string>& outputs, const std::vector<std::string>& given) {
  namespace fs = std::filesystem;
  std::vector<std::string> inputs = given;
  inputs.insert(inputs.end(), also_read().begin(), also_read().end());
  std::error_code error;
  for (const std::string& output : outputs) {
    if (output.empty() || !fs::exists(output, error)) continue;
    std::string extension = fs::path(output).extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const bool is_source = extension == ".mid" || extension == ".midi" || extension == ".kar" ||
                           extension == ".rmi" || extension == ".smf" || extension == ".txt" ||
                           extension == ".ids";
    const fs::path whole = fs::weakly_canonical(output, error);
    for (const std::string& input : inputs) {
      bool is_read = !input.empty() && fs::equivalent(output, input, error);
      // A file in a folder that is read.
      for (fs::path folder = whole.parent_path(); is_source && !is_read && fs::is_directory(input, error);
           folder = folder.parent_path()) {
        is_read = fs::equivalent(folder, input, error);
        if (folder == folder.parent_path()) break;
      }
      if (is_read) throw gruve::Error(output, "would be written over, but is also an input (" + input + ")");
    }
  }
}

gruve::Corpus open_corpus(const std::vector<std::string>& paths, const gruve::BuildOptions& options,
                          bool quiet) {
  if (paths.empty() && options.encoder == gruve::EncoderKind::event)
    return etude_corpus(gruve::EventEncoder({.steps_per_quarter = 4,
                                             .velocities = options.event.velocities,
                                             .tempos = options.event.tempos,
                                             .form = options.event.form}),
                        options.threads);
  if (paths.empty()) return etude_corpus(gruve::TimestepEncoder({.steps_per_quarter = 4}), options.threads);
  const bool is_built =
      paths.size() > 1 || (!gruve::is_corpus(paths[0]) && !gruve::is_polyphonic_json(paths[0]));
  if (!is_built) return gruve::build_corpus(paths[0], options);
  ProgressBar bar("reading", quiet);
  auto [corpus, report] =
      gruve::build_corpus_in_memory(std::vector<std::filesystem::path>(paths.begin(), paths.end()), options,
                                    [&](const gruve::Progress& progress) { bar(progress); });
  bar.finish();
  if (!quiet && !report.refused.empty())
    std::fprintf(stderr, "%zu of %llu files refused (gruve prepare says why)\n", report.refused.size(),
                 static_cast<unsigned long long>(report.num_files()));
  return std::move(corpus);
}

std::string describe(const gruve::AnyEncoder& encoder) {
  if (const auto* chars = encoder.get_if<gruve::CharEncoder>())
    return "text of " + std::to_string(chars->vocab_size()) + " characters";
  if (const auto* ids = encoder.get_if<gruve::IdEncoder>())
    return "ids of " + std::to_string(ids->vocab_size()) + " values";
  if (const auto* events = encoder.get_if<gruve::EventEncoder>()) {
    const gruve::EventOptions& options = events->options();
    return "events on " + std::to_string(options.steps_per_quarter) + " timesteps per quarter note" +
           (options.velocities ? ", with velocities" : "") + (options.tempos ? ", with tempos" : "") +
           (options.form ? ", with form" : "") + (options.channels ? ", with channels" : "") +
           (options.pedal ? ", with pedal" : "") +
           (options.microtiming > 1 ? ", microtiming in " + std::to_string(options.microtiming) + " parts"
                                    : "");
  }
  const auto* timesteps = encoder.get_if<gruve::TimestepEncoder>();
  if (timesteps == nullptr) return "tokens of type \"" + std::string(encoder.type()) + "\"";
  const gruve::TimestepOptions& options = timesteps->options();
  return std::to_string(options.steps_per_quarter) + " timesteps per quarter note" +
         (options.repeat_held ? "" : ", onsets only");
}

std::string measures_of(const gruve::Corpus& corpus, int threads, bool quiet) {
  if (!corpus.info().measures.empty() || !corpus.encoder().is_music()) return corpus.info().measures;
  gruve::ThreadPool pool(threads);
  ProgressBar bar("measuring", quiet);
  std::string measures;
  try {
    measures = to_json(gruve::corpus_ranges(corpus, pool, [&](const gruve::Progress& progress) {
                 bar(progress);
               })).dump();
  } catch (const gruve::Error&) {
    measures.clear();  // songs of a note, for example, have no measures
  }
  bar.finish();
  return measures;
}
