#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "gruve/measure/expression.hpp"
#include "gruve/measure/form.hpp"
#include "gruve/measure/grid_song.hpp"
#include "gruve/measure/rhythm.hpp"
#include "gruve/measure/structure.hpp"
#include "gruve/measure/texture.hpp"
#include "gruve/measure/tonality.hpp"

namespace gruve::inline v0_2 {

/// The measures of a song. docs/measures.md has the definitions.
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
  returning_bars,
  returning_phrases,
  longest_return,
  ends_on_tonic,
  velocities,
  tempos,
  loudness_range,
  copied_run,
};

inline constexpr std::size_t kNumMeasures = 23;  // of Measure

/// The names of a measure.
struct MeasureName {
  const char* name;   // for programs: JSON, options
  const char* title;  // for people, with its unit
};

/// The names of all measures, indexed by Measure.
inline constexpr std::array<MeasureName, kNumMeasures> kMeasureNames{{
    {"pitch_class_entropy_1", "pitch-class entropy, 1 bar, bits"},
    {"pitch_class_entropy_4", "pitch-class entropy, 4 bars, bits"},
    {"scale_consistency", "scale consistency"},
    {"key_clarity", "key clarity"},
    {"groove_consistency", "groove consistency"},
    {"empty_beat_rate", "empty beats, fraction"},
    {"empty_bar_rate", "empty bars, fraction"},
    {"density", "notes per second"},
    {"polyphony", "polyphony"},
    {"polyphony_rate", "polyphony rate"},
    {"pitch_range", "pitch range, semitones"},
    {"longest_loop", "longest loop, bars"},
    {"structure_short", "structure, 3 to 8 s"},
    {"structure_middle", "structure, 8 to 15 s"},
    {"structure_long", "structure, over 15 s"},
    {"returning_bars", "bars that return, fraction"},
    {"returning_phrases", "bars in phrases that return"},
    {"longest_return", "longest return, bars"},
    {"ends_on_tonic", "ends on the tonic"},
    {"velocities", "different velocities"},
    {"tempos", "different tempos"},
    {"loudness_range", "loudness range of phrases"},
    {"copied_run", "longest copied run, notes"},
}};

/// The measures of a song or of a window of it; NaN where a measure is undefined.
struct Measures {
  std::array<double, kNumMeasures> values{};  // indexed by Measure

  /// The value of a measure.
  double& operator[](Measure measure) noexcept { return values[static_cast<std::size_t>(measure)]; }

  /// The value of a measure.
  double operator[](Measure measure) const noexcept { return values[static_cast<std::size_t>(measure)]; }
};

/// All measures except copied_run, which needs a corpus and stays NaN. Its time is that of
/// structure_indicators.
inline Measures measures(const GridSong& song) {
  Measures result;
  result.values.fill(std::numeric_limits<double>::quiet_NaN());
  result[Measure::pitch_class_entropy_1] = pitch_class_entropy(song, 1);
  result[Measure::pitch_class_entropy_4] = pitch_class_entropy(song, 4);
  result[Measure::scale_consistency] = scale_consistency(song);
  const KeyEstimate key = estimate_key(song);
  result[Measure::key_clarity] = key.clarity;
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
  const Returns returns = returns_of(song);
  result[Measure::returning_bars] = returns.bars;
  result[Measure::returning_phrases] = returns.phrases;
  result[Measure::longest_return] = static_cast<double>(returns.longest);
  result[Measure::ends_on_tonic] = ends_on_tonic(song, key);
  result[Measure::velocities] = static_cast<double>(num_velocities(song));
  result[Measure::tempos] = static_cast<double>(num_tempos(song));
  result[Measure::loudness_range] = loudness_range(song);
  return result;
}

/// The measures of a window of a song.
struct WindowMeasures {
  double begin = 0;     // seconds
  double end = 0;       // seconds
  Measures measures{};  // of the window
};

/// The measures of each window of `seconds` (see windows()). structure_long, of parts of at least 15 s, is
/// NaN in windows shorter than a minute, in which such a part can hardly return; ends_on_tonic is NaN in all,
/// since a window does not end where the song does.
inline std::vector<WindowMeasures> window_measures(const GridSong& song, double seconds) {
  std::vector<WindowMeasures> result;
  for (const GridSong& window : windows(song, seconds)) {
    const double begin = window.bars.front().seconds;
    result.push_back({begin, begin + window.seconds, measures(window)});
    result.back().measures[Measure::ends_on_tonic] = std::numeric_limits<double>::quiet_NaN();
    if (seconds < 60)
      result.back().measures[Measure::structure_long] = std::numeric_limits<double>::quiet_NaN();
  }
  return result;
}

/// The value below which a fraction of the values lies, interpolated linearly, as numpy.percentile does by
/// default. NaN values are ignored; NaN if none is left.
///
/// share  the fraction, 0 to 1
inline double percentile(std::vector<double> values, double share) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = (std::min)(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

/// The range that contains nine in ten values of a corpus.
struct MeasureRange {
  double low = std::numeric_limits<double>::quiet_NaN();   // the 5th percentile
  double high = std::numeric_limits<double>::quiet_NaN();  // the 95th

  /// Whether a value is in the range; false if value or range is NaN.
  bool contains(double value) const noexcept { return low <= value && value <= high; }
};

/// The range of each measure.
struct MeasureRanges {
  std::array<MeasureRange, kNumMeasures> values{};  // indexed by Measure

  /// The range of a measure.
  MeasureRange operator[](Measure measure) const noexcept {
    return values[static_cast<std::size_t>(measure)];
  }
};

/// The range of each measure over songs or windows.
inline MeasureRanges measure_ranges(std::span<const Measures> songs) {
  MeasureRanges ranges;
  for (std::size_t m = 0; m < kNumMeasures; ++m) {
    std::vector<double> values;
    for (const Measures& song : songs) values.push_back(song.values[m]);
    ranges.values[m] = {percentile(values, 0.05), percentile(values, 0.95)};
  }
  return ranges;
}

}  // namespace gruve::inline v0_2
