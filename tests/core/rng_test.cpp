#include "gruve/core/rng.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "catch.hpp"

using namespace gruve;

TEST_CASE("Philox gives the known answers of its authors", "[core][rng]") {
  // Random123 1.14, tests/kat_vectors, "philox4x32 10".
  using Block = std::array<std::uint32_t, 4>;
  STATIC_REQUIRE(philox({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t kOnes = 0xffffffff;
  STATIC_REQUIRE(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}) ==
                 Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  STATIC_REQUIRE(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
                 Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("An Rng draws the words of one Philox block after another", "[core][rng]") {
  Rng rng(0x299f31d0a4093822, 0x0370734413198a2e);
  rng.seek(4 * 0x05a308d3243f6a88);
  const auto block = philox({0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  const auto following = philox({0x243f6a89, 0x05a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  for (const std::uint32_t word : block) CHECK(rng.next() == word);
  for (const std::uint32_t word : following) CHECK(rng.next() == word);
}

TEST_CASE("seek continues where position was taken, also within a block", "[core][rng]") {
  Rng rng(7, 3);
  for (int i = 0; i < 6; ++i) rng.next();
  const std::uint64_t position = rng.position();
  CHECK(position == 6);
  std::vector<std::uint32_t> drawn(9);
  for (auto& word : drawn) word = rng.next();
  Rng resumed(7, 3);
  resumed.next();
  resumed.seek(position);
  for (const auto word : drawn) CHECK(resumed.next() == word);
}

TEST_CASE("Seeds and streams give different numbers", "[core][rng]") {
  CHECK(Rng(1, 0).next() != Rng(2, 0).next());
  CHECK(Rng(1, 0).next() != Rng(1, 1).next());
  CHECK(Rng(1, 0).next() != Rng(std::uint64_t{1} << 32, 0).next());
}

TEST_CASE("Draws have the ranges and moments of their distributions", "[core][rng]") {
  // Means of n draws lie within five standard deviations of the truth: the seed is fixed, so the test can't
  // flicker.
  constexpr int n = 100'000;
  Rng rng(11);
  double sum = 0;
  double normal_sum = 0;
  double normal_squares = 0;
  std::array<int, 5> counts{};
  for (int i = 0; i < n; ++i) {
    const float x = rng.uniform();
    REQUIRE(x >= 0.0f);
    REQUIRE(x < 1.0f);
    sum += static_cast<double>(x);
    ++counts.at(rng.below(5));
    const double y = rng.normal();
    normal_sum += y;
    normal_squares += y * y;
  }
  CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  CHECK(std::abs(normal_sum / n) < 5 * std::sqrt(1.0 / n));
  CHECK(std::abs(normal_squares / n - 1) < 5 * std::sqrt(2.0 / n));
  for (const int count : counts) CHECK(std::abs(count - n / 5) < 5 * std::sqrt(n * 0.2 * 0.8));
  CHECK(Rng(1).below(1) == 0);
}
