#include "gruve/generate/batch_generator.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "untrained.hpp"

using namespace gruve;

namespace {

PackedModel<float> untrained_of_size(int hidden_size, kernels::Precision precision = kernels::Precision::fp32,
                                     int num_layers = 2, const std::string& features = {}) {
  return tests::untrained({.vocab_size = 89,
                           .embedding_size = 8,
                           .hidden_size = hidden_size,
                           .num_layers = num_layers,
                           .features = AnyEncoder(TimestepEncoder()).features(features)},
                          3, kernels::active(precision));
}

std::vector<Token> tokens_at(int step, int count) {
  std::vector<Token> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<Token>((7 * step + 13 * i) % 89));
  return tokens;
}

}  // namespace

TEST_CASE("Sequences in a batch get the logits that each gets alone", "[generate][batch]") {
  const auto precision =
      GENERATE(kernels::Precision::fp32, kernels::Precision::bf16, kernels::Precision::int8);
  const int H = 70, B = 11;
  const PackedModel<float> model = untrained_of_size(H, precision);
  ThreadPool threads(3);
  BatchStepper batch(model, B, threads);
  std::vector<Stepper> single(B, Stepper(model));
  // Sums of some 100 numbers around 1 in another order; with 8 bits a single row is rounded to 16. Sets with
  // dot products of bfloat16 round the states of several sequences, not those of one, by up to 2⁻⁹ of each:
  // with weights up to 1 / √H that is some 2⁻⁹ of the states in a sum, and they stay below 1. Sets with dot
  // products of bytes round all states by up to 1 / 254 of the largest: a state that differs in its last bits
  // may come to another byte.
  const std::string name = kernels::active(precision).name;
  const bool rounds = name == "amx" || name == "avx512_bf16" || name == "avx512_vnni";
  const bool is_int8 = precision == kernels::Precision::int8;
  const float tolerance = rounds ? (is_int8 ? 1.0f / 254 : 0x1p-9f) : is_int8 ? 1e-4f : 1e-5f;
  for (int step = 0; step < 20; ++step) {
    const std::vector<Token> tokens = tokens_at(step, B);
    const std::span<const float> logits = batch.step(tokens);
    for (int i = 0; i < B; ++i) {
      const auto alone = single[static_cast<std::size_t>(i)].step(tokens[static_cast<std::size_t>(i)]);
      float worst = 0;
      for (std::size_t v = 0; v < alone.size(); ++v)
        worst = std::max(worst, std::abs(alone[v] - logits[static_cast<std::size_t>(i) * 89 + v]));
      CHECK(worst < tolerance);
    }
  }
}

TEST_CASE("What comes of a sequence depends on neither the others nor the threads", "[generate][batch]") {
  const std::string features = GENERATE("", "index,held,intervals,bar=4,repeat,outer");
  const PackedModel<float> model = untrained_of_size(33, kernels::Precision::fp32, 2, features);
  const TimestepEncoder encoder;
  const SamplerOptions options{.argmax = 0.3f};
  ThreadPool one(1);
  std::vector<std::vector<Token>> alone;
  for (std::uint64_t stream = 0; stream < 21; ++stream) {
    BatchGenerator generator(model, encoder, options, 5, 1, one, stream);
    alone.push_back(generate_tokens(generator, 150).front());
  }
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    BatchGenerator generator(model, encoder, options, 5, 21, pool);
    CHECK(generate_tokens(generator, 150) == alone);
  }
  CHECK(alone[0] != alone[1]);
}

TEST_CASE("A single sequence has the same bits for any number of threads", "[generate][stepper]") {
  for (const int H : {16, 48, 97, 200}) {
    const PackedModel<float> model = untrained_of_size(H);
    Stepper alone(model);
    for (const int threads : {2, 3, 7}) {
      ThreadPool pool(threads);
      Stepper first(model), shared(model, &pool);
      for (int step = 0; step < 5; ++step) {
        const auto a = first.step(static_cast<Token>(step)), b = shared.step(static_cast<Token>(step));
        CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
      }
    }
  }
}

TEST_CASE("Music in a batch obeys the grammar and has exactly the requested length", "[generate][batch]") {
  const PackedModel<float> model = untrained_of_size(24);
  const TimestepEncoder encoder({.steps_per_quarter = 4});
  ThreadPool threads(2);
  BatchGenerator generator(model, encoder, {.temperature = 3}, 1, 9, threads);
  const std::vector<Token> primer = {60, 50, 88, 40};
  generator.prime(primer);
  const auto sequences = generate_steps(generator, 50);
  REQUIRE(sequences.size() == 9);
  for (const std::vector<Token>& made : sequences) {
    std::vector<Token> tokens = primer;
    tokens.insert(tokens.end(), made.begin(), made.end());
    CHECK(count_violations(encoder, std::span<const Token>(tokens)) == 0);
    CHECK(std::count(made.begin(), made.end(), TimestepEncoder::kEndOfStep) == 50);
    CHECK(made[made.size() - 2] != TimestepEncoder::kEndOfStep);  // something sounds in the last timestep
  }
}

TEST_CASE("A batch is primed as a single sequence is", "[generate][batch]") {
  const PackedModel<float> model = untrained_of_size(24);
  ThreadPool threads(1);
  BatchGenerator batch(model, TimestepEncoder(), {.argmax = 1}, 1, 2, threads);
  Generator single(model, TimestepEncoder(), {.argmax = 1}, 1);
  const std::vector<Token> primer = {70, 60, 88, 65, 88};
  batch.prime(primer);
  single.prime(primer);
  const auto tokens = generate_tokens(single, 40);
  for (const auto& sequence : generate_tokens(batch, 40)) CHECK(sequence == tokens);
}
