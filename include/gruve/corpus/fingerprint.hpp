#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// A hash that a song shares with its copies in other keys, at other tempos or on another grid: the
/// content_hash of the intervals from each note to the next, in the order of Song::notes, without drums.
/// Empty for songs of fewer than 16 such notes, since different short songs would often share it. Allocates
/// one byte per note.
GRUVE_ONCE std::optional<std::uint64_t> fingerprint(const Song& song);

/// A sketch by which near copies of a song are found: of all runs of kRun intervals between successive notes,
/// the smallest hash in each of 32 classes (one permutation hashing, Li, Owen and Zhang 2012). The share of
/// equal values estimates the share of equal runs, with a standard error of 0.09.
struct SongSketch {
  static constexpr std::size_t kRun = 6;           // intervals
  static constexpr std::uint32_t kNone = ~0u;      // of a class without a run
  std::array<std::uint32_t, 32> least = filled();  // hash of each class

  /// Of a song of fewer than 16 notes that are no drums, a sketch without values. Linear in the notes.
  static SongSketch of(const Song& song);

  /// Whether another song shares at least half of the runs, by estimate: a copy with some notes more or less.
  /// False for songs without values.
  bool is_near(const SongSketch& other) const noexcept {
    int equal = 0, any = 0;
    for (std::size_t i = 0; i < least.size(); ++i) {
      if (least[i] == kNone && other.least[i] == kNone) continue;
      ++any;
      equal += least[i] == other.least[i] ? 1 : 0;
    }
    return any > 0 && 2 * equal >= any;
  }

 private:
  static std::array<std::uint32_t, 32> filled() {
    std::array<std::uint32_t, 32> values{};
    values.fill(kNone);
    return values;
  }
};

/// Finds the first of the songs that a song is a near copy of.
class NearCopies {
 public:
  /// Takes the next song. Returns the index of the first song, counted from 0 in the order of the calls, that
  /// it is near, or its own index. A song is compared with such first songs only, so that no chain of small
  /// differences makes one group of all songs. O(1), with the songs that share a value.
  std::size_t add(const SongSketch& sketch);

 private:
  static constexpr std::size_t kMost = 16;

  static std::uint64_t key(std::size_t i, const SongSketch& sketch) {
    return std::uint64_t{sketch.least[i]} << 8 | i;
  }

  std::size_t num_songs_ = 0;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> songs_ = {};  // first songs by class and value
  std::unordered_map<std::size_t, SongSketch> sketches_ = {};               // of the first songs
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/fingerprint.inc"
#endif
