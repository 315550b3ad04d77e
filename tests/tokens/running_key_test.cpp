#include "gruve/tokens/running_key.hpp"

#include <array>
#include <cstddef>

#include "catch.hpp"
#include "gruve/measure/tonality.hpp"

using namespace gruve;

TEST_CASE("The running key is that of the measures, and follows a modulation", "[tokens][features]") {
  RunningKey running;
  CHECK(running.key() == -1);
  // Degrees of a major scale, as frequent as in music.
  constexpr std::array<int, 14> kDegrees = {0, 0, 0, 4, 4, 7, 7, 7, 2, 5, 9, 11, 2, 5};
  for (int tonic = 0; tonic < 12; ++tonic) {
    running.reset();
    std::array<double, 12> weights{};
    for (std::size_t i = 0; i < 112; ++i) {
      const int pitch = (tonic + kDegrees[i % kDegrees.size()]) % 12;
      running.advance(pitch);
      weights[static_cast<std::size_t>(pitch)] += 1;
    }
    const KeyEstimate key = estimate_key(weights);
    CHECK(running.key() == key.tonic + (key.is_minor ? 12 : 0));
    CHECK(running.key() == tonic);
    for (std::size_t i = 0; i < 280; ++i) running.advance((tonic + 6 + kDegrees[i % kDegrees.size()]) % 12);
    CHECK(running.key() == (tonic + 6) % 12);
  }
  running.reset();
  for (const int pitch : {9, 0, 4, 9, 11, 0, 2, 4, 8, 9, 9}) running.advance(pitch);
  CHECK(running.key() == 9 + 12);  // A minor
}
