#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>

#include "gruve/measure/form.hpp"
#include "gruve/measure/grid_song.hpp"

namespace gruve::inline v0_2 {

/// The number of different velocities of a song's notes.
inline std::size_t num_velocities(const GridSong& song) {
  std::set<int> velocities;
  for (const GridNote& note : song.notes) velocities.insert(note.velocity);
  return velocities.size();
}

/// The number of different tempos of a song's bars, each rounded to a whole number of quarter notes per
/// minute.
inline std::size_t num_tempos(const GridSong& song) {
  std::set<long> tempos;
  for (const GridBar& bar : song.bars) {
    const double seconds = bar.seconds_end - bar.seconds;
    if (seconds > 0)
      tempos.insert(std::lround(60.0 * static_cast<double>(bar.end - bar.begin) / kMeasureSteps / seconds));
  }
  return tempos.size();
}

/// How far the loudest phrase is above the softest: the difference of the highest and the lowest mean
/// velocity of kPhraseBars successive bars, counted from the first; phrases without an onset are ignored. NaN
/// if there are fewer than two.
inline double loudness_range(const GridSong& song) {
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  std::size_t phrases = 0;
  auto note = song.notes.begin();
  for (std::size_t first = 0; first < song.bars.size(); first += kPhraseBars) {
    const std::size_t last = (std::min)(first + kPhraseBars, song.bars.size()) - 1;
    double sum = 0, notes = 0;
    for (; note != song.notes.end() && note->begin < song.bars[last].end; ++note) {
      sum += note->velocity;
      notes += 1;
    }
    if (notes == 0) continue;
    ++phrases;
    lowest = (std::min)(lowest, sum / notes);
    highest = (std::max)(highest, sum / notes);
  }
  return phrases < 2 ? std::numeric_limits<double>::quiet_NaN() : highest - lowest;
}

}  // namespace gruve::inline v0_2
