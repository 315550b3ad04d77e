#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "gruve/measure/grid_song.hpp"

namespace gruve::inline v0_2 {

/// Notes per second, drums included.
inline double note_density(const GridSong& song) noexcept {
  return static_cast<double>(song.notes.size()) / song.seconds;
}

/// The mean number of sounding pitches, over the timesteps in which any sounds; a pitch of two notes at once
/// counts once. NaN without a pitched note. Source: MusPy's polyphony.
inline double polyphony(const GridSong& song) noexcept {
  std::array<std::int64_t, 128> until{};  // the timestep up to which each pitch is counted
  std::int64_t any_until = 0, of_pitches = 0, of_any = 0;
  const auto count = [](std::int64_t& sum, std::int64_t& end, const GridNote& note) {
    if (note.end <= end) return;
    sum += note.end - (std::max)(note.begin, end);
    end = note.end;
  };
  for (const GridNote& note : song.notes) {
    if (note.is_drum) continue;
    count(of_pitches, until[static_cast<std::size_t>(note.pitch)], note);
    count(of_any, any_until, note);
  }
  return of_any > 0 ? static_cast<double>(of_pitches) / static_cast<double>(of_any)
                    : std::numeric_limits<double>::quiet_NaN();
}

/// The fraction of timesteps, from the first bar to the song's end, in which two pitches or more sound. NaN
/// without a pitched note. Source: MusPy's polyphony_rate with threshold 1: it counts numbers above the
/// threshold, so its default of 2 means three pitches.
inline double polyphony_rate(const GridSong& song) {
  // The notes of each pitch without overlaps, as +1 and -1; at one timestep ends come before beginnings.
  std::array<std::int64_t, 128> until{};
  std::vector<std::pair<std::int64_t, int>> changes;
  for (const GridNote& note : song.notes) {
    std::int64_t& end = until[static_cast<std::size_t>(note.pitch)];
    if (note.is_drum || note.end <= end) continue;
    changes.emplace_back((std::min)((std::max)(note.begin, end), song.end), 1);
    changes.emplace_back((std::min)(note.end, song.end), -1);
    end = note.end;
  }
  if (changes.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(changes.begin(), changes.end());
  std::int64_t together = 0, since = 0, sounding = 0;
  for (const auto& [step, change] : changes) {
    if (sounding >= 2) together += step - since;
    sounding += change;
    since = step;
  }
  return static_cast<double>(together) / static_cast<double>(song.end - song.bars.front().begin);
}

/// Semitones from the lowest note to the highest; NaN without a pitched note.
/// Source: MusPy's pitch_range.
inline double pitch_range(const GridSong& song) noexcept {
  int lowest = 128, highest = -1;
  for (const GridNote& note : song.notes) {
    if (note.is_drum) continue;
    lowest = (std::min)(lowest, note.pitch);
    highest = (std::max)(highest, note.pitch);
  }
  return highest < 0 ? std::numeric_limits<double>::quiet_NaN() : highest - lowest;
}

}  // namespace gruve::inline v0_2
