// A little song for the tests: I vi IV V I in C major, four voices and a melody, one chord a bar, 3/4 at 90
// bpm.
#pragma once

#include "gruve/midi/song.hpp"

inline gruve::Song chorale(int repeats = 1) {
  constexpr std::int64_t kQuarter = 480;
  constexpr int kChords[5][4] = {
      {48, 55, 60, 64}, {45, 52, 60, 64}, {41, 53, 57, 65}, {43, 50, 59, 65}, {36, 48, 55, 64}};
  constexpr int kMelody[5][3] = {{72, 74, 76}, {76, 74, 72}, {69, 72, 77}, {79, 77, 74}, {72, 72, 72}};
  gruve::Song song;
  song.ticks_per_quarter = kQuarter;
  song.tempos = {{0, 666'667}};
  song.time_signatures = {{0, 3, 4}};
  std::int64_t bar = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (int chord = 0; chord < 5; ++chord, bar += 3 * kQuarter) {
      for (const int pitch : kChords[chord]) song.notes.push_back({bar, bar + 3 * kQuarter, pitch, 64, 0});
      for (int beat = 0; beat < 3; ++beat) {
        const std::int64_t start = bar + beat * kQuarter;
        song.notes.push_back({start, start + kQuarter - 20, kMelody[chord][beat], 80 + 8 * beat, 1});
      }
    }
  }
  song.length = bar;
  gruve::sort_notes(song.notes);
  return song;
}
