#include "gruve/generate/entropy_band.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/generate/sampler.hpp"

using namespace gruve;

namespace {

// Of probabilities 1 - p and p.
double entropy(double p) { return -p * std::log(p) - (1 - p) * std::log(1 - p); }

// At temperature T their ratio is 3^(1/T).
const std::vector<float> kOneToThree = {0, std::log(3.0f)};

const double kAtHalf = entropy(0.9);                                   // T = 1/2: 1 to 9
const double kAtOne = entropy(0.75);                                   // 1 to 3
const double kAtTwo = entropy(std::sqrt(3.0) / (1 + std::sqrt(3.0)));  // 1 to the root of 3

EntropyOptions each(double min, double max) {
  return {.min_entropy = static_cast<float>(min), .max_entropy = static_cast<float>(max), .window = 1};
}

}  // namespace

TEST_CASE("A draw inside the entropy band keeps its temperature to the bit", "[generate][entropy]") {
  EntropyBand band(2, each(kAtHalf, kAtTwo));
  CHECK(band.temperature(kOneToThree, 1) == 1);
  CHECK(band.mean() == Approx(kAtOne).epsilon(1e-6));
}

TEST_CASE("A draw outside the band gets the temperature that has the edge's entropy", "[generate][entropy]") {
  // The bisection ends within 2e-5 of it.
  CHECK(EntropyBand(2, each(kAtTwo, 1)).temperature(kOneToThree, 1) == Approx(2).epsilon(1e-4));
  CHECK(EntropyBand(2, each(0, kAtHalf)).temperature(kOneToThree, 1) == Approx(0.5).epsilon(1e-4));
  CHECK(EntropyBand(2, each(kAtTwo, kAtTwo)).temperature(kOneToThree, 0.7f) == Approx(2).epsilon(1e-4));
}

TEST_CASE("The temperature stays within four times the requested one, whatever the entropy",
          "[generate][entropy]") {
  CHECK(EntropyBand(2, each(0.6931, 1)).temperature(kOneToThree, 1) == Approx(4).epsilon(1e-4));
  CHECK(EntropyBand(2, each(0, 1e-6)).temperature(kOneToThree, 1) == Approx(0.25).epsilon(1e-4));
  CHECK(EntropyBand(2, each(0.1, 1)).temperature(std::vector<float>{0, -INFINITY}, 0.5f) ==
        Approx(2).epsilon(1e-4));
}

TEST_CASE("Over a window it is the mean that stays in the band", "[generate][entropy]") {
  const std::vector<float> equal = {1, 1}, certain = {1, -INFINITY};
  const double ln2 = std::log(2.0);
  EntropyBand band(2, {.min_entropy = 0.2f, .window = 2});
  CHECK(band.temperature(equal, 1) == 1);
  CHECK(band.mean() == Approx(ln2));
  // A draw without a choice is made up for by the one before.
  CHECK(band.temperature(certain, 1) == 1);
  CHECK(band.mean() == Approx(ln2 / 2));
  // ln 2 / 4 is below the edge; no heat changes that, and later draws needn't make up for it.
  CHECK(band.temperature(certain, 1) == Approx(4).epsilon(1e-4));
  CHECK(band.mean() == Approx(0.2));
  CHECK(band.temperature(equal, 1) == 1);
  CHECK(band.mean() == Approx((0.2 + ln2) / 2));
}

TEST_CASE("The mean of a long series ends at the edge and is never beyond it", "[generate][entropy]") {
  EntropyBand band(2, {.min_entropy = static_cast<float>(kAtTwo)});
  float temperature = 0;
  for (int i = 0; i < 200; ++i) {
    temperature = band.temperature(kOneToThree, 1);
    CHECK(band.mean() == Approx(kAtTwo).epsilon(1e-5));
  }
  CHECK(temperature == Approx(2).epsilon(1e-4));
}

TEST_CASE("Logits that are no numbers leave the band as it was", "[generate][entropy]") {
  EntropyBand band(2, each(0.3, 0.5));
  CHECK(band.temperature(std::vector<float>{NAN, NAN}, 1.5f) == 1.5f);
  CHECK(band.temperature(std::vector<float>{-INFINITY, -INFINITY}, 1.5f) == 1.5f);
  band.temperature(std::vector<float>{0, 0}, 1);
  CHECK(band.mean() == Approx(0.5));
}

TEST_CASE("The sampler draws with the band's temperature", "[generate][entropy]") {
  constexpr int kDraws = 100'000;
  const auto share = [](const EntropyOptions& options) {
    Sampler sampler(3, {.entropy = options}, 7);
    const std::vector<float> logits = {0, std::log(3.0f), 50};
    int count = 0;
    for (int i = 0; i < kDraws; ++i) count += sampler.sample(logits, [](Token t) { return t < 2; }) == 1;
    return count / double{kDraws};
  };
  // Five standard deviations; the token that is not allowed has no part in the entropy.
  CHECK(share({}) == Approx(0.75).margin(0.007));
  CHECK(share(each(0, kAtHalf)) == Approx(0.9).margin(0.005));
  CHECK(share(each(kAtTwo, 1)) == Approx(std::sqrt(3.0) / (1 + std::sqrt(3.0))).margin(0.008));
}

TEST_CASE("A token's probability is that which it was drawn with, or the most probable one had",
          "[generate][sampler]") {
  Sampler draws(2, {.temperature = 0.5f}, 1), greedy(2, {.argmax = 1, .temperature = 0.5f}, 1);
  const auto all = [](Token) { return true; };
  for (Sampler* sampler : {&draws, &greedy}) {
    sampler->sample(kOneToThree, all);
    CHECK(sampler->probability(1) == Approx(0.9));
    CHECK(sampler->probability(0) == Approx(0.1));
  }
}

TEST_CASE("Entropy options out of range are refused in a sentence", "[generate][entropy]") {
  const auto message = [](const EntropyOptions& options) {
    return tests::error_of([&] { EntropyBand(2, options); });
  };
  CHECK(message({.min_entropy = -1}) == "min-entropy must be a number of nats from 0, not -1.000000");
  CHECK(message({.min_entropy = NAN}) == "min-entropy must be a number of nats from 0, not nan");
  CHECK(message({.min_entropy = 2, .max_entropy = 1}) ==
        "max-entropy must be a number of nats, at least min-entropy, not 1.000000");
  CHECK(message({.window = 0}) == "entropy-window must be a number of tokens from 1, not 0.000000");
  CHECK(message({}) == "no error");
}
