#include "gruve/generate/sampler.hpp"

#include <cmath>
#include <map>
#include <vector>

#include "catch.hpp"

using namespace gruve;

namespace {

// Logits of the probabilities 0.5, 0.25, 0.15, 0.1.
const std::vector<float> kLogits = {std::log(0.5f), std::log(0.25f), std::log(0.15f), std::log(0.1f)};
constexpr int kDraws = 100'000;

const auto kAll = [](Token) { return true; };

template <class Allowed>
std::vector<double> frequencies(const SamplerOptions& options, Allowed&& allowed) {
  Sampler sampler(4, options, 7);
  std::vector<double> count(4);
  for (int i = 0; i < kDraws; ++i) count[sampler.sample(kLogits, allowed)] += 1.0 / kDraws;
  return count;
}

// Five standard deviations of a share of kDraws draws.
void check_shares(const std::vector<double>& found, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == Approx(expected[i]).margin(5 * std::sqrt(expected[i] * (1 - expected[i]) / kDraws)));
  }
}

}  // namespace

TEST_CASE("Without options the sampler draws from the model's distribution", "[generate][sampler]") {
  check_shares(frequencies({}, kAll), {0.5, 0.25, 0.15, 0.1});
}

TEST_CASE("The seed's rule takes the most probable token on its share and draws on the rest",
          "[generate][sampler]") {
  check_shares(frequencies({.argmax = 0.6f}, kAll), {0.6 + 0.4 * 0.5, 0.4 * 0.25, 0.4 * 0.15, 0.4 * 0.1});
  check_shares(frequencies({.argmax = 1}, kAll), {1, 0, 0, 0});
}

TEST_CASE("Temperature raises the probabilities to its inverse power", "[generate][sampler]") {
  const double sum = 0.25 + 0.0625 + 0.0225 + 0.01;  // squares, at temperature 1/2
  check_shares(frequencies({.temperature = 0.5f}, kAll),
               {0.25 / sum, 0.0625 / sum, 0.0225 / sum, 0.01 / sum});
}

TEST_CASE("Top-k, top-p and min-p keep what they say", "[generate][sampler]") {
  check_shares(frequencies({.top_k = 2}, kAll), {2.0 / 3, 1.0 / 3, 0, 0});
  check_shares(frequencies({.top_p = 0.76f}, kAll), {0.5 / 0.9, 0.25 / 0.9, 0.15 / 0.9, 0});
  check_shares(frequencies({.top_p = 0.01f}, kAll), {1, 0, 0, 0});
  check_shares(frequencies({.min_p = 0.29f}, kAll), {0.5 / 0.9, 0.25 / 0.9, 0.15 / 0.9, 0});
  check_shares(frequencies({.top_k = 3, .min_p = 0.45f}, kAll), {2.0 / 3, 1.0 / 3, 0, 0});
}

TEST_CASE("A token that is not allowed is never drawn and the others share its probability",
          "[generate][sampler]") {
  const auto not_first = [](Token token) { return token != 0; };
  check_shares(frequencies({}, not_first), {0, 0.5, 0.3, 0.2});
  check_shares(frequencies({.argmax = 1}, not_first), {0, 1, 0, 0});
  check_shares(frequencies({.top_k = 1}, [](Token token) { return token == 3; }), {0, 0, 0, 1});
}

TEST_CASE("The same seed and stream draw the same tokens, another stream others", "[generate][sampler]") {
  const auto draw = [](std::uint64_t seed, std::uint64_t stream) {
    Sampler sampler(4, {}, seed, stream);
    std::vector<Token> tokens;
    for (int i = 0; i < 100; ++i) tokens.push_back(sampler.sample(kLogits, kAll));
    return tokens;
  };
  CHECK(draw(1, 2) == draw(1, 2));
  CHECK(draw(1, 2) != draw(1, 3));
  CHECK(draw(1, 2) != draw(2, 2));
}

TEST_CASE("Options out of range are refused in a sentence", "[generate][sampler]") {
  const auto message = [](const SamplerOptions& options) {
    try {
      Sampler(4, options, 1);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(message({.argmax = 1.5f}) == "argmax must be a share from 0 to 1, not 1.500000");
  CHECK(message({.temperature = 0}) == "temperature must be a number above 0, not 0.000000");
  CHECK(message({.temperature = NAN}) == "temperature must be a number above 0, not nan");
  CHECK(message({.top_k = -1}) == "top-k must be 0 (for all) or a number of tokens, not -1");
  CHECK(message({.top_p = 0}) == "top-p must be a share above 0, at most 1, not 0.000000");
  CHECK(message({.min_p = 2}) == "min-p must be a share from 0 to 1, not 2.000000");
  CHECK(message({}) == "accepted");
}

TEST_CASE("Logits far apart or infinite still give an allowed token", "[generate][sampler]") {
  Sampler sampler(3, {.temperature = 0.01f, .top_p = 0.9f}, 1);
  CHECK(sampler.sample(std::vector<float>{-1e30f, 0, -1e30f}, kAll) == 1);
  CHECK(sampler.sample(std::vector<float>{-INFINITY, 0, -INFINITY}, kAll) == 1);
  CHECK(sampler.sample(std::vector<float>{3e38f, -3e38f, 0}, [](Token token) { return token > 0; }) == 2);
}
