#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "gruve/measure/grid_song.hpp"

namespace gruve::inline v0_2 {

namespace internal {

/// The onsets in each bar: (timesteps from its beginning, pitch), ascending, each once; a drum's pitch is its
/// key plus 128, so that it differs from every tone.
inline std::vector<std::vector<std::pair<std::int64_t, int>>> onsets_of_bars(const GridSong& song) {
  std::vector<std::vector<std::pair<std::int64_t, int>>> onsets(song.bars.size());
  std::size_t bar = 0;
  for (const GridNote& note : song.notes) {
    while (note.begin >= song.bars[bar].end) ++bar;
    onsets[bar].emplace_back(note.begin - song.bars[bar].begin, note.pitch + (note.is_drum ? 128 : 0));
  }
  for (auto& each : onsets) {
    std::sort(each.begin(), each.end());
    each.erase(std::unique(each.begin(), each.end()), each.end());
  }
  return onsets;
}

}  // namespace internal

/// The similarity of the rhythms of successive bars: 1 minus the fraction of timesteps at which notes begin
/// in only one of the two bars,
///
///   1 − Σᵢ |onsets(i) △ onsets(i+1)| / Σᵢ max(size(i), size(i+1))
///
/// NaN for a single bar. Most timesteps have no onset in any music, so the values are near 1.
/// Source: MusPy's groove_consistency, after Wu and Yang 2020; equal to it if all bars are of one size.
inline double groove_consistency(const GridSong& song) {
  std::vector<std::vector<std::int64_t>> positions;
  for (const auto& onsets : internal::onsets_of_bars(song)) {
    positions.emplace_back();
    for (const auto& [position, pitch] : onsets)
      if (positions.back().empty() || positions.back().back() != position)
        positions.back().push_back(position);
  }
  std::int64_t different = 0, all = 0;
  for (std::size_t i = 1; i < positions.size(); ++i) {
    std::vector<std::int64_t> both;
    std::set_intersection(positions[i - 1].begin(), positions[i - 1].end(), positions[i].begin(),
                          positions[i].end(), std::back_inserter(both));
    different += static_cast<std::int64_t>(positions[i - 1].size() + positions[i].size() - 2 * both.size());
    all += (std::max)(song.bars[i - 1].end - song.bars[i - 1].begin, song.bars[i].end - song.bars[i].begin);
  }
  return all > 0 ? 1 - static_cast<double>(different) / static_cast<double>(all)
                 : std::numeric_limits<double>::quiet_NaN();
}

/// The fraction of bars in which nothing sounds.
/// Source: MusPy's empty_measure_rate, which treats the bar after a note that ends on a bar line as sounding,
/// too.
inline double empty_bar_rate(const GridSong& song) {
  std::size_t empty = 0, note = 0;
  std::int64_t sounds_until = 0;
  for (const GridBar& bar : song.bars) {
    bool is_empty = sounds_until <= bar.begin;
    for (; note < song.notes.size() && song.notes[note].begin < bar.end; ++note) {
      is_empty = false;
      sounds_until = (std::max)(sounds_until, song.notes[note].end);
    }
    empty += is_empty ? 1 : 0;
  }
  return static_cast<double>(empty) / static_cast<double>(song.bars.size());
}

/// The fraction of quarter notes, from the first bar to the song's end, in which nothing sounds.
/// Source: MusPy's empty_beat_rate, which treats the beat after a note that ends on it as sounding, too.
inline double empty_beat_rate(const GridSong& song) {
  const std::int64_t begin = song.bars.front().begin;
  const auto beat_of = [begin](std::int64_t step) { return (step - begin) / kMeasureSteps; };
  const std::int64_t beats = beat_of(song.end - 1) + 1;
  std::int64_t sounding = 0, next = 0;  // next: the first beat that is not yet counted
  for (const GridNote& note : song.notes) {
    const std::int64_t first = (std::max)(next, beat_of(note.begin));
    next = (std::max)(next, (std::min)(beats, beat_of(note.end - 1) + 1));
    sounding += std::max<std::int64_t>(0, next - first);
  }
  return 1 - static_cast<double>(sounding) / static_cast<double>(beats);
}

/// The largest number of successive bars that are equal: the same keys begin at the same timesteps. 1 if no
/// bar equals the one before. Bars without onsets are not counted, and end a loop.
inline std::size_t longest_loop(const GridSong& song) {
  const auto onsets = internal::onsets_of_bars(song);
  std::size_t longest = 0, run = 0;
  for (std::size_t i = 0; i < onsets.size(); ++i) {
    run = onsets[i].empty() ? 0 : i > 0 && onsets[i] == onsets[i - 1] ? run + 1 : 1;
    longest = (std::max)(longest, run);
  }
  return longest;
}

}  // namespace gruve::inline v0_2
