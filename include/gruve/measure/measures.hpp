#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "gruve/measure/grid_song.hpp"
#include "gruve/measure/rhythm.hpp"
#include "gruve/measure/structure.hpp"
#include "gruve/measure/texture.hpp"
#include "gruve/measure/tonality.hpp"

namespace gruve {

/// What is measured of a song. docs/measures.md has the definitions.
enum class Measure : std::size_t {
  pitch_class_entropy_1,
  pitch_class_entropy_4,
  scale_consistency,
  key_clarity,
  groove_consistency,
  empty_beat_rate,
  empty_bar_rate,
  density,
  polyphony,
  polyphony_rate,
  pitch_range,
  longest_loop,
  structure_short,
  structure_middle,
  structure_long,
  copied_run,
};

inline constexpr std::size_t kNumMeasures = 16;

/// The measure's name for programs, and for people.
struct MeasureName {
  const char* name;
  const char* title;
};

inline constexpr std::array<MeasureName, kNumMeasures> kMeasureNames{{
    {"pitch_class_entropy_1", "pitch-class entropy, 1 bar, bits"},
    {"pitch_class_entropy_4", "pitch-class entropy, 4 bars, bits"},
    {"scale_consistency", "scale consistency"},
    {"key_clarity", "key clarity"},
    {"groove_consistency", "groove consistency"},
    {"empty_beat_rate", "empty beats, share"},
    {"empty_bar_rate", "empty bars, share"},
    {"density", "notes per second"},
    {"polyphony", "polyphony"},
    {"polyphony_rate", "polyphony rate"},
    {"pitch_range", "pitch range, semitones"},
    {"longest_loop", "longest loop, bars"},
    {"structure_short", "structure, 3 to 8 s"},
    {"structure_middle", "structure, 8 to 15 s"},
    {"structure_long", "structure, over 15 s"},
    {"copied_run", "longest copied run, notes"},
}};

/// The measures of a song or of a window of it. What can't be said is not a number.
struct Measures {
  std::array<double, kNumMeasures> values{};

  double& operator[](Measure measure) noexcept { return values[static_cast<std::size_t>(measure)]; }
  double operator[](Measure measure) const noexcept { return values[static_cast<std::size_t>(measure)]; }
};

/// All measures but copied_run, which needs a corpus and stays not a number.
inline Measures measures(const GridSong& song) {
  Measures result;
  result.values.fill(std::numeric_limits<double>::quiet_NaN());
  result[Measure::pitch_class_entropy_1] = pitch_class_entropy(song, 1);
  result[Measure::pitch_class_entropy_4] = pitch_class_entropy(song, 4);
  result[Measure::scale_consistency] = scale_consistency(song);
  result[Measure::key_clarity] = estimate_key(song).clarity;
  result[Measure::groove_consistency] = groove_consistency(song);
  result[Measure::empty_beat_rate] = empty_beat_rate(song);
  result[Measure::empty_bar_rate] = empty_bar_rate(song);
  result[Measure::density] = note_density(song);
  result[Measure::polyphony] = polyphony(song);
  result[Measure::polyphony_rate] = polyphony_rate(song);
  result[Measure::pitch_range] = pitch_range(song);
  result[Measure::longest_loop] = static_cast<double>(longest_loop(song));
  const StructureIndicators structure = structure_indicators(song);
  result[Measure::structure_short] = structure.short_term;
  result[Measure::structure_middle] = structure.middle_term;
  result[Measure::structure_long] = structure.long_term;
  return result;
}

/// The measures of some of a song's bars.
struct WindowMeasures {
  double begin = 0;  // seconds
  double end = 0;
  Measures measures{};
};

/// The measures of each window of so many seconds: see windows(). Parts of 15 s and longer are looked for in
/// windows of a minute and longer, where they can return.
inline std::vector<WindowMeasures> window_measures(const GridSong& song, double seconds) {
  std::vector<WindowMeasures> result;
  for (const GridSong& window : windows(song, seconds)) {
    const double begin = window.bars.front().seconds;
    result.push_back({begin, begin + window.seconds, measures(window)});
    if (seconds < 60)
      result.back().measures[Measure::structure_long] = std::numeric_limits<double>::quiet_NaN();
  }
  return result;
}

/// The value below which a share of others lies, with the values between two of them on a line, as numpy does
/// by default. Not a number where there is none; what is not a number doesn't count.
inline double percentile(std::vector<double> values, double share) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

/// Between which values nine in ten of a corpus lie.
struct MeasureRange {
  double low = std::numeric_limits<double>::quiet_NaN();   // the 5th percentile
  double high = std::numeric_limits<double>::quiet_NaN();  // the 95th

  /// False where value or range is not a number.
  bool contains(double value) const noexcept { return low <= value && value <= high; }
};

struct MeasureRanges {
  std::array<MeasureRange, kNumMeasures> values{};

  MeasureRange operator[](Measure measure) const noexcept {
    return values[static_cast<std::size_t>(measure)];
  }
};

inline MeasureRanges measure_ranges(std::span<const Measures> songs) {
  MeasureRanges ranges;
  for (std::size_t m = 0; m < kNumMeasures; ++m) {
    std::vector<double> values;
    for (const Measures& song : songs) values.push_back(song.values[m]);
    ranges.values[m] = {percentile(values, 0.05), percentile(values, 0.95)};
  }
  return ranges;
}

}  // namespace gruve
