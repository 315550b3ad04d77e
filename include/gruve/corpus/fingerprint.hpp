#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "gruve/core/hash.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_1 {

namespace internal {

// The intervals from each note to the next, in the order of Song::notes, without drums; empty if fewer than
// 16 notes have a pitch.
inline std::vector<std::int8_t> pitch_intervals(const Song& song) {
  std::vector<std::int8_t> intervals;
  intervals.reserve(song.notes.size());
  int last = -1;
  for (const Note& note : song.notes) {
    if (note.channel == kDrumChannel) continue;
    if (last >= 0) intervals.push_back(static_cast<std::int8_t>(note.pitch - last));
    last = note.pitch;
  }
  if (intervals.size() < 15) intervals.clear();
  return intervals;
}

}  // namespace internal

/// A hash that a song shares with its copies in other keys, at other tempos or on another grid: the
/// content_hash of the intervals from each note to the next, in the order of Song::notes, without drums.
/// Empty for songs of fewer than 16 such notes, since different short songs would often share it. Allocates
/// one byte per note.
inline std::optional<std::uint64_t> fingerprint(const Song& song) {
  const std::vector<std::int8_t> intervals = internal::pitch_intervals(song);
  if (intervals.empty()) return std::nullopt;
  return content_hash(std::as_bytes(std::span(intervals)));
}

/// A sketch by which near copies of a song are found: of all runs of kRun intervals between successive notes,
/// the smallest hash in each of 32 classes (one permutation hashing, Li, Owen and Zhang 2012). The share of
/// equal values estimates the share of equal runs, with a standard error of 0.09.
struct SongSketch {
  static constexpr std::size_t kRun = 6;           // intervals
  static constexpr std::uint32_t kNone = ~0u;      // of a class without a run
  std::array<std::uint32_t, 32> least = filled();  // hash of each class

  /// Of a song of fewer than 16 notes that are no drums, a sketch without values. Linear in the notes.
  static SongSketch of(const Song& song) {
    SongSketch sketch;
    std::uint64_t run = 0;
    const std::vector<std::int8_t> intervals = internal::pitch_intervals(song);
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      run = (run << 8 | static_cast<std::uint8_t>(intervals[i])) & 0xFFFF'FFFF'FFFF;
      if (i + 1 < kRun) continue;
      // The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
      std::uint64_t hash = (run ^ run >> 30) * 0xBF58476D1CE4E5B9u;
      hash = (hash ^ hash >> 27) * 0x94D049BB133111EBu;
      hash ^= hash >> 31;
      std::uint32_t& least = sketch.least[hash & 31];
      least = (std::min)(least, static_cast<std::uint32_t>(hash >> 32));
    }
    return sketch;
  }

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
  std::size_t add(const SongSketch& sketch) {
    const std::size_t index = num_songs_++;
    // The first songs that share a value, of the latest kMost per value.
    std::set<std::size_t> similar;
    for (std::size_t i = 0; i < sketch.least.size(); ++i)
      if (const auto found = songs_.find(key(i, sketch));
          sketch.least[i] != SongSketch::kNone && found != songs_.end())
        for (const std::size_t song : found->second) similar.insert(song);
    for (const std::size_t song : similar)
      if (sketches_.at(song).is_near(sketch)) return song;
    for (std::size_t i = 0; i < sketch.least.size(); ++i) {
      if (sketch.least[i] == SongSketch::kNone) continue;
      std::vector<std::size_t>& songs = songs_[key(i, sketch)];
      if (songs.size() == kMost) songs.erase(songs.begin());
      songs.push_back(index);
      sketches_.emplace(index, sketch);
    }
    return index;
  }

 private:
  static constexpr std::size_t kMost = 16;

  static std::uint64_t key(std::size_t i, const SongSketch& sketch) {
    return std::uint64_t{sketch.least[i]} << 8 | i;
  }

  std::size_t num_songs_ = 0;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> songs_ = {};  // first songs by class and value
  std::unordered_map<std::size_t, SongSketch> sketches_ = {};               // of the first songs
};

}  // namespace gruve::inline v0_1
