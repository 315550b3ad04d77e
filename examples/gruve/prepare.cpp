// gruve prepare PATH… --out corpus.gruve: builds the corpus that `gruve train` reads from MIDI or text files.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "corpus_page.hpp"
#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "manual.hpp"
#include "outputs.hpp"
#include "progress_bar.hpp"
#include "sources.hpp"

namespace {

struct PrepareArguments {
  std::vector<std::string> paths;
  std::string out;
  std::string report;
  gruve::BuildOptions build;
  std::string chosen;  // the encoding, where it is not given
  bool json = false;
};

// A file name that is not UTF-8 is shown with replacement characters.
std::string dump(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// "1 song", "2 songs".
std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// What was done with notes that the encoder has no token for, and what else a musician wants to know.
void print_notes(const PrepareArguments& options, const gruve::BuildReport& report) {
  const gruve::ScreeningOptions& screening = options.build.song.screening;
  const gruve::NoteChanges &notes = report.changes, &songs = report.changed_songs;
  const auto row = [&](std::uint64_t count, std::uint64_t of_songs, const std::string& what) {
    if (count == 0) return;
    std::printf("%-34s %8llu  %s, in %llu %s\n", "", static_cast<unsigned long long>(count), what.c_str(),
                static_cast<unsigned long long>(of_songs), of_songs == 1 ? "song" : "songs");
  };
  if (notes.notes == 0) return;
  std::printf("\n%-34s %8llu\n", "notes", static_cast<unsigned long long>(notes.notes));
  row(notes.drums, songs.drums, "drums left out (--channels keeps them)");
  row(notes.out_of_range, songs.out_of_range,
      screening.drop_out_of_range ? "outside the piano's keys, left out"
                                  : "outside the piano's keys, moved by octaves (--drop-out-of-range)");
  row(notes.too_short, songs.too_short,
      screening.drop_too_short ? "too short for the grid, left out"
                               : "too short for the grid, one timestep long (--drop-too-short)");
  if (report.performances > 0)
    std::printf(
        "%-34s %8llu  %s played off the beat of the file, whose bars mean nothing then: leave out with "
        "--max-quantisation-error 0.2, or follow the beat with a tempo tracker first\n",
        "performances", static_cast<unsigned long long>(report.performances),
        report.performances == 1 ? "song" : "songs");
}

void print_tables(const PrepareArguments& options, const gruve::BuildReport& report) {
  std::printf("%-34s %8s  %s\n", "rule", "files", "the first of them");
  for (std::size_t i = 0; i < gruve::kNumRules; ++i) {
    const auto rule = static_cast<gruve::Rule>(i);
    const auto first = std::find_if(report.refused.begin(), report.refused.end(),
                                    [&](const gruve::Refusal& refusal) { return refusal.rule == rule; });
    std::string example;
    if (first != report.refused.end()) {
      example = "  " + first->file;
      if (first->byte) example += ", byte " + std::to_string(*first->byte);
      example += ": " + first->reason;
    }
    std::printf("%-34s %8llu%s\n", std::string(gruve::rule_name(rule)).c_str(),
                static_cast<unsigned long long>(report.files[i]), shown(example).c_str());
  }
  if (!report.repaired.empty()) {
    const gruve::RepairedFile& first = report.repaired.front();
    std::printf("\n%-34s %8zu  %s, byte %llu: %s\n", "repaired", report.repaired.size(),
                shown(first.file).c_str(), static_cast<unsigned long long>(first.repairs.front().byte),
                shown(first.repairs.front().what).c_str());
  }
  print_notes(options, report);
  std::printf("\n%-34s %8s %14s\n", "split", "songs", "tokens");
  for (std::size_t i = 0; i < gruve::kNumSplits; ++i)
    std::printf("%-34s %8llu %14llu\n", std::string(gruve::split_name(static_cast<gruve::Split>(i))).c_str(),
                static_cast<unsigned long long>(report.songs_of_split[i]),
                static_cast<unsigned long long>(report.tokens_of_split[i]));
  if (!options.chosen.empty()) std::printf("\n%s\n", shown(options.chosen).c_str());
  const std::string merged =
      report.merged_songs > 0 ? std::to_string(report.merged_songs) + " of them merged, " : "";
  std::printf("\n%s: %s, %s%s, from %s in %.1f s\n", shown(options.out).c_str(),
              counted(report.songs, "song").c_str(), merged.c_str(),
              counted(report.duplicates, "duplicate").c_str(), counted(report.num_files(), "file").c_str(),
              report.seconds);
}

struct Removal {
  std::filesystem::path path;
  ~Removal() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

void prepare(PrepareArguments options) {
  // A corpus may be added to in place; other files are not written over.
  std::vector<std::string> files = options.paths;
  std::erase_if(files, [](const std::string& path) { return gruve::is_corpus(path); });
  const std::string unmeasured = options.out + ".unmeasured";
  require_not_read({options.report, unmeasured}, options.paths);
  std::error_code ignored;
  // What a run that was killed has left is a corpus.
  const auto there = std::filesystem::symlink_status(unmeasured, ignored);
  if (std::filesystem::exists(there) &&
      (!std::filesystem::is_regular_file(there) || !gruve::is_corpus(unmeasured)))
    throw gruve::Error(unmeasured, "is in the way: the corpus is built there before it gets its name");
  const Outputs outputs({{options.out, FileKind::corpus}, {options.report}}, files, unmeasured);
  const std::vector<std::filesystem::path> paths(options.paths.begin(), options.paths.end());

  ProgressBar bar("preparing", options.json);
  // The corpus gets its name when it is whole, with the measures of its songs.
  const auto status = std::filesystem::status(options.out, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw gruve::Error(options.out, "is not a regular file, expected the name of a corpus");
  const gruve::BuildReport report = gruve::build_corpus(
      paths, unmeasured, options.build, [&](const gruve::Progress& progress) { bar(progress); });
  bar.finish();
  {
    const Removal removal{unmeasured};  // for Windows, which removes no file that is mapped
    const gruve::Corpus corpus(unmeasured);
    std::filesystem::remove(unmeasured, ignored);  // it stays mapped
    corpus.save(options.out, corpus.encoder().is_music()
                                 ? measures_of(corpus, options.build.threads, options.json)
                                 : std::string());
  }

  nlohmann::json json = to_json(report);
  json["out"] = options.out;
  if (!options.report.empty()) {
    const std::string extension = std::filesystem::path(options.report).extension().string();
    gruve::write_file(options.report, extension == ".html" || extension == ".htm"
                                          ? corpus_page(report, options.out)
                                          : dump(json, 2));
  }
  if (options.json)
    std::fputs(dump(json, -1).c_str(), stdout);
  else
    print_tables(options, report);
}

}  // namespace

void add_prepare(CLI::App& app) {
  const auto options = std::make_shared<PrepareArguments>();
  CLI::App* command = app.add_subcommand("prepare", "Build a corpus to train on from MIDI or text files");
  command->add_option("PATH", options->paths, "MIDI files, text files, folders of them, or corpora to merge")
      ->required();
  command->add_option("--out", options->out, "The corpus file to write")->required();
  add_build_options(*command, options->build);
  command
      ->add_option("--threads", options->build.threads,
                   "Number of threads; 0 for all cores. The corpus does not depend on it")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--report", options->report,
                      "Write a report on the corpus and on each file, as a web page (.html) or JSON");
  command->add_flag("--json", options->json, "Print one JSON object instead of tables");
  group(*command, "Format",
        {"--encoder", "--vocab-size", "--steps-per-quarter", "--velocities", "--tempos", "--form",
         "--channels", "--pedal", "--microtiming", "--piece"});
  group(*command, "Reading MIDI files",
        {"--keep-drums", "--drop-out-of-range", "--drop-too-short", "--max-quantisation-error", "--sustain",
         "--strict"});
  add_examples(*command, {"gruve prepare my-midi-folder --out corpus.gruve --report corpus.html",
                          "gruve prepare corpus.gruve more-midi --out corpus.gruve",
                          "gruve prepare songs covers --out corpus.gruve --piece '/([0-9]+)[^/]*$'"});
  command->callback([options, command] {
    options->chosen = fit_encoding(*command, options->paths, options->build);
    prepare(*options);
  });
}
