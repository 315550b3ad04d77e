#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/json.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/corpus/statistics.hpp"
#include "gruve/midi/midi_file.hpp"
#include "gruve/tokens/screening.hpp"

namespace gruve::inline v0_1 {

/// A file that is not in the corpus, and the reason.
struct Refusal {
  std::string file{};                   // path of the file
  Rule rule = Rule::not_readable;       // rule that the file breaks
  std::optional<std::uint64_t> byte{};  // offset of the error in an unreadable file, if it is known
  std::string reason{};                 // sentence that explains the refusal
};

/// A file that violates the MIDI standard, and how it was repaired.
struct RepairedFile {
  std::string file{};             // path of the file
  std::uint64_t count = 0;        // number of repairs
  std::vector<Repair> repairs{};  // the first of them, at most kMaxReportedRepairs
};

/// The maximum number of repairs that a report lists per file.
inline constexpr std::size_t kMaxReportedRepairs = 4;

/// What build_corpus() did with each file, and what the corpus contains.
struct BuildReport {
  std::array<std::uint64_t, kNumRules> files{};             // number of files under each Rule
  std::vector<Refusal> refused = {};                        // what is no file or can't be opened, then files
                                                            // in order
  std::vector<RepairedFile> repaired = {};                  // files in order, refused ones included
  std::uint64_t merged_songs = 0;                           // songs taken from other corpora
  std::uint64_t songs = 0;                                  // songs, or documents of text, in the corpus
  std::uint64_t duplicates = 0;                             // songs that are copies or near copies of an
                                                            // earlier one: see fingerprint(), SongSketch
  NoteChanges changes = {};                                 // of the notes of the accepted MIDI files
  NoteChanges changed_songs = {};                           // the number of songs with such notes
  std::uint64_t performances = 0;                           // of these files: see is_performance()
  SongStatistics statistics = {};                           // of the accepted MIDI files
  std::array<std::uint64_t, kNumSplits> songs_of_split{};   // number of songs in each Split
  std::array<std::uint64_t, kNumSplits> tokens_of_split{};  // number of tokens in each Split
  double seconds = 0;                                       // duration of the build

  /// The number of files that were read, refused ones included.
  std::uint64_t num_files() const noexcept {
    std::uint64_t count = 0;
    for (const std::uint64_t n : files) count += n;
    return count;
  }
};

/// The counts as JSON: {"notes", "drums", "out_of_range", "too_short"}.
inline nlohmann::json to_json(const NoteChanges& changes) {
  return internal::JsonObject<>()
      .add("notes", changes.notes)
      .add("drums", changes.drums)
      .add("out_of_range", changes.out_of_range)
      .add("too_short", changes.too_short)
      .take();
}

/// The report as JSON: {"files", "merged_songs", "songs", "duplicates", "splits", "rules", "refused",
/// "repaired", "notes", "songs_with", "performances", "statistics", "seconds"}. A file name that is not UTF-8
/// makes its dump() throw, unless an error handler is passed to dump().
inline nlohmann::json to_json(const BuildReport& report) {
  nlohmann::json json = internal::JsonObject<>()
                            .add("files", report.num_files())
                            .add("songs", report.songs)
                            .add("duplicates", report.duplicates)
                            .add("rules", nlohmann::json::object())
                            .add("splits", nlohmann::json::object())
                            .add("refused", nlohmann::json::array())
                            .add("repaired", nlohmann::json::array())
                            .add("merged_songs", report.merged_songs)
                            .add("notes", to_json(report.changes))
                            .add("songs_with", to_json(report.changed_songs))
                            .add("performances", report.performances)
                            .add("statistics", to_json(report.statistics))
                            .add("seconds", report.seconds)
                            .take();
  for (std::size_t i = 0; i < kNumRules; ++i)
    json["rules"][std::string(rule_name(static_cast<Rule>(i)))] = report.files[i];
  for (std::size_t i = 0; i < kNumSplits; ++i)
    json["splits"][std::string(split_name(static_cast<Split>(i)))] =
        internal::JsonObject<>()
            .add("songs", report.songs_of_split[i])
            .add("tokens", report.tokens_of_split[i])
            .take();
  for (const Refusal& refusal : report.refused) {
    nlohmann::json byte;
    if (refusal.byte) byte = *refusal.byte;
    json["refused"].push_back(internal::JsonObject<>()
                                  .add("file", refusal.file)
                                  .add("rule", rule_name(refusal.rule))
                                  .add("byte", std::move(byte))
                                  .add("reason", refusal.reason)
                                  .take());
  }
  for (const RepairedFile& file : report.repaired) {
    nlohmann::json repairs = nlohmann::json::array();
    for (const Repair& repair : file.repairs)
      repairs.push_back(internal::JsonObject<>().add("byte", repair.byte).add("what", repair.what).take());
    json["repaired"].push_back(internal::JsonObject<>()
                                   .add("file", file.file)
                                   .add("count", file.count)
                                   .add("repairs", std::move(repairs))
                                   .take());
  }
  return json;
}

}  // namespace gruve::inline v0_1
