#include "gruve/piece/within.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "gruve/measure/grid_song.hpp"

using namespace gruve;

TEST_CASE("The minutes of a piece end where the windows that are measured do", "[piece][within]") {
  const auto [numerator, denominator, bpm] = GENERATE(std::tuple(4, 4, 100.0), std::tuple(3, 4, 73.0),
                                                      std::tuple(6, 8, 122.5), std::tuple(4, 4, 240.0));
  CAPTURE(numerator, denominator, bpm);
  const TimeSignature metre{0, numerator, denominator};
  for (const double minutes : {0.1, 0.9, 1.0, 1.4, 1.6, 3.0, 7.7}) {
    CAPTURE(minutes);
    const auto steps = static_cast<std::int64_t>(minutes * bpm * kMeasureSteps);
    // A note at each timestep, so that the song is as long as the piece.
    Song song{.ticks_per_quarter = kMeasureSteps,
              .tempos = {{0, std::llround(60e6 / bpm)}},
              .time_signatures = {metre}};
    for (std::int64_t step = 0; step < steps; ++step) song.notes.push_back({step, step + 1, 60});
    std::vector<std::int64_t> expected;
    for (const GridSong& window : windows(on_grid(song), 60)) expected.push_back(window.bars.back().end);
    const std::vector<std::int64_t> ends = minute_ends(steps, bpm, metre, kMeasureSteps);
    REQUIRE(!ends.empty());
    CHECK(ends.back() == steps);
    REQUIRE(ends.size() == expected.size());
    for (std::size_t i = 0; i + 1 < ends.size(); ++i) CHECK(ends[i] == expected[i]);
  }
}

TEST_CASE("The minutes of a piece with tempos of its own end in seconds", "[piece][within]") {
  CHECK(minute_ends(20.0) == std::vector{20.0});
  CHECK(minute_ends(89.0) == std::vector{89.0});
  CHECK(minute_ends(90.0) == std::vector{60.0, 90.0});
  CHECK(minute_ends(600.0).size() == 10);
}

TEST_CASE("A song without notes is outside of any range", "[piece][within]") {
  CHECK(last_minute_outside({}, {}) == 5);
}
