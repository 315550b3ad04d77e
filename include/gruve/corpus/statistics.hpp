#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/midi/song.hpp"

namespace gruve::inline v0_1 {

/// How often a number fell between which edges.
struct Histogram {
  /// Bin i is from edge i up to, but not including, edge i + 1; the last has no end. What lies below the
  /// first edge counts in the first bin.
  explicit Histogram(std::vector<double> bin_edges) : edges(std::move(bin_edges)), counts(edges.size()) {}

  void add(double value, double count = 1) {
    const auto above = std::upper_bound(edges.begin(), edges.end(), value);
    counts[above == edges.begin() ? 0 : static_cast<std::size_t>(above - edges.begin()) - 1] += count;
  }

  void add(const Histogram& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  }

  std::vector<double> edges;
  std::vector<double> counts;
};

inline nlohmann::json to_json(const Histogram& histogram) {
  return {{"edges", histogram.edges}, {"counts", histogram.counts}};
}

/// What songs are like: how long, how high, how dense, how fast.
struct SongStatistics {
  Histogram seconds{{0, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800}};  // songs by length
  Histogram bpm = every(10, 0, 300);                                                // songs by tempo
  Histogram pitch = every(1, 0, 127);     // notes by MIDI key number
  Histogram polyphony = every(1, 0, 16);  // quarter notes by how many notes sound at once

  /// bpm  quarter notes per minute of playing
  void add(const Song& song, double song_bpm) {
    seconds.add(duration_seconds(song));
    bpm.add(song_bpm);
    std::vector<std::pair<std::int64_t, int>> changes;
    changes.reserve(2 * song.notes.size() + 1);
    for (const Note& note : song.notes) {
      pitch.counts[static_cast<std::size_t>(note.pitch)] += 1;
      changes.emplace_back(note.start, 1);
      changes.emplace_back(note.end, -1);
    }
    changes.emplace_back(song.length, 0);
    std::sort(changes.begin(), changes.end());
    std::int64_t at = 0;
    int sounding = 0;
    for (const auto& [tick, change] : changes) {
      if (tick > at)
        polyphony.add(sounding, static_cast<double>(tick - at) / static_cast<double>(song.ticks_per_quarter));
      at = tick;
      sounding += change;
    }
  }

  void add(const SongStatistics& other) {
    seconds.add(other.seconds);
    bpm.add(other.bpm);
    pitch.add(other.pitch);
    polyphony.add(other.polyphony);
  }

 private:
  static Histogram every(double width, double first, double last) {
    std::vector<double> edges;
    for (double edge = first; edge <= last; edge += width) edges.push_back(edge);
    return Histogram(std::move(edges));
  }
};

inline nlohmann::json to_json(const SongStatistics& statistics) {
  return {{"seconds", to_json(statistics.seconds)},
          {"bpm", to_json(statistics.bpm)},
          {"pitch", to_json(statistics.pitch)},
          {"polyphony", to_json(statistics.polyphony)}};
}

}  // namespace gruve::inline v0_1
