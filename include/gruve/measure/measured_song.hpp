#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "gruve/measure/copying.hpp"
#include "gruve/measure/measures.hpp"

namespace gruve {

/// A song with its measures, as a whole and in parts.
struct MeasuredSong {
  double seconds = 0;
  std::size_t notes = 0;
  KeyEstimate key{};
  Measures whole{};
  std::vector<WindowMeasures> windows{};  // of 30 s
  std::vector<WindowMeasures> minutes{};
  NoteSteps steps{};  // to look for it in others
};

/// Throws Error where on_grid() does.
inline MeasuredSong measure_song(const Song& song) {
  const GridSong grid = on_grid(song);
  return {.seconds = grid.seconds,
          .notes = grid.notes.size(),
          .key = estimate_key(grid),
          .whole = measures(grid),
          .windows = window_measures(grid, 30),
          .minutes = window_measures(grid, 60),
          .steps = note_steps(grid)};
}

/// Sets the measure copied_run of the song and its parts.
inline void set_copied(MeasuredSong& song, const Copied& copied) {
  song.whole[Measure::copied_run] = static_cast<double>(copied.longest.notes);
  for (auto* parts : {&song.windows, &song.minutes})
    for (WindowMeasures& part : *parts)
      part.measures[Measure::copied_run] =
          static_cast<double>(longest_copied_run(copied, song.steps, part.begin, part.end));
}

/// What songs of a corpus are like, in which nine in ten of its songs, or of their parts, lie.
struct CorpusRanges {
  MeasureRanges whole{};
  MeasureRanges windows{};
  MeasureRanges minutes{};
};

inline CorpusRanges corpus_ranges(std::span<const MeasuredSong> songs) {
  std::vector<Measures> whole, windows, minutes;
  for (const MeasuredSong& song : songs) {
    whole.push_back(song.whole);
    for (const WindowMeasures& part : song.windows) windows.push_back(part.measures);
    for (const WindowMeasures& part : song.minutes) minutes.push_back(part.measures);
  }
  return {measure_ranges(whole), measure_ranges(windows), measure_ranges(minutes)};
}

/// The measures that each minute of a song is judged by.
inline constexpr std::array<Measure, 5> kJudgedByMinute{Measure::pitch_class_entropy_1,
                                                        Measure::pitch_class_entropy_4, Measure::density,
                                                        Measure::polyphony, Measure::key_clarity};

/// How far a minute is outside a corpus's, in widths of the ranges that it is judged by, added up: 0 where it
/// is inside all of them. What can't be said counts as far as all of a range; what the corpus has no range of
/// doesn't count.
inline double distance_outside(const Measures& minute, const MeasureRanges& corpus) {
  double sum = 0;
  for (const Measure measure : kJudgedByMinute) {
    const MeasureRange range = corpus[measure];
    const double value = minute[measure];
    if (std::isnan(range.low) || range.contains(value)) continue;
    const double outside = value < range.low ? range.low - value : value - range.high;
    const double width = range.high - range.low;
    sum += std::isnan(value) || width <= 0 ? 1 : outside / width;
  }
  return sum;
}

/// How often the same bar may sound in a row.
inline constexpr double kMostSameBars = 4;

/// Whether a song could stand among those of a corpus, by what is measured of it.
struct Verdict {
  std::size_t minutes = 0;
  std::array<std::size_t, kJudgedByMinute.size()> inside{};  // minutes within the corpus's range
  bool loops = false;   // the same bar sounds more than kMostSameBars times in a row
  bool copies = false;  // its copied run is longer than those of 95 % of the corpus's songs

  bool passed() const noexcept {
    for (const std::size_t count : inside)
      if (count < minutes) return false;
    return !loops && !copies;
  }
};

/// A minute in which a measure can't be said, as in silence, is not within the range. Where the corpus has no
/// range of copied runs nothing counts as copied.
inline Verdict judge(const MeasuredSong& song, const CorpusRanges& corpus) {
  Verdict verdict{.minutes = song.minutes.size(),
                  .loops = song.whole[Measure::longest_loop] > kMostSameBars,
                  .copies = song.whole[Measure::copied_run] > corpus.whole[Measure::copied_run].high};
  for (std::size_t i = 0; i < kJudgedByMinute.size(); ++i) {
    const Measure measure = kJudgedByMinute[i];
    for (const WindowMeasures& minute : song.minutes)
      if (corpus.minutes[measure].contains(minute.measures[measure])) ++verdict.inside[i];
  }
  return verdict;
}

}  // namespace gruve
