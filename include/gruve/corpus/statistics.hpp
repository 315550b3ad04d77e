#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/once.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// A histogram.
struct Histogram {
  /// An empty histogram. Bin i is from edge i up to, but not including, edge i + 1; the last bin has no upper
  /// edge. Values below the first edge are counted in the first bin.
  explicit Histogram(std::vector<double> bin_edges) : edges(std::move(bin_edges)), counts(edges.size()) {}

  /// Adds `count` to the bin of a value.
  void add(double value, double count = 1) {
    const auto above = std::upper_bound(edges.begin(), edges.end(), value);
    counts[above == edges.begin() ? 0 : static_cast<std::size_t>(above - edges.begin()) - 1] += count;
  }

  /// Adds the counts of a histogram with the same edges.
  void add(const Histogram& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  }

  std::vector<double> edges;   // lower edge of each bin, ascending
  std::vector<double> counts;  // of each bin
};

/// The histogram as JSON: {"edges": […], "counts": […]}.
GRUVE_ONCE nlohmann::json to_json(const Histogram& histogram);

/// Distributions of length, tempo, pitch and polyphony over songs.
struct SongStatistics {
  Histogram seconds = every(30, 0, 900);   // songs by length
  Histogram bpm = every(10, 0, 300);       // songs by tempo
  Histogram pitch = every(1, 0, 127);      // notes by MIDI key number
  Histogram polyphony = every(1, 0, 16);   // quarter notes by how many notes sound at once
  Histogram sounds = every(1, 0, kDrums);  // notes by family of sounds: see family_name()

  static constexpr int kDrums = 16;  // after the sixteen families of General MIDI

  /// Adds a song.
  ///
  /// song_bpm  its mean tempo in quarter notes per minute
  void add(const Song& song, double song_bpm);

  /// Adds the notes of a song as it was read, drums included, to `sounds`.
  void add_sounds(const Song& song);

  /// Adds the songs of other statistics.
  void add(const SongStatistics& other) {
    seconds.add(other.seconds);
    bpm.add(other.bpm);
    pitch.add(other.pitch);
    polyphony.add(other.polyphony);
    sounds.add(other.sounds);
  }

 private:
  static Histogram every(double width, double first, double last);
};

/// The name of a family of sounds of General MIDI, eight programs each, from 0, "piano"; of kDrums, "drums".
constexpr std::string_view family_name(int family) noexcept {
  constexpr std::string_view kNames[SongStatistics::kDrums + 1] = {"piano",         "mallets and bells",
                                                                   "organ",         "guitar",
                                                                   "bass",          "strings",
                                                                   "ensemble",      "brass",
                                                                   "reed",          "pipe",
                                                                   "synth lead",    "synth pad",
                                                                   "synth effects", "ethnic",
                                                                   "percussive",    "sound effects",
                                                                   "drums"};
  return kNames[family];
}

/// The statistics as JSON: {"seconds", "bpm", "pitch", "polyphony", "sounds"}, a histogram each.
GRUVE_ONCE nlohmann::json to_json(const SongStatistics& statistics);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/statistics.inc"
#endif
