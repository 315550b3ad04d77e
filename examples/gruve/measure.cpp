// gruve measure FILE… [--model M…] [--corpus PATH]: the measures of pieces, compared with the songs of a
// corpus.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "choosing.hpp"
#include "commands.hpp"
#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/measure/measured_song.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/measured_corpus.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/render/markup.hpp"
#include "manual.hpp"
#include "measure_picture.hpp"
#include "models.hpp"
#include "outputs.hpp"
#include "progress_bar.hpp"
#include "sampling.hpp"
#include "streams.hpp"
#include "verdict.hpp"

namespace {

using gruve::Measure;

struct MeasureArguments : SamplingArguments {
  std::vector<std::string> files;
  std::vector<std::string> models;
  std::string corpus;
  std::string svg;
  int count = 8;
  double minutes = 3;
  std::uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

// The measures of the pieces and of the corpus that they are compared with.
struct Measured {
  std::vector<MeasuredPiece> pieces;
  std::vector<gruve::CopiedRun> copied;  // of each piece, where there is a corpus
  std::vector<gruve::Error> refused;     // those that can't be measured, by name
  gruve::MeasuredCorpus corpus;          // empty without one
  std::optional<gruve::CorpusRanges> ranges;
};

// Adds pieces: song(i) gives the one named names[i].
template <class Read>
void add_pieces(const std::vector<std::string>& names, gruve::ThreadPool& threads, Measured& measured,
                Read&& song) {
  std::vector<std::optional<MeasuredPiece>> pieces(names.size());
  std::vector<std::optional<gruve::Error>> errors(names.size());
  threads.for_each(names.size(), [&](std::size_t i) {
    try {
      pieces[i] = MeasuredPiece{names[i], gruve::measure_song(song(i))};
    } catch (const gruve::Error& error) {
      errors[i].emplace(error.byte() ? gruve::Error(names[i], *error.byte(), error.reason())
                                     : gruve::Error(names[i], error.reason()));
    }
  });
  for (auto& piece : pieces)
    if (piece) measured.pieces.push_back(std::move(*piece));
  for (auto& error : errors)
    if (error) measured.refused.push_back(std::move(*error));
}

void add_new_pieces(const MeasureArguments& options, gruve::ThreadPool& threads, Measured& measured) {
  const std::vector<gruve::TrainedModel> models = load_models(options.models);
  gruve::Player player(models, {.threads = options.threads});
  if (!player.encoder().is_music())
    throw gruve::Error(options.models.front(), "is not a model of music, and has no measures");
  std::optional<gruve::MeasureRanges> minutes;
  if (options.is_within)
    minutes = !options.within.empty() && options.within == options.corpus
                  ? measured.corpus.ranges.minutes
                  : yardstick_of(options, models.front(), options.models.front(), threads, options.json)
                        .ranges->minutes;
  std::vector<gruve::Piece> pieces = player.generate_pieces({.seconds = 60 * options.minutes,
                                                             .sampler = options.sampler,
                                                             .controls = controls_of(options),
                                                             .within = minutes,
                                                             .seed = options.seed},
                                                            options.count);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    names.push_back(listed(options.models) + ", piece " + std::to_string(i + 1));
  add_pieces(names, threads, measured, [&](std::size_t i) { return std::move(pieces[i].song); });
}

// Looks for the pieces in the corpus's songs.
void compare_with_corpus(Measured& measured) {
  const gruve::MeasuredCorpus& corpus = measured.corpus;
  std::vector<gruve::NoteSteps> pieces;
  for (const MeasuredPiece& piece : measured.pieces) pieces.push_back(piece.song.steps);
  const std::vector<gruve::Copied> copied = gruve::find_copied(pieces, corpus.steps, corpus.identities);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    gruve::set_copied(measured.pieces[i].song, copied[i]);
    measured.copied.push_back(copied[i].longest);
  }
  measured.ranges = corpus.ranges;
}

const char* side_text(const gruve::MeasureRange& range, double value) {
  return value < range.low ? "below" : value > range.high ? "above" : "";
}

// All the measures of one song, or the medians of several.
void print_table(const gruve::Measures& measures, const gruve::MeasureRanges* ranges,
                 const std::vector<gruve::WindowMeasures>& windows,
                 const gruve::MeasureRanges* window_ranges) {
  if (ranges != nullptr)
    std::printf("  %-34s %9s   %-16s %-6s%s\n", "", "value", "corpus, 5-95 %", "",
                windows.empty() ? "" : "inside, of the 30-s windows");
  for (std::size_t m = 0; m < gruve::kNumMeasures; ++m) {
    const auto measure = static_cast<Measure>(m);
    const double value = measures[measure];
    if (measure == Measure::copied_run && std::isnan(value)) continue;
    std::printf("  %-34s %9s", gruve::kMeasureNames[m].title, value_text(measure, value).c_str());
    if (ranges != nullptr) {
      const gruve::MeasureRange range = (*ranges)[measure];
      std::printf("   %-16s %-6s", range_text(measure, range).c_str(), side_text(range, value));
      std::size_t said = 0, inside = 0;
      for (const gruve::WindowMeasures& window : windows) {
        if (std::isnan(window.measures[measure])) continue;
        ++said;
        if ((*window_ranges)[measure].contains(window.measures[measure])) ++inside;
      }
      if (said > 0) std::printf("%zu of %zu", inside, said);
    }
    std::printf("\n");
  }
}

// The measures of the verdict by minute; a star marks a value outside the corpus's range.
void print_minutes(const gruve::MeasuredSong& song, const gruve::CorpusRanges* corpus) {
  std::printf("\n  %-13s%11s%11s%11s%11s%11s\n", "minute", "entropy 1", "entropy 4", "density", "polyphony",
              "clarity");
  for (const gruve::WindowMeasures& minute : song.minutes) {
    std::printf("  %-13s", (gruve::clock_time(minute.begin) + " - " + gruve::clock_time(minute.end)).c_str());
    for (const Measure measure : gruve::kJudgedByMinute) {
      const double value = minute.measures[measure];
      const bool is_outside = corpus != nullptr && !corpus->minutes[measure].contains(value);
      std::printf("%10s%c", value_text(measure, value).c_str(), is_outside ? '*' : ' ');
    }
    std::printf("\n");
  }
  if (corpus == nullptr) return;
  std::printf("  %-12s", "corpus");
  for (const Measure measure : gruve::kJudgedByMinute) {
    const gruve::MeasureRange range = corpus->minutes[measure];
    std::printf("  %4s-%-4s", value_text(measure, range.low).c_str(),
                value_text(measure, range.high).c_str());
  }
  std::printf("\n");
}

double seconds_of_note(const gruve::NoteSteps& steps, std::size_t note) {
  return static_cast<double>(steps.seconds[note]);
}

void print_piece(const Measured& measured, std::size_t i) {
  const gruve::MeasuredSong& song = measured.pieces[i].song;
  const gruve::CorpusRanges* const corpus = measured.ranges ? &*measured.ranges : nullptr;
  std::printf("%s\n  %s, %zu notes, %s\n", shown(measured.pieces[i].name).c_str(),
              gruve::clock_time(song.seconds).c_str(), song.notes, gruve::key_name(song.key).c_str());
  print_table(song.whole, corpus != nullptr ? &corpus->whole : nullptr, song.windows,
              corpus != nullptr ? &corpus->windows : nullptr);
  print_minutes(song, corpus);
  if (corpus != nullptr) {
    if (const gruve::CopiedRun& run = measured.copied[i]; run.notes > 0)
      std::printf("\n  the longest copied run, %zu notes, begins at %s, and in %s at %s\n", run.notes,
                  gruve::clock_time(seconds_of_note(song.steps, run.here)).c_str(),
                  shown(measured.corpus.names[run.song]).c_str(),
                  gruve::clock_time(seconds_of_note(measured.corpus.steps[run.song], run.there)).c_str());
    const std::string against = objections(song, gruve::judge(song, *corpus), *corpus);
    std::printf("  %s\n", against.empty() ? "passes: in the ranges of the corpus's songs"
                                          : ("fails: " + against).c_str());
  }
  std::printf("\n");
}

// A row for each of several pieces. A star marks a value outside the range of the corpus's whole songs.
void print_pieces(const Measured& measured) {
  constexpr std::array<std::pair<Measure, const char*>, 9> kColumns{
      {{Measure::pitch_class_entropy_1, "entropy 1"},
       {Measure::pitch_class_entropy_4, "entropy 4"},
       {Measure::density, "density"},
       {Measure::polyphony, "polyphony"},
       {Measure::key_clarity, "clarity"},
       {Measure::structure_long, "structure"},
       {Measure::returning_bars, "returning"},
       {Measure::ends_on_tonic, "ends home"},
       {Measure::copied_run, "copied"}}};
  std::size_t width = 5;
  for (const MeasuredPiece& piece : measured.pieces) width = std::max(width, piece.name.size());
  width = std::min<std::size_t>(width, 40);
  const auto column = static_cast<int>(width);
  std::printf("%-*s %7s %6s  %-9s", column, "piece", "length", "notes", "key");
  for (const auto& [measure, title] : kColumns) std::printf("%10s", title);
  std::printf("%s\n", measured.ranges ? "  score" : "");
  for (const MeasuredPiece& piece : measured.pieces) {
    // The end of a long path tells more than its beginning.
    std::string name = shown(piece.name);
    const bool is_long = name.size() > width;
    if (is_long) {
      std::size_t begin = name.size() - width + 1;
      while (begin < name.size() && gruve::internal::character_size(std::string_view(name).substr(begin)) == 0)
        ++begin;  // within a character
      name = "…" + name.substr(begin);
    }
    // printf counts the bytes of the ellipsis, three, as three columns.
    std::printf("%-*s %7s %6zu  %-9s", column + (is_long ? 2 : 0), name.c_str(),
                gruve::clock_time(piece.song.seconds).c_str(), piece.song.notes,
                gruve::key_name(piece.song.key).c_str());
    for (const auto& [measure, title] : kColumns) {
      const double value = piece.song.whole[measure];
      const bool is_outside =
          measured.ranges && !std::isnan(value) && *side_text(measured.ranges->whole[measure], value) != '\0';
      std::printf("%9s%c", value_text(measure, value).c_str(), is_outside ? '*' : ' ');
    }
    if (measured.ranges) {
      const std::string against =
          objections(piece.song, gruve::judge(piece.song, *measured.ranges), *measured.ranges);
      std::printf("  %5.0f  %s", gruve::score_piece(piece.song, *measured.ranges).score,
                  against.empty() ? "passes" : against.c_str());
    }
    std::printf("\n");
  }
  if (measured.ranges) std::printf("* outside the range of nine in ten of the corpus's songs\n");
  std::printf("\n");
}

void print_summary(const Measured& measured) {
  const std::size_t count = measured.pieces.size();
  if (count > 1) {
    gruve::Measures medians;
    for (std::size_t m = 0; m < gruve::kNumMeasures; ++m) {
      std::vector<double> values;
      for (const MeasuredPiece& piece : measured.pieces) values.push_back(piece.song.whole.values[m]);
      medians.values[m] = gruve::percentile(std::move(values), 0.5);
    }
    std::printf("Medians of %zu pieces\n", count);
    print_table(medians, measured.ranges ? &measured.ranges->whole : nullptr, {}, nullptr);
  }
  if (!measured.ranges) return;
  std::size_t passed = 0, loops = 0, copies = 0, minutes = 0;
  std::array<std::size_t, gruve::kJudgedByMinute.size()> inside{};
  std::array<std::size_t, gruve::kJudgedForm.size()> formed{};
  for (const MeasuredPiece& piece : measured.pieces) {
    const gruve::Verdict verdict = gruve::judge(piece.song, *measured.ranges);
    passed += verdict.passed() ? 1 : 0;
    loops += verdict.loops ? 1 : 0;
    copies += verdict.copies ? 1 : 0;
    minutes += verdict.minutes;
    for (std::size_t i = 0; i < inside.size(); ++i) inside[i] += verdict.inside[i];
    for (std::size_t i = 0; i < formed.size(); ++i) formed[i] += verdict.form_outside[i] ? 0 : 1;
  }
  if (count > 1) {
    std::printf("\nMinutes inside the corpus's range, of %zu:", minutes);
    for (std::size_t i = 0; i < inside.size(); ++i)
      std::printf("%s %s %zu", i > 0 ? "," : "",
                  gruve::kMeasureNames[static_cast<std::size_t>(gruve::kJudgedByMinute[i])].name, inside[i]);
    std::printf("\nPieces inside the range of the corpus's songs, of %zu:", count);
    for (std::size_t i = 0; i < formed.size(); ++i)
      std::printf("%s %s %zu", i > 0 ? "," : "",
                  gruve::kMeasureNames[static_cast<std::size_t>(gruve::kJudgedForm[i])].name, formed[i]);
    std::printf("\nLoops in %zu, copies in %zu\n", loops, copies);
  }
  const std::size_t songs = measured.ranges->songs, of_corpus = measured.ranges->passed;
  std::printf("%zu of %zu %s; of the corpus's own %zu songs %zu do (%.0f %%)\n", passed, count,
              count == 1 ? "piece passes" : "pieces pass", songs, of_corpus,
              100 * static_cast<double>(of_corpus) / static_cast<double>(std::max<std::size_t>(1, songs)));
}

nlohmann::ordered_json measures_json(const gruve::Measures& measures) {
  nlohmann::ordered_json json;
  for (std::size_t m = 0; m < gruve::kNumMeasures; ++m)
    json[gruve::kMeasureNames[m].name] = measures.values[m];  // null where not a number
  return json;
}

nlohmann::ordered_json windows_json(const std::vector<gruve::WindowMeasures>& windows) {
  auto json = nlohmann::ordered_json::array();
  for (const gruve::WindowMeasures& window : windows)
    json.push_back(
        {{"begin", window.begin}, {"end", window.end}, {"measures", measures_json(window.measures)}});
  return json;
}

nlohmann::ordered_json piece_json(const Measured& measured, std::size_t i) {
  const gruve::MeasuredSong& song = measured.pieces[i].song;
  nlohmann::ordered_json json = {{"name", measured.pieces[i].name},
                                 {"seconds", song.seconds},
                                 {"notes", song.notes},
                                 {"key", gruve::key_name(song.key)},
                                 {"measures", measures_json(song.whole)},
                                 {"windows", windows_json(song.windows)},
                                 {"minutes", windows_json(song.minutes)}};
  if (!measured.ranges) return json;
  const gruve::CopiedRun& run = measured.copied[i];
  json["copied"] = nullptr;
  if (run.notes > 0)
    json["copied"] = {{"notes", run.notes},
                      {"at", seconds_of_note(song.steps, run.here)},
                      {"song", measured.corpus.names[run.song]},
                      {"song_at", seconds_of_note(measured.corpus.steps[run.song], run.there)}};
  const gruve::Verdict verdict = gruve::judge(song, *measured.ranges);
  nlohmann::ordered_json inside;
  for (std::size_t k = 0; k < verdict.inside.size(); ++k)
    inside[gruve::kMeasureNames[static_cast<std::size_t>(gruve::kJudgedByMinute[k])].name] =
        verdict.inside[k];
  auto outside = nlohmann::ordered_json::array();
  for (std::size_t k = 0; k < verdict.form_outside.size(); ++k)
    if (verdict.form_outside[k])
      outside.push_back(gruve::kMeasureNames[static_cast<std::size_t>(gruve::kJudgedForm[k])].name);
  json["verdict"] = {{"passed", verdict.passed()}, {"minutes", verdict.minutes}, {"minutes_inside", inside},
                     {"form_outside", outside},    {"loops", verdict.loops},     {"copies", verdict.copies}};
  json["score"] = gruve::score_piece(song, *measured.ranges).score;
  return json;
}

void print_measured_json(const Measured& measured) {
  nlohmann::ordered_json json = {{"corpus", nullptr},
                                 {"pieces", nlohmann::ordered_json::array()},
                                 {"refused", nlohmann::ordered_json::array()}};
  if (measured.ranges)
    json["corpus"] = {{"songs", measured.ranges->songs},
                      {"refused", measured.corpus.num_refused},
                      {"passed", measured.ranges->passed},
                      {"ranges", to_json(measured.ranges->whole)},
                      {"window_ranges", to_json(measured.ranges->windows)},
                      {"minute_ranges", to_json(measured.ranges->minutes)}};
  for (std::size_t i = 0; i < measured.pieces.size(); ++i) json["pieces"].push_back(piece_json(measured, i));
  for (const gruve::Error& error : measured.refused)
    json["refused"].push_back({{"name", error.file()}, {"reason", error.what()}});
  std::printf("%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void measure(const MeasureArguments& options) {
  if (options.files.empty() && options.models.empty()) throw CLI::RequiredError("FILE or --model");
  std::vector<std::string> inputs = options.files;
  inputs.insert(inputs.end(), options.models.begin(), options.models.end());
  inputs.insert(inputs.end(), {options.corpus, options.within});
  const Outputs outputs({{options.svg}}, inputs);
  gruve::ThreadPool threads(options.threads);
  Measured measured;
  std::vector<std::string> names;
  for (const std::string& file : options.files) names.push_back(input_name(file));
  add_pieces(names, threads, measured, [&](std::size_t i) { return read_midi_input(options.files[i]).song; });
  if (!options.corpus.empty()) {
    ProgressBar bar("measuring", options.json);
    measured.corpus = gruve::measure_corpus(std::filesystem::path(options.corpus), threads,
                                            [&](const gruve::Progress& progress) { bar(progress); });
    bar.finish();
  }
  if (!options.models.empty()) add_new_pieces(options, threads, measured);
  const std::size_t count = measured.pieces.size() + measured.refused.size();
  if (measured.pieces.empty() && count == 1) throw measured.refused.front();
  if (!options.corpus.empty()) compare_with_corpus(measured);

  if (options.json) {
    print_measured_json(measured);
  } else {
    for (const gruve::Error& error : measured.refused)
      std::printf("not measured: %s\n\n", shown(error.what()).c_str());
    if (measured.pieces.size() == 1)
      print_piece(measured, 0);
    else if (!measured.pieces.empty())
      print_pieces(measured);
    if (!measured.pieces.empty()) print_summary(measured);
    if (measured.corpus.num_refused > 0)
      std::fprintf(stderr, "%zu files of the corpus can't be measured (gruve inspect says why)\n",
                   measured.corpus.num_refused);
  }
  if (!options.svg.empty() && !measured.pieces.empty())
    gruve::write_file(options.svg, measures_svg(measured.pieces, measured.ranges));
  if (!measured.refused.empty())
    throw gruve::Error(std::to_string(measured.refused.size()) + " of " + std::to_string(count) +
                       " pieces can't be measured");
}

}  // namespace

void add_measure(CLI::App& app) {
  const auto options = std::make_shared<MeasureArguments>();
  CLI::App* command = app.add_subcommand(
      "measure", "Measure pieces, compare them with the songs of a corpus, and find copies");
  command->add_option("FILE", options->files, "MIDI files; - for the standard input");
  add_models(*command, options->models, "Measure new pieces of this model");
  command->add_option("--count", options->count, "Number of new pieces")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--minutes", options->minutes, "Length of each new piece in minutes")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed gives the same pieces")->capture_default_str();
  add_sampling(*command, *options);
  command->add_option(
      "--corpus", options->corpus,
      "What to compare with: the train split of a corpus file, or the MIDI files of a folder");
  command->add_option("--threads", options->threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--svg", options->svg, "Also draw the measures of each 30 seconds");
  command->add_flag("--json", options->json, "Print one JSON object");
  group(*command, "New pieces", {"--model", "--count", "--minutes", "--seed", "--within"});
  group_sampling(*command);
  add_examples(*command, {"gruve measure piece.mid --corpus corpus.gruve",
                          "gruve measure --model model.safetensors --minutes 10 --corpus corpus.gruve"});
  command->callback([options] { measure(*options); });
}
