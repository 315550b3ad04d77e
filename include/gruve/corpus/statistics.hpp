#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/json.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_1 {

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
inline nlohmann::json to_json(const Histogram& histogram) {
  return internal::JsonObject<>().add("edges", histogram.edges).add("counts", histogram.counts).take();
}

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
  void add(const Song& song, double song_bpm) {
    seconds.add(duration_seconds(song));
    bpm.add(song_bpm);
    std::vector<std::pair<std::int64_t, int>> changes;
    changes.reserve(2 * song.notes.size() + 1);
    for (const Note& note : song.notes) {
      if (note.channel == kDrumChannel) continue;  // without pitch, and does not sound on
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

  /// Adds the notes of a song as it was read, drums included, to `sounds`.
  void add_sounds(const Song& song) {
    std::array<int, 16> families{};
    auto change = song.programs.begin();
    for (const Note& note : song.notes) {
      for (; change != song.programs.end() && change->tick <= note.start; ++change)
        families[static_cast<std::size_t>(change->channel)] = change->program / 8;
      const int family =
          note.channel == kDrumChannel ? kDrums : families[static_cast<std::size_t>(note.channel)];
      sounds.counts[static_cast<std::size_t>(family)] += 1;
    }
  }

  /// Adds the songs of other statistics.
  void add(const SongStatistics& other) {
    seconds.add(other.seconds);
    bpm.add(other.bpm);
    pitch.add(other.pitch);
    polyphony.add(other.polyphony);
    sounds.add(other.sounds);
  }

 private:
  static Histogram every(double width, double first, double last) {
    std::vector<double> edges;
    for (double edge = first; edge <= last; edge += width) edges.push_back(edge);
    return Histogram(std::move(edges));
  }
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
inline nlohmann::json to_json(const SongStatistics& statistics) {
  return internal::JsonObject<>()
      .add("seconds", to_json(statistics.seconds))
      .add("bpm", to_json(statistics.bpm))
      .add("pitch", to_json(statistics.pitch))
      .add("polyphony", to_json(statistics.polyphony))
      .add("sounds", to_json(statistics.sounds))
      .take();
}

}  // namespace gruve::inline v0_1
