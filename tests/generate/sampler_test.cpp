#include "gruve/generate/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/kernels/dispatch.hpp"

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

TEST_CASE("Argmax mixing takes the most probable token with its probability and draws otherwise",
          "[generate][sampler]") {
  check_shares(frequencies({.argmax = 0.6f}, kAll), {0.6 + 0.4 * 0.5, 0.4 * 0.25, 0.4 * 0.15, 0.4 * 0.1});
  check_shares(frequencies({.argmax = 1}, kAll), {1, 0, 0, 0});
}

TEST_CASE("Temperature raises the probabilities to its inverse power", "[generate][sampler]") {
  const double sum = 0.25 + 0.0625 + 0.0225 + 0.01;  // squares, at temperature 1/2
  check_shares(frequencies({.temperature = 0.5f}, kAll),
               {0.25 / sum, 0.0625 / sum, 0.0225 / sum, 0.01 / sum});
}

TEST_CASE("The return temperature multiplies the temperature where a part returns", "[generate][sampler]") {
  Sampler sampler(4, {.temperature = 0.8f, .return_temperature = 0.5f}, 7);
  Sampler cooler(4, {.temperature = 0.4f}, 7), other(4, {.temperature = 0.8f}, 7);
  for (int i = 0; i < 1000; ++i) {
    const bool returns = i % 3 == 0;
    const Token token = sampler.sample(kLogits, kAll, returns);
    const Token cool = cooler.sample(kLogits, kAll), plain = other.sample(kLogits, kAll);
    CHECK(token == (returns ? cool : plain));
    CHECK(sampler.probability(token) == (returns ? cooler : other).probability(token));
  }
  CHECK_FALSE(sampler.set({.return_temperature = 0}));
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
  CHECK(message({.argmax = 1.5f}) == "argmax must be a probability from 0 to 1, not 1.500000");
  CHECK(message({.temperature = 0}) == "temperature must be a number above 0, not 0.000000");
  CHECK(message({.temperature = NAN}) == "temperature must be a number above 0, not nan");
  CHECK(message({.top_k = -1}) == "top-k must be 0 (for all) or a number of tokens, not -1");
  CHECK(message({.top_p = 0}) == "top-p must be a probability above 0, at most 1, not 0.000000");
  CHECK(message({.min_p = 2}) == "min-p must be a fraction from 0 to 1, not 2.000000");
  CHECK(message({}) == "accepted");
}

TEST_CASE("Logits far apart or infinite still give an allowed token", "[generate][sampler]") {
  Sampler sampler(3, {.temperature = 0.01f, .top_p = 0.9f}, 1);
  CHECK(sampler.sample(std::vector<float>{-1e30f, 0, -1e30f}, kAll) == 1);
  CHECK(sampler.sample(std::vector<float>{-INFINITY, 0, -INFINITY}, kAll) == 1);
  CHECK(sampler.sample(std::vector<float>{3e38f, -3e38f, 0}, [](Token token) { return token > 0; }) == 2);
  // A temperature whose inverse is beyond a float, by itself or where a part returns, draws the most probable
  // token.
  for (const SamplerOptions& options :
       {SamplerOptions{.temperature = 1e-45f},
        SamplerOptions{.temperature = 1e-30f, .return_temperature = 1e-30f}}) {
    Sampler cold(3, options, 1);
    for (int i = 0; i < 50; ++i) CHECK(cold.sample(std::vector<float>{1, 1.001f, 0.5f}, kAll, true) == 1);
    CHECK(cold.probability(1) == 1);
  }
}

namespace {

// What a Sampler does, by sorting all of the vocabulary: the specification of which token a draw gives.
class SortingSampler {
 public:
  SortingSampler(const SamplerOptions& options, std::uint64_t seed) : options_(options), rng_(seed) {}

  Token sample(std::vector<float> weights) {
    struct Candidate {
      float weight;
      Token token;
    };
    const float choice = rng_.uniform(), draw = rng_.uniform();
    (void)choice;
    kernels::active().softmax(static_cast<int>(weights.size()), 1 / options_.temperature, weights.data());
    std::vector<Candidate> candidates;
    for (std::size_t token = 0; token < weights.size(); ++token)
      if (weights[token] > 0) candidates.push_back({weights[token], static_cast<Token>(token)});
    if (candidates.empty()) return static_cast<Token>(weights.size() - 1);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.weight > b.weight; });
    const auto keep = [&](std::size_t count) {
      while (candidates.size() > count) candidates.pop_back();
    };
    const auto total = [&] {
      float sum = 0;
      for (const Candidate& candidate : candidates) sum += candidate.weight;
      return sum;
    };
    if (options_.top_k > 0) keep(static_cast<std::size_t>(options_.top_k));
    if (options_.top_p < 1) {
      const float wanted = options_.top_p * total();
      std::size_t count = 0;
      for (float sum = 0; count < candidates.size() && sum < wanted; ++count) sum += candidates[count].weight;
      keep(std::max<std::size_t>(count, 1));
    }
    const float least = options_.min_p * candidates.front().weight;
    std::size_t count = 1;
    while (count < candidates.size() && candidates[count].weight >= least) ++count;
    keep(count);
    float left = draw * total();
    for (const Candidate& candidate : candidates) {
      left -= candidate.weight;
      if (left < 0) return candidate.token;
    }
    return candidates.back().token;
  }

 private:
  SamplerOptions options_;
  Rng rng_;
};

// Logits of many kinds: flat, peaked, of few values, with infinities and what is no number.
std::vector<float> random_logits(Rng& rng, std::size_t size) {
  const std::uint32_t kind = rng.below(8);
  const float scale = std::exp2(static_cast<float>(rng.below(10)) - 3);
  std::vector<float> logits(size);
  for (float& logit : logits) {
    logit = scale * static_cast<float>(rng.normal());
    if (kind == 1) logit = static_cast<float>(rng.below(3));  // ties
    if (kind == 2) logit = 0;                                 // nothing but ties
    if (kind == 3 && rng.below(4) == 0) logit = -INFINITY;    // never
    if (kind == 4 && rng.below(50) == 0) logit = NAN;         // no number
    if (kind == 5) logit = std::exp2(static_cast<float>(rng.below(140)) - 70);
    if (kind == 6) logit = rng.below(100) == 0 ? 3e38f : -3e38f;
    if (kind == 7) logit = 1e-6f * static_cast<float>(rng.below(2000));  // neighbours in the last places
  }
  if (kind == 4 && rng.below(20) == 0) logits[rng.below(static_cast<std::uint32_t>(size))] = INFINITY;
  return logits;
}

}  // namespace

TEST_CASE("Top-k, top-p and min-p draw the token that sorting the whole vocabulary gives",
          "[generate][sampler]") {
  Rng rng(11);
  for (int i = 0; i < 1500; ++i) {
    const std::size_t V = i % 3 == 0 ? 1 + rng.below(100) : 1 + rng.below(i % 10 == 1 ? 20'000 : 3000);
    SamplerOptions options;
    options.temperature = std::exp2(static_cast<float>(rng.below(5)) - 2);
    if (rng.below(2) == 0) options.top_k = 1 + static_cast<int>(rng.below(rng.below(2) == 0 ? 50 : 20'000));
    if (rng.below(2) == 0)
      options.top_p = rng.below(6) == 0 ? 0x1.fffffep-1f : 1e-6f + 0.9999f * rng.uniform();
    if (rng.below(2) == 0) options.min_p = rng.below(6) == 0 ? 1 : rng.uniform() * rng.uniform();
    if (options.top_k == 0 && options.top_p == 1 && options.min_p == 0) continue;
    const auto seed = static_cast<std::uint64_t>(i);
    Sampler sampler(static_cast<int>(V), options, seed);
    SortingSampler sorting(options, seed);
    for (int draw = 0; draw < 3; ++draw) {
      const std::vector<float> logits = random_logits(rng, V);
      CAPTURE(i, V, options.temperature, options.top_k, options.top_p, options.min_p, draw);
      REQUIRE(sampler.sample(logits, kAll) == sorting.sample(logits));
    }
  }
}

TEST_CASE("A long tail of small weights counts in top-p", "[generate][sampler]") {
  // A token of weight 1 and 8,000 of 2^-20, 0.0076 in all: 0.995 of that is 1.0026, a third of the tail.
  std::vector<float> logits(8001, -20 * std::log(2.0f));
  logits[7] = 0;
  Sampler sampler(8001, {.top_p = 0.995f}, 1);
  constexpr int kTailDraws = 20'000;
  int tail = 0;
  Token last = 0;
  for (int i = 0; i < kTailDraws; ++i) {
    const Token token = sampler.sample(logits, kAll);
    if (token == 7) continue;
    ++tail;
    last = std::max(last, token);
  }
  const double share = 0.00259 / 1.00259;
  CHECK(tail == Approx(kTailDraws * share).margin(5 * std::sqrt(kTailDraws * share)));
  // Equal ones rank by token.
  CHECK(last < 8001 * 0.00259 / 0.00763 + 1);
}

TEST_CASE("Options that are set draw as if the sampler had been made with them", "[generate][sampler]") {
  const auto draws = [](Sampler& sampler) {
    std::vector<Token> tokens;
    for (int i = 0; i < 100; ++i) tokens.push_back(sampler.sample(kLogits, kAll));
    return tokens;
  };
  const SamplerOptions cold = {.temperature = 0.5f, .top_k = 3, .top_p = 0.9f, .min_p = 0.1f};
  Sampler set(4, {}, 1, 2), made(4, cold, 1, 2);
  REQUIRE(set.set(cold));
  CHECK(draws(set) == draws(made));
  // The same numbers again.
  set.reseed(1, 2);
  CHECK(draws(set) == [&] {
    Sampler again(4, cold, 1, 2);
    return draws(again);
  }());
  // What is out of range changes nothing.
  Sampler copy = set;
  for (const SamplerOptions& wrong :
       {SamplerOptions{.argmax = 2}, SamplerOptions{.temperature = 0}, SamplerOptions{.temperature = NAN},
        SamplerOptions{.top_k = -1}, SamplerOptions{.top_p = 0}, SamplerOptions{.min_p = NAN},
        SamplerOptions{.entropy = {.min_entropy = -1}}, SamplerOptions{.entropy = {.window = 0}}}) {
    CHECK_FALSE(set.set(wrong));
  }
  CHECK(draws(set) == draws(copy));
}

TEST_CASE("A band of entropy that is set later keeps the draws in it", "[generate][sampler][entropy]") {
  // Peaked logits, of 0.02 nats: with a band from 1 nat the draws must spread out.
  const std::vector<float> logits = {6, 0, 0, 0};
  const auto others = [&](Sampler& sampler) {
    int count = 0;
    for (int i = 0; i < 1000; ++i) count += sampler.sample(logits, kAll) != 0 ? 1 : 0;
    return count;
  };
  Sampler sampler(4, {}, 3);
  CHECK(others(sampler) < 40);
  REQUIRE(sampler.set({.entropy = {.min_entropy = 1, .window = 1}}));
  CHECK(others(sampler) > 200);
  REQUIRE(sampler.set({}));
  CHECK(others(sampler) < 40);
}
