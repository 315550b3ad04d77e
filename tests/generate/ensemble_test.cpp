#include "gruve/model/ensemble.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/generate/batch_generator.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/generate/probability_mean.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/id_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "realtime.hpp"
#include "untrained.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

PackedModel<float> untrained_member(std::uint64_t seed, int hidden_size = 24, int num_layers = 1,
                                    const std::string& features = {}) {
  return tests::untrained({.vocab_size = 89,
                           .embedding_size = 8,
                           .hidden_size = hidden_size,
                           .num_layers = num_layers,
                           .features = AnyEncoder(TimestepEncoder()).features(features)},
                          seed);
}

// Of other sizes, and told other things.
std::vector<PackedModel<float>> unequal() {
  return {untrained_member(3), untrained_member(4, 17, 2, "index,held,intervals,bar=4,repeat,outer"),
          untrained_member(5, 33)};
}

}  // namespace

TEST_CASE("The mean of models' probabilities is the closed form's", "[generate][ensemble]") {
  const std::vector<std::vector<float>> logits = {
      {1.0f, -2.0f, 0.5f, 30.0f, 0.0f}, {0.0f, 3.0f, 0.0f, -5.0f, 100.0f}, {-200.0f, 1.0f, 2.0f, 2.0f, 3.0f}};
  constexpr std::array<std::size_t, 4> kAllowed = {0, 1, 2, 4};
  const auto allowed = [](Token token) { return token != 3; };
  std::vector<double> wanted(5);
  for (const auto& model : logits) {
    double total = 0;
    for (const std::size_t token : kAllowed) total += std::exp(static_cast<double>(model[token]));
    for (const std::size_t token : kAllowed)
      wanted[token] += std::exp(static_cast<double>(model[token])) / total / 3;
  }
  ProbabilityMean mean(5);
  for (int again = 0; again < 2; ++again) {
    const auto found = mean(
        3, [&](std::size_t i) { return std::span<const float>(logits[i]); }, allowed);
    REQUIRE(found.size() == 5);
    CHECK(found[3] == -std::numeric_limits<float>::infinity());
    for (const std::size_t token : kAllowed)
      CHECK(static_cast<double>(found[token]) == Approx(std::log(wanted[token])).epsilon(1e-6).margin(1e-6));
  }
}

TEST_CASE("Several models generate what is drawn from the mean of what each says alone",
          "[generate][ensemble]") {
  const std::vector<PackedModel<float>> models = unequal();
  const TimestepEncoder encoder;
  const SamplerOptions options{.argmax = 0.2f, .temperature = 1.3f, .top_p = 0.9f};
  Generator generator(models, encoder, options, 5);

  // By hand: a stepper and a context for each model, their softmax over the grammar in double.
  std::vector<Stepper> steppers(models.begin(), models.end());
  std::vector<TimestepFeatures> features;
  for (const PackedModel<float>& model : models) features.emplace_back(model.config().features.description);
  Sampler sampler(89, options, 5);
  auto state = encoder.start();
  Token last = encoder.start_token();
  for (int step = 0; step < 400; ++step) {
    std::vector<double> mean(89);
    for (std::size_t i = 0; i < models.size(); ++i) {
      const auto logits = steppers[i].step(last, features[i].rows());
      double total = 0;
      for (Token token = 0; token < 89; ++token)
        if (encoder.allowed(state, token)) total += std::exp(static_cast<double>(logits[token]));
      for (Token token = 0; token < 89; ++token)
        if (encoder.allowed(state, token))
          mean[token] += std::exp(static_cast<double>(logits[token])) / total;
    }
    std::vector<float> logits;
    for (const double p : mean) logits.push_back(static_cast<float>(std::log(p / 3)));
    last = sampler.sample(logits, [&](Token token) { return encoder.allowed(state, token); });
    for (auto& each : features) each.advance(last);
    state = encoder.advance(state, last);
    REQUIRE(generator.next() == last);
  }
}

TEST_CASE("An ensemble generates in a batch what each sequence gets alone", "[generate][ensemble]") {
  const std::vector<PackedModel<float>> models = unequal();
  const TimestepEncoder encoder({.steps_per_quarter = 4});
  const std::vector<Token> primer = {60, 50, 88, 40};
  ThreadPool threads(3);
  BatchGenerator batch(models, encoder, {}, 5, 9, threads);
  batch.prime(primer);
  // Of different lengths, so that rows of the steppers change places.
  std::vector<std::vector<Token>> sequences(9);
  batch.run([](int, const auto&, Token) { return true; },
            [&](int i, const auto&, Token token, const auto&) {
              sequences[static_cast<std::size_t>(i)].push_back(token);
              return sequences[static_cast<std::size_t>(i)].size() < 20 + 15 * static_cast<std::size_t>(i);
            });
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    Generator alone(models, encoder, {}, 5, i);
    alone.prime(primer);
    for (const Token token : sequences[i]) REQUIRE(alone.next() == token);
  }
}

TEST_CASE("A model twice generates what it does alone", "[generate][ensemble]") {
  const std::vector<PackedModel<float>> twice = {untrained_member(3), untrained_member(3)};
  Generator one(twice.front(), TimestepEncoder(), {}, 5), two(twice, TimestepEncoder(), {}, 5);
  for (int i = 0; i < 300; ++i) REQUIRE(two.next() == one.next());
}

TEST_CASE("Several models go back together", "[generate][ensemble]") {
  const std::vector<PackedModel<float>> models = unequal();
  const SamplerOptions most_probable{.argmax = 1};
  Generator generator(models, TimestepEncoder(), most_probable, 5);
  for (int i = 0; i < 20; ++i) generator.next();
  const Generator earlier = generator;
  std::vector<Token> once, again;
  for (int i = 0; i < 50; ++i) once.push_back(generator.next());
  generator.restore(earlier);
  for (int i = 0; i < 50; ++i) again.push_back(generator.next());
  CHECK(again == once);
}

TEST_CASE("Generating with several models takes no memory, no lock and no system call",
          "[generate][realtime]") {
  const std::vector<PackedModel<float>> models = unequal();
  Generator generator(models, TimestepEncoder(), {.temperature = 0.9f}, 5);
  const std::vector<Token> primer = {60, 50, 88};
  CHECK(tests::counted([&] {
          generator.prime(primer);
          for (long i = 0; i < tests::realtime_calls(1000); ++i) generator.next();
        }) == tests::RealtimeCounts{});
}

TEST_CASE("Models that can't speak together are refused", "[generate][ensemble]") {
  const std::vector<PackedModel<float>> none;
  CHECK(error_of([&] { const Ensemble all(none); }) == "an ensemble needs at least one model");
  GruModel<float> network({.vocab_size = 90, .embedding_size = 2, .hidden_size = 2});
  const std::vector<PackedModel<float>> models = {untrained_member(3), PackedModel<float>(network.config)};
  CHECK(error_of([&] { const Ensemble all(models); }) ==
        "an ensemble of models with vocabularies of 89 and 90 tokens");
  CHECK(error_of([&] { Generator(models.back(), TimestepEncoder(), {}, 1); }) ==
        "a model of 90 tokens with an encoder of 89");
  // A model with features is not asked for them by an encoder that is not its own.
  const ModelConfig config{.vocab_size = 89,
                           .embedding_size = 2,
                           .hidden_size = 2,
                           .features = AnyEncoder(TimestepEncoder()).features("index")};
  const PackedModel<float> featured(config);
  ThreadPool threads(1);
  CHECK(error_of([&] { Generator(featured, IdEncoder(12), {}, 1); }) ==
        "a model of 89 tokens with an encoder of 12");
  const std::string another =
      "a model of another encoder: features \"index\" are requested, but this encoder has none";
  CHECK(error_of([&] { Generator(featured, IdEncoder(89), {}, 1); }) == another);
  CHECK(error_of([&] { BatchGenerator(featured, IdEncoder(89), {}, 1, 2, threads); }) == another);
}
