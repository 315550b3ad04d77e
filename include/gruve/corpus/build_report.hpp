#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/corpus/corpus.hpp"
#include "gruve/corpus/statistics.hpp"
#include "gruve/midi/midi_file.hpp"
#include "gruve/tokens/screening.hpp"

namespace gruve::inline v0_1 {

/// A file that is not in the corpus, and why.
struct Refusal {
  std::string file{};
  Rule rule = Rule::not_readable;
  std::optional<std::uint64_t> byte{};  // at which an unreadable file fails, where it is known
  std::string reason{};
};

/// A file that was not quite a MIDI file, and what was made of it.
struct RepairedFile {
  std::string file{};
  std::uint64_t count = 0;        // of its repairs
  std::vector<Repair> repairs{};  // the first of them, at most kMaxReportedRepairs
};

inline constexpr std::size_t kMaxReportedRepairs = 4;

struct BuildReport {
  std::array<std::uint64_t, kNumRules> files{};  // how many came under each Rule
  std::vector<Refusal> refused;                  // folders that can't be listed, then files in order
  std::vector<RepairedFile> repaired;            // files in order, refused ones included
  std::uint64_t merged_songs = 0;                // taken from other corpora
  std::uint64_t songs = 0;       // in the corpus: merged ones, and accepted files or documents of text
  std::uint64_t duplicates = 0;  // of them, those that are the same as an earlier one: see fingerprint()
  SongStatistics statistics;     // of the accepted MIDI files
  std::array<std::uint64_t, kNumSplits> songs_of_split{};
  std::array<std::uint64_t, kNumSplits> tokens_of_split{};
  double seconds = 0;  // that the build took

  std::uint64_t num_files() const noexcept {
    std::uint64_t count = 0;
    for (const std::uint64_t n : files) count += n;
    return count;
  }
};

/// {"files", "merged_songs", "songs", "duplicates", "splits", "rules", "refused", "repaired", "statistics",
/// "seconds"}; a file name that is not UTF-8 makes dump() throw unless it is told otherwise.
inline nlohmann::json to_json(const BuildReport& report) {
  nlohmann::json json = {{"files", report.num_files()},
                         {"songs", report.songs},
                         {"duplicates", report.duplicates},
                         {"rules", nlohmann::json::object()},
                         {"splits", nlohmann::json::object()},
                         {"refused", nlohmann::json::array()},
                         {"repaired", nlohmann::json::array()},
                         {"merged_songs", report.merged_songs},
                         {"statistics", to_json(report.statistics)},
                         {"seconds", report.seconds}};
  for (std::size_t i = 0; i < kNumRules; ++i)
    json["rules"][std::string(rule_name(static_cast<Rule>(i)))] = report.files[i];
  for (std::size_t i = 0; i < kNumSplits; ++i)
    json["splits"][std::string(split_name(static_cast<Split>(i)))] = {{"songs", report.songs_of_split[i]},
                                                                      {"tokens", report.tokens_of_split[i]}};
  for (const Refusal& refusal : report.refused) {
    nlohmann::json byte;
    if (refusal.byte) byte = *refusal.byte;
    json["refused"].push_back({{"file", refusal.file},
                               {"rule", rule_name(refusal.rule)},
                               {"byte", std::move(byte)},
                               {"reason", refusal.reason}});
  }
  for (const RepairedFile& file : report.repaired) {
    nlohmann::json repairs = nlohmann::json::array();
    for (const Repair& repair : file.repairs)
      repairs.push_back({{"byte", repair.byte}, {"what", repair.what}});
    json["repaired"].push_back({{"file", file.file}, {"count", file.count}, {"repairs", std::move(repairs)}});
  }
  return json;
}

}  // namespace gruve::inline v0_1
