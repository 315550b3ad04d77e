#include "gruve/measure/form.hpp"

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "catch.hpp"
#include "gruve/measure/measured_song.hpp"

using namespace gruve;

namespace {

// Bars of 4/4, each of the quarter notes of its kind; 0 is a silent bar.
Song bars_of_kinds(std::initializer_list<int> kinds, int velocity = 64) {
  Song song{.ticks_per_quarter = 24, .tempos = {{0, 500'000}}};
  std::int64_t begin = 0;
  for (const int kind : kinds) {
    for (int i = 0; i < 4; ++i, begin += 24)
      if (kind > 0)
        song.notes.push_back(
            {.start = begin, .end = begin + 24, .pitch = 48 + (kind * (i + 1)) % 24, .velocity = velocity});
  }
  song.length = begin;
  return song;
}

Returns form_returns(std::initializer_list<int> kinds) { return returns_of(on_grid(bars_of_kinds(kinds))); }

}  // namespace

TEST_CASE("Bars that occur twice return, silent ones are not counted", "[measure][form]") {
  const Returns none = form_returns({1, 2, 3, 5, 7});
  CHECK(none.bars == 0);
  CHECK(none.phrases == 0);
  CHECK(none.longest == 0);
  const Returns some = form_returns({1, 2, 1, 0, 0, 3, 5, 1});
  CHECK(some.bars == Approx(3.0 / 6));
  CHECK(some.longest == 1);
}

TEST_CASE("A phrase is four bars that occur twice apart from each other", "[measure][form]") {
  // A B A, of phrases of four bars, the last with a new bar behind it.
  const Returns song = form_returns({1, 2, 3, 5, 7, 8, 9, 10, 1, 2, 3, 5, 11});
  CHECK(song.bars == Approx(8.0 / 13));
  CHECK(song.phrases == Approx(8.0 / 13));
  CHECK(song.longest == 4);
  // Three bars return, which are no phrase.
  const Returns three = form_returns({1, 2, 3, 5, 7, 8, 9, 10, 1, 2, 3, 11});
  CHECK(three.bars == Approx(6.0 / 12));
  CHECK(three.phrases == 0);
  CHECK(three.longest == 3);
  // A rest within a passage is part of it.
  CHECK(form_returns({1, 0, 3, 5, 7, 1, 0, 3, 5}).longest == 4);
  // One bar over and over: half of the song is as long as what precedes it.
  CHECK(form_returns({1, 1, 1, 1, 1, 1, 1, 1}).longest == 4);
}

TEST_CASE("Bars are compared in sixteenths and by their keys alone", "[measure][form]") {
  Song song = bars_of_kinds({1, 2, 3, 1});
  for (std::size_t i = 12; i < 16; ++i) {
    song.notes[i].start += 2;  // of the 6 of a sixteenth
    song.notes[i].end -= 8;
    song.notes[i].velocity = 100;
  }
  CHECK(returns_of(on_grid(song)).bars == Approx(0.5));
  song.notes[13].start += 4;
  CHECK(returns_of(on_grid(song)).bars == 0);
  song.notes[13].start -= 4;
  song.notes[13].pitch += 12;
  CHECK(returns_of(on_grid(song)).bars == 0);
}

TEST_CASE("A song ends on its tonic if the lowest of the last notes is the tonic", "[measure][form]") {
  // C major, then the last chord.
  const auto ending = [](std::initializer_list<int> chord) {
    Song song{.ticks_per_quarter = 24, .tempos = {{0, 500'000}}};
    std::int64_t begin = 0;
    for (const int pitch : {60, 64, 67, 72, 65, 69, 67, 71, 72, 67, 64, 60}) {
      song.notes.push_back({begin, begin + 24, pitch});
      begin += 24;
    }
    for (const int pitch : chord) song.notes.push_back({begin, begin + 48, pitch});
    song.length = begin + 48;
    return measure_song(song).whole[Measure::ends_on_tonic];
  };
  CHECK(ending({48, 64, 67}) == 1);
  CHECK(ending({52, 60, 67}) == 0);
  CHECK(ending({43, 60, 64}) == 0);
  Song drums{.ticks_per_quarter = 24,
             .notes = {{.start = 0, .end = 24, .pitch = 36, .channel = kDrumChannel}}};
  CHECK(std::isnan(measure_song(drums).whole[Measure::ends_on_tonic]));
}

TEST_CASE("Velocities, tempos and the loudness of phrases are counted", "[measure][expression]") {
  Song song = bars_of_kinds({1, 2, 3, 5, 1, 2, 3, 5, 7}, 60);
  CHECK(measure_song(song).whole[Measure::velocities] == 1);
  CHECK(measure_song(song).whole[Measure::tempos] == 1);
  CHECK(measure_song(song).whole[Measure::loudness_range] == 0);
  for (std::size_t i = 16; i < 32; ++i) song.notes[i].velocity = i % 2 == 0 ? 80 : 90;
  song.tempos.push_back({4 * 96, 1'000'000});
  song.tempos.push_back({8 * 96, 500'000});
  const Measures all = measure_song(song).whole;
  CHECK(all[Measure::velocities] == 3);
  CHECK(all[Measure::tempos] == 2);
  CHECK(all[Measure::loudness_range] == Approx(25));  // 85 against 60
  CHECK(std::isnan(measure_song(bars_of_kinds({1, 2, 3})).whole[Measure::loudness_range]));
}

TEST_CASE("A song fails by its form where the corpus's songs return more and end", "[measure][verdict]") {
  const MeasuredSong formed = measure_song(bars_of_kinds({1, 2, 3, 5, 7, 8, 9, 10, 1, 2, 3, 5}));
  const MeasuredSong formless = measure_song(bars_of_kinds({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13}));
  CorpusRanges ranges;
  for (MeasureRanges* each : {&ranges.whole, &ranges.windows, &ranges.minutes})
    each->values.fill({-1e300, 1e300});
  CHECK(judge(formless, ranges).passed());
  ranges.whole.values[static_cast<std::size_t>(Measure::returning_bars)] = {0.5, 0.9};
  CHECK(judge(formed, ranges).passed());
  CHECK(!judge(formless, ranges).passed());
  CHECK(judge(formless, ranges).form_outside[0]);
  // A corpus file that is older than the measure has no range of it.
  ranges.whole.values[static_cast<std::size_t>(Measure::returning_bars)] = {};
  CHECK(judge(formless, ranges).passed());
}
