#include "gruve/model/dropout.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gruve/core/rng.hpp"

#include "catch.hpp"

using namespace gruve;

TEST_CASE("Any part of an array has the factors that seed, step, array and place give", "[model][dropout]") {
  const Dropout dropout{.seed = 0x123456789ABCDEF0u, .step = 17};
  const double probability = 0.3;
  const auto dropped = [&](std::size_t place) {  // 16 bits of a block of Philox for each element
    const auto block = static_cast<std::uint32_t>(place / 8 + 1);
    const auto words = philox({block, 0, 17, 5}, {0x9ABCDEF0u, 0x12345678u});
    const std::uint32_t bits = words[place % 8 / 2] >> (place % 2 * 16) & 0xFFFF;
    return bits < static_cast<std::uint32_t>(probability * 65536);
  };
  for (const std::size_t period : {1u, 3u, 8u, 77u, 128u, 129u, 1000u}) {
    const std::size_t size = 300;
    for (const auto& [first, last] :
         {std::pair{0u, 300u}, std::pair{1u, 299u}, std::pair{127u, 129u}, std::pair{50u, 50u}}) {
      std::vector<double> keep(size, -1);
      dropout_factors(dropout, probability, 5, period, first, last, keep.data());
      for (std::size_t i = 0; i < size; ++i) {
        const double factor =
            dropped(i % period) ? 0 : 1 / (1 - static_cast<int>(probability * 65536) / 65536.0);
        REQUIRE(keep[i] == (i < first || i >= last ? -1 : factor));
      }
    }
  }
  std::vector<float> many(100000);
  dropout_factors(dropout, probability, 5, many.size(), 0, many.size(), many.data());
  const auto zeros = static_cast<double>(std::count(many.begin(), many.end(), 0.0f));
  CHECK(zeros / 1e5 == Approx(probability).margin(0.006));  // 4 standard deviations
}
