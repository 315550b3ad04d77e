#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "gruve/measure/copying.hpp"
#include "gruve/measure/measures.hpp"
#include "gruve/midi/music.hpp"

namespace gruve::inline v0_2 {

/// The measures of a song, as a whole and in windows.
struct MeasuredSong {
  double seconds = 0;                     // its length
  std::size_t notes = 0;                  // number of notes, drums included
  KeyEstimate key{};                      // of the whole song
  Measures whole{};                       // of the whole song
  std::vector<WindowMeasures> windows{};  // of 30 s
  std::vector<WindowMeasures> minutes{};  // of 60 s
  NoteSteps steps{};                      // to find it in other songs: see find_copied
};

/// Measures the music of a song (see music_of()). Throws Error as on_grid() does; the time is that of
/// structure_indicators.
inline MeasuredSong measure_song(const Song& song) {
  const GridSong grid = on_grid(music_of(song).song);
  return {.seconds = grid.seconds,
          .notes = grid.notes.size(),
          .key = estimate_key(grid),
          .whole = measures(grid),
          .windows = window_measures(grid, 30),
          .minutes = window_measures(grid, 60),
          .steps = note_steps(grid)};
}

/// Sets the measure copied_run of the song and of its windows.
///
/// copied  what find_copied() returned for it
/// steps   of the song
inline void set_copied(MeasuredSong& song, const Copied& copied, const NoteSteps& steps) {
  song.whole[Measure::copied_run] = static_cast<double>(copied.longest.notes);
  for (auto* parts : {&song.windows, &song.minutes})
    for (WindowMeasures& part : *parts)
      part.measures[Measure::copied_run] =
          static_cast<double>(longest_copied_run(copied, steps, part.begin, part.end));
}

/// The same for a song that has its steps.
inline void set_copied(MeasuredSong& song, const Copied& copied) { set_copied(song, copied, song.steps); }

/// The ranges that contain nine in ten songs of a corpus, or nine in ten of their windows.
struct CorpusRanges {
  MeasureRanges whole{};    // of whole songs
  MeasureRanges windows{};  // of windows of 30 s
  MeasureRanges minutes{};  // of windows of 60 s
  std::size_t songs = 0;    // number of songs that they are of
  std::size_t passed = 0;   // number of these songs that pass: see judge()
};

/// The measures by which each minute of a song is judged.
inline constexpr std::array<Measure, 5> kJudgedByMinute{Measure::pitch_class_entropy_1,
                                                        Measure::pitch_class_entropy_4, Measure::density,
                                                        Measure::polyphony, Measure::key_clarity};

/// The distance of a minute from a corpus's minutes: how far each measure of kJudgedByMinute is outside its
/// range, in widths of the range, summed; 0 if all are inside. An undefined measure, or one
/// outside a range of width 0, adds 1; one without a
/// range in the corpus adds 0.
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

/// The measures of a whole song by which its form is judged.
inline constexpr std::array<Measure, 5> kJudgedForm{Measure::returning_bars, Measure::structure_short,
                                                    Measure::structure_middle, Measure::structure_long,
                                                    Measure::ends_on_tonic};

/// The largest number of successive equal bars that passes.
inline constexpr double kMostSameBars = 4;

/// Whether a song is within the ranges of a corpus, and why not.
struct Verdict {
  std::size_t minutes = 0;  // number of minutes of the song
  /// The number of minutes within the corpus's range, for each of kJudgedByMinute.
  std::array<std::size_t, kJudgedByMinute.size()> inside{};
  /// For each of kJudgedForm, whether it is outside the corpus's range; false where either is undefined.
  std::array<bool, kJudgedForm.size()> form_outside{};
  bool loops = false;   // a bar sounds more than kMostSameBars times in succession
  bool copies = false;  // its copied run is longer than in 95 % of the corpus's songs

  /// Whether all minutes and the form are inside, and it neither loops nor copies.
  bool passed() const noexcept {
    for (const std::size_t count : inside)
      if (count < minutes) return false;
    for (const bool outside : form_outside)
      if (outside) return false;
    return !loops && !copies;
  }
};

/// Judges a song by the ranges of a corpus. A minute with an undefined measure, as in silence, is not inside.
/// If the corpus has no range of copied runs, no run is too long; a measure of form that either has not, as
/// in a piece too short for a part of 15 s to return, is not judged.
inline Verdict judge(const MeasuredSong& song, const CorpusRanges& corpus) {
  Verdict verdict{.minutes = song.minutes.size(),
                  .loops = song.whole[Measure::longest_loop] > kMostSameBars,
                  .copies = song.whole[Measure::copied_run] > corpus.whole[Measure::copied_run].high};
  for (std::size_t i = 0; i < kJudgedByMinute.size(); ++i) {
    const Measure measure = kJudgedByMinute[i];
    for (const WindowMeasures& minute : song.minutes)
      if (corpus.minutes[measure].contains(minute.measures[measure])) ++verdict.inside[i];
  }
  for (std::size_t i = 0; i < kJudgedForm.size(); ++i) {
    const MeasureRange range = corpus.whole[kJudgedForm[i]];
    const double value = song.whole[kJudgedForm[i]];
    verdict.form_outside[i] = !std::isnan(range.low) && !std::isnan(value) && !range.contains(value);
  }
  return verdict;
}

/// The ranges of songs that measure_song() measured, and how many of the songs pass.
inline CorpusRanges corpus_ranges(std::span<const MeasuredSong> songs) {
  std::vector<Measures> whole, windows, minutes;
  for (const MeasuredSong& song : songs) {
    whole.push_back(song.whole);
    for (const WindowMeasures& part : song.windows) windows.push_back(part.measures);
    for (const WindowMeasures& part : song.minutes) minutes.push_back(part.measures);
  }
  CorpusRanges ranges{measure_ranges(whole), measure_ranges(windows), measure_ranges(minutes), songs.size()};
  for (const MeasuredSong& song : songs)
    if (judge(song, ranges).passed()) ++ranges.passed;
  return ranges;
}

}  // namespace gruve::inline v0_2
