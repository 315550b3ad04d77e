#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/once.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/corpus/statistics.hpp"
#include "gruve/midi/midi_file.hpp"
#include "gruve/tokens/screening.hpp"

namespace gruve::inline v0_2 {

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
GRUVE_ONCE nlohmann::json to_json(const NoteChanges& changes);

/// The report as JSON: {"files", "merged_songs", "songs", "duplicates", "splits", "rules", "refused",
/// "repaired", "notes", "songs_with", "performances", "statistics", "seconds"}. A file name that is not UTF-8
/// makes its dump() throw, unless an error handler is passed to dump().
GRUVE_ONCE nlohmann::json to_json(const BuildReport& report);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/build_report.inc"
#endif
