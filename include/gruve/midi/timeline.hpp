#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/midi/music.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// Converts ticks of a song to seconds, as seconds_at does, in O(log tempos) per tick.
class Timeline {
 public:
  /// Copies the tempo map; the song may be destroyed afterwards.
  explicit Timeline(const Song& song) {
    points_.reserve(song.tempos.size() + 1);
    const double ticks_per_quarter = static_cast<double>(std::max<std::int64_t>(1, song.ticks_per_quarter));
    points_.push_back({0, 0, 0.5 / ticks_per_quarter});
    for (const Tempo& tempo : song.tempos) {
      const double at = tempo.tick <= points_.back().tick ? points_.back().seconds : seconds(tempo.tick);
      points_.push_back({(std::max)(tempo.tick, points_.back().tick), at,
                         static_cast<double>(tempo.microseconds_per_quarter) / 1e6 / ticks_per_quarter});
    }
  }

  /// Seconds from the beginning of the song to a tick, tick >= 0.
  double seconds(std::int64_t tick) const noexcept {
    const auto after =
        std::upper_bound(points_.begin() + 1, points_.end(), tick,
                         [](std::int64_t value, const Point& point) { return value < point.tick; });
    const Point& point = *(after - 1);
    return point.seconds + static_cast<double>(tick - point.tick) * point.seconds_per_tick;
  }

 private:
  struct Point {
    std::int64_t tick;
    double seconds;
    double seconds_per_tick;
  };

  std::vector<Point> points_ = {};  // never empty; by tick
};

/// The beginning of a bar.
struct BarLine {
  std::int64_t tick = 0;    // of the song
  double seconds = 0;       // from the song's beginning
  std::int64_t number = 1;  // of the bar, from 1
};

/// The bars of a song by its metre, the first at tick 0, the last before the end; a change of metre begins a
/// bar. If there are more than max_count, only every second, fourth, eighth … is returned, so that memory is
/// bounded whatever song.length is.
inline std::vector<BarLine> bar_lines(const Song& song, std::size_t max_count = 4096) {
  struct Stretch {
    std::int64_t begin, end;
    std::int64_t bar;    // ticks of a bar
    std::int64_t first;  // number of its first bar, from 0
  };
  const std::int64_t length = std::clamp<std::int64_t>(song.length, 0, std::int64_t{1} << 52);
  const double ticks_per_whole = 4 * static_cast<double>(song.ticks_per_quarter);
  std::vector<Stretch> stretches;
  std::int64_t count = 0;
  const auto add = [&](std::int64_t begin, std::int64_t end, const TimeSignature& metre) {
    if (begin >= end) return;
    const double ticks = ticks_per_whole * metre.numerator / (std::max)(1, metre.denominator);
    const auto bar = static_cast<std::int64_t>(std::clamp(std::round(ticks), 1.0, 0x1p52));
    stretches.push_back({begin, end, bar, count});
    count += (end - begin + bar - 1) / bar;
  };
  std::int64_t begin = 0;
  TimeSignature metre;
  for (const TimeSignature& change : metre_map(song)) {
    const std::int64_t at = std::clamp(change.tick, begin, length);
    add(begin, at, metre);
    begin = at;
    metre = change;
  }
  add(begin, length, metre);

  std::int64_t stride = 1;
  while (count / stride >= static_cast<std::int64_t>(std::max<std::size_t>(1, max_count))) stride *= 2;
  std::vector<BarLine> lines;
  const Timeline timeline(song);
  for (const Stretch& stretch : stretches) {
    const std::int64_t bars = (stretch.end - stretch.begin + stretch.bar - 1) / stretch.bar;
    for (std::int64_t i = (stride - stretch.first % stride) % stride; i < bars; i += stride) {
      const std::int64_t tick = stretch.begin + i * stretch.bar;
      lines.push_back({tick, timeline.seconds(tick), stretch.first + i + 1});
    }
  }
  return lines;
}

}  // namespace gruve::inline v0_2
