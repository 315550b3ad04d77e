#include "gruve/tokens/bar_repeats.hpp"

#include <vector>

#include "catch.hpp"

using namespace gruve;

namespace {

// Bars of four notes each, of the same letter alike.
std::vector<BarOnsets> bars(const char* letters) {
  std::vector<BarOnsets> result;
  for (; *letters != '\0'; ++letters) {
    BarOnsets bar{.steps = 16};
    for (std::uint32_t i = 0; i < 4 && *letters != '-'; ++i)
      bar.notes.push_back(128 * 4 * i + static_cast<std::uint32_t>(*letters - 'A'));
    result.push_back(bar);
  }
  return result;
}

std::vector<int> lags(const char* letters, int farthest = 64) { return bar_repeats(bars(letters), farthest); }

}  // namespace

TEST_CASE("Bars return at the distance of the longest return", "[tokens][form]") {
  CHECK(lags("") == std::vector<int>{});
  CHECK(lags("ABCD") == std::vector<int>{0, 0, 0, 0});
  CHECK(lags("ABABCDAB") == std::vector<int>{0, 0, 2, 2, 0, 0, 4, 4});
  // Of two places the one that goes on for longer, not the nearest.
  CHECK(lags("ABCABDABC") == std::vector<int>{0, 0, 0, 3, 3, 0, 6, 6, 6});
  // A return goes on for as long as it can, even if another one could begin.
  CHECK(lags("AAAAB") == std::vector<int>{0, 1, 1, 1, 0});
  CHECK(lags("ABAB", 1) == std::vector<int>{0, 0, 0, 0});  // too far back
  // Silence goes on, and begins nothing.
  CHECK(lags("A-A-B-") == std::vector<int>{0, 0, 2, 2, 0, 0});
}

TEST_CASE("Bars are alike from three fifths of their notes on, and only if they are as long",
          "[tokens][form]") {
  const BarOnsets whole{.steps = 16, .notes = {0, 128, 256, 384}};
  CHECK(are_alike(whole, whole));
  CHECK(are_alike(whole, {.steps = 16, .notes = {0, 128, 256}}));             // 3 of 4
  CHECK(are_alike(whole, {.steps = 16, .notes = {0, 128, 256, 385}}));        // 3 of 5
  CHECK(!are_alike(whole, {.steps = 16, .notes = {0, 128, 257, 385}}));       // 2 of 6
  CHECK(!are_alike(whole, {.steps = 16, .notes = {0, 128, 256, 385, 386}}));  // 3 of 6
  CHECK(!are_alike(whole, {.steps = 12, .notes = whole.notes}));
  CHECK(!are_alike(whole, {.steps = 16}));
  CHECK(are_alike({.steps = 16}, {.steps = 16}));
}
