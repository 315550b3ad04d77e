#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"
#include "gruve/tokens/grid.hpp"

namespace gruve::inline v0_2 {

/// Timesteps per quarter note of the grid on which all songs are measured, so that their values can be
/// compared. MusPy's resolution.
inline constexpr int kMeasureSteps = 24;

/// A note on the grid.
struct GridNote {
  std::int64_t begin = 0;  // timestep
  std::int64_t end = 1;    // timestep, > begin
  int pitch = 60;          // MIDI key number
  int velocity = 64;       // 1 to 127
  bool is_drum = false;    // then it has no pitch, and counts for rhythm only
};

/// A bar of a song.
struct GridBar {
  std::int64_t begin = 0;  // timestep
  std::int64_t end = 0;    // timestep, > begin; the last bar is a whole one
  double seconds = 0;      // at which it begins
  double seconds_end = 0;  // at which it ends
};

/// A song, or some bars of it, as it is measured: notes on the grid, and bars. There is always a bar. A song
/// has at least one note, an excerpt may be silent.
struct GridSong {
  std::vector<GridNote> notes = {};  // by begin, then pitch; each begins in one of the bars
  std::vector<GridBar> bars = {};    // each begins where the one before ends
  std::int64_t end = 0;  // timestep of the last note's end; in an excerpt at most of the last bar's
  double seconds = 0;    // from the first bar to `end`

  /// Seconds at a timestep, with a constant tempo within each bar. O(log bars).
  double seconds_at(std::int64_t step) const noexcept {
    auto bar = std::upper_bound(bars.begin() + 1, bars.end(), step,
                                [](std::int64_t value, const GridBar& each) { return value < each.begin; });
    --bar;
    return bar->seconds + static_cast<double>(step - bar->begin) * (bar->seconds_end - bar->seconds) /
                              static_cast<double>(bar->end - bar->begin);
  }

  /// The number of onsets of each pitch class, without drums.
  std::array<double, 12> pitch_class_counts() const noexcept {
    std::array<double, 12> counts{};
    for (const GridNote& note : notes)
      if (!note.is_drum) counts[static_cast<std::size_t>(note.pitch % 12)] += 1;
    return counts;
  }
};

/// Quantises a song. Its bars are those of its time signatures, 4/4 before the first, up to the end of its
/// last note; silence after that is not measured.
///
/// Throws Error if the song has no notes, or ends after kMaxTimesteps.
inline GridSong on_grid(const Song& song) {
  if (song.notes.empty()) internal::raise(Error("the song holds no notes"));
  const Grid grid(song.ticks_per_quarter, kMeasureSteps);
  // Only the bars up to the end of the last note.
  Song frame{.ticks_per_quarter = song.ticks_per_quarter,
             .tempos = song.tempos,
             .time_signatures = song.time_signatures};
  for (const Note& note : song.notes) frame.length = (std::max)({frame.length, note.start + 1, note.end});
  if (grid.nearest(frame.length) >= kMaxTimesteps)
    internal::raise(Error("the song ends " + std::to_string(frame.length / song.ticks_per_quarter) +
                          " quarter notes from its beginning, expected fewer than " +
                          std::to_string(kMaxTimesteps / kMeasureSteps)));

  GridSong result;
  result.notes.reserve(song.notes.size());
  for (const Note& note : song.notes) {
    const std::int64_t begin = grid.nearest(note.start);
    result.notes.push_back({.begin = begin,
                            .end = (std::max)(grid.nearest(note.end), begin + 1),
                            .pitch = note.pitch,
                            .velocity = note.velocity,
                            .is_drum = note.channel == kDrumChannel});
    result.end = (std::max)(result.end, result.notes.back().end);
  }
  std::stable_sort(result.notes.begin(), result.notes.end(), [](const GridNote& a, const GridNote& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.pitch < b.pitch;
  });

  const Timeline timeline(song);
  const std::vector<BarLine> lines = bar_lines(frame, static_cast<std::size_t>(kMaxTimesteps) * 2);
  // The last bar is a whole one, of the metre that is in force there.
  TimeSignature metre;
  for (const TimeSignature& change : song.time_signatures)
    if (change.tick <= lines.back().tick) metre = change;
  const std::int64_t end_tick =
      lines.back().tick + std::max<std::int64_t>(1, 4 * song.ticks_per_quarter * metre.numerator /
                                                        (std::max)(1, metre.denominator));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::int64_t next = i + 1 < lines.size() ? lines[i + 1].tick : end_tick;
    GridBar bar{.end = grid.nearest(next), .seconds_end = timeline.seconds(next)};
    if (!result.bars.empty()) {
      bar.begin = result.bars.back().end;
      bar.seconds = result.bars.back().seconds_end;
    }
    // Bars shorter than an eighth are joined: no music has such, and what is measured takes its time by bars.
    if (bar.end - bar.begin >= kMeasureSteps / 2 || (bar.begin < bar.end && i + 1 == lines.size()))
      result.bars.push_back(bar);
  }
  if (result.bars.empty()) result.bars.push_back({0, 1, 0, timeline.seconds(end_tick)});
  // Rounding may move the last note to the beginning of another bar.
  GridBar& last = result.bars.back();
  if (last.end <= result.notes.back().begin) {
    last.seconds_end += (last.seconds_end - last.seconds) *
                        static_cast<double>(result.notes.back().begin + 1 - last.end) /
                        static_cast<double>(last.end - last.begin);
    last.end = result.notes.back().begin + 1;
  }
  result.seconds = timeline.seconds(frame.length);
  return result;
}

/// Cuts a song into windows of `seconds`: the bars that begin in them, with the notes that begin in these
/// bars, at their full length, so that no bar is cut. The rest at the end is a window if it is at least half
/// as long, or if it is all there is.
inline std::vector<GridSong> windows(const GridSong& song, double seconds) {
  std::vector<GridSong> result;
  auto note = song.notes.begin();
  for (auto bar = song.bars.begin(); bar != song.bars.end();) {
    const double border = (std::floor(bar->seconds / seconds + 1e-9) + 1) * seconds;
    GridSong window;
    const double begin = bar->seconds;
    while (bar != song.bars.end() && bar->seconds < border - 1e-9) window.bars.push_back(*bar++);
    window.end = (std::min)(window.bars.back().end, song.end);
    window.seconds = (std::min)(window.bars.back().seconds_end, song.seconds) - begin;
    while (note != song.notes.end() && note->begin < window.bars.back().end) window.notes.push_back(*note++);
    if (window.seconds >= seconds / 2 || (result.empty() && bar == song.bars.end()))
      result.push_back(std::move(window));
  }
  return result;
}

}  // namespace gruve::inline v0_2
