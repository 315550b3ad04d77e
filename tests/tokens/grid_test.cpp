#include "gruve/tokens/grid.hpp"

#include <cmath>
#include <cstdint>

#include "gruve/core/rng.hpp"

#include "catch.hpp"
#include "error_of.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

// A number of random size, 0 to 2^bits - 1.
std::int64_t random_ticks(Rng& rng, std::uint32_t bits) {
  const std::uint64_t number = std::uint64_t{rng.below(1u << 31)} << 31 | rng.below(1u << 31);
  return static_cast<std::int64_t>(number >> (62 - rng.below(bits + 1)));
}

}  // namespace

TEST_CASE("A tick's nearest timestep is that of exact division, halves up", "[tokens][grid]") {
  Rng rng(1);
  for (int trial = 0; trial < 200'000; ++trial) {
    const std::int64_t ticks = 1 + random_ticks(rng, trial % 2 == 0 ? 15 : 30);
    const int steps = 1 + static_cast<int>(rng.below(kMaxStepsPerQuarter));
    const Grid grid(ticks, steps);
    const auto check = [&](std::int64_t tick) {
      // tick * steps / ticks + 1/2 in halves of a tick; below 2^37 * 2^10 * 2.
      INFO(tick << " ticks of " << ticks << ", " << steps << " timesteps");
      REQUIRE(grid.nearest(tick) == (2 * tick * steps + ticks) / (2 * ticks));
      REQUIRE(grid.up(tick) == (tick * steps + ticks - 1) / ticks);
    };
    const std::int64_t tick = random_ticks(rng, 37);
    check(tick);
    // Where one timestep ends and the next begins, if a tick is there.
    const std::int64_t border = (2 * grid.nearest(tick) + 1) * ticks / (2 * steps);
    if (border < std::int64_t{1} << 37)
      for (std::int64_t near = border == 0 ? 0 : border - 1; near <= border + 1; ++near) check(near);
  }
}

TEST_CASE("An empty song on a grid has its tempo, and ticks for each timestep", "[tokens][grid]") {
  CHECK(song_on_grid(24, 100).tempos == std::vector<Tempo>{{0, 600'000}});
  CHECK(song_on_grid(4, 4).tempos == std::vector<Tempo>{{0, 15'000'000}});
  CHECK(song_on_grid(4, 60e6).tempos == std::vector<Tempo>{{0, 1}});
  for (const int steps : {1, 4, 7, 24, 480, 481, kMaxStepsPerQuarter})
    CHECK(song_on_grid(steps, 120).ticks_per_quarter % steps == 0);
  CHECK(song_on_grid(24, 120).ticks_per_quarter == 480);
  CHECK(song_on_grid(481, 120).ticks_per_quarter == 481);
  for (const double bpm : {3.9, 60'000'001.0, -1.0, std::nan("")})
    CHECK_THAT(error_of([&] { song_on_grid(4, bpm); }), ContainsSubstring("bpm, expected 4 to 60000000"));
}

TEST_CASE("A note is too short that begins and ends at the same timestep", "[tokens][grid]") {
  const Grid grid(480, 24);  // timesteps of 20 ticks, from 10 before their beginning
  CHECK(grid.is_too_short(10, 29));
  CHECK_FALSE(grid.is_too_short(10, 30));
  CHECK_FALSE(grid.is_too_short(29, 30));
  CHECK(grid.is_too_short(30, 30));
  CHECK(grid.is_too_short(50, 30));
  Rng rng(2);
  for (int trial = 0; trial < 200'000; ++trial) {
    const Grid other(1 + random_ticks(rng, 15), 1 + static_cast<int>(rng.below(kMaxStepsPerQuarter)));
    const std::int64_t start = random_ticks(rng, 62), end = start + random_ticks(rng, 12);
    REQUIRE(other.is_too_short(start, end) == (other.nearest(start) >= other.nearest(end)));
  }
}
