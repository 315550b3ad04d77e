#include "gruve/midi/timeline.hpp"

#include <cstdint>
#include <vector>

#include "catch.hpp"

TEST_CASE("A timeline gives the seconds of the song's tempo map", "[midi][timeline]") {
  // 100 ticks a quarter. To tick 200 by the default 120 bpm: 1 s. Then 60 bpm: 100 ticks a second.
  gruve::Song song;
  song.ticks_per_quarter = 100;
  song.tempos = {{200, 1'000'000}, {500, 250'000}};
  song.length = 1000;
  const gruve::Timeline timeline(song);
  CHECK(timeline.seconds(0) == 0);
  CHECK(timeline.seconds(100) == Approx(0.5));
  CHECK(timeline.seconds(200) == Approx(1));
  CHECK(timeline.seconds(350) == Approx(2.5));
  CHECK(timeline.seconds(500) == Approx(4));
  CHECK(timeline.seconds(900) == Approx(5));  // 400 ticks at 240 bpm: 1 s
  for (std::int64_t tick = 0; tick <= 1000; tick += 7) {
    CHECK(timeline.seconds(tick) == Approx(gruve::seconds_at(song, tick)));
  }
}

TEST_CASE("A tempo at tick 0 replaces the default", "[midi][timeline]") {
  gruve::Song song;
  song.ticks_per_quarter = 10;
  song.tempos = {{0, 1'000'000}};
  CHECK(gruve::Timeline(song).seconds(20) == Approx(2));
}

TEST_CASE("Bars follow the metre, and a change of metre begins one", "[midi][timeline]") {
  gruve::Song song;
  song.ticks_per_quarter = 12;
  song.time_signatures = {{0, 3, 4}, {90, 6, 8}};  // 36 ticks a bar each; the third bar is cut at 90
  song.length = 130;
  std::vector<std::int64_t> ticks;
  for (const gruve::BarLine& bar : gruve::bar_lines(song)) {
    CHECK(bar.number == static_cast<std::int64_t>(ticks.size()) + 1);
    CHECK(bar.seconds == Approx(static_cast<double>(bar.tick) / 24));  // 120 bpm
    ticks.push_back(bar.tick);
  }
  CHECK(ticks == std::vector<std::int64_t>{0, 36, 72, 90, 126});
}

TEST_CASE("A song without metre has bars of four quarters, and one without length has none",
          "[midi][timeline]") {
  gruve::Song song;
  song.ticks_per_quarter = 10;
  CHECK(gruve::bar_lines(song).empty());
  song.length = 81;
  const auto bars = gruve::bar_lines(song);
  REQUIRE(bars.size() == 3);
  CHECK(bars[2].tick == 80);
}

TEST_CASE("The number of bar lines is bounded, however long the song says that it is", "[midi][timeline]") {
  gruve::Song song;
  song.ticks_per_quarter = 1;
  song.time_signatures = {{0, 1, 64}};
  song.length = INT64_MAX;
  const auto bars = gruve::bar_lines(song, 100);
  CHECK(bars.size() <= 100);
  CHECK(bars.size() >= 50);
  // Every 2^n-th bar, so that the numbers are 1, 1 + 2^n, ...
  CHECK(bars[0].number == 1);
  const std::int64_t stride = bars[1].number - 1;
  CHECK((stride & (stride - 1)) == 0);
  CHECK(bars[2].number == 1 + 2 * stride);

  // 300 bars of which one in four is wanted; the third metre begins with bar 301, which is 1 + 4 * 75.
  gruve::Song changing;
  changing.ticks_per_quarter = 1;
  changing.time_signatures = {{0, 1, 4}, {300, 2, 4}};
  changing.length = 320;
  const auto few = gruve::bar_lines(changing, 100);
  REQUIRE(few.size() == 78);  // 310 bars: 1, 5, ... 309
  CHECK(few[75].number == 301);
  CHECK(few[75].tick == 300);
  CHECK(few[77].tick == 316);
}
