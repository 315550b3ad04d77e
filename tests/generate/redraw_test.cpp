#include "gruve/generate/redraw.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "catch.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "untrained.hpp"

using namespace gruve;

namespace {

// Draws from a model that has learnt nothing.
template <MusicEncoder Encoder>
struct UntrainedWithEncoder {
  explicit UntrainedWithEncoder(Encoder of)
      : encoder(std::move(of)),
        packed(
            tests::untrained({.vocab_size = encoder.vocab_size(), .embedding_size = 8, .hidden_size = 24})) {}

  Generator<Encoder> generator(const SamplerOptions& options = {}) const {
    return {packed, encoder, options, 5, 0, nullptr, {.max_repeats = 2}};
  }

  Encoder encoder;
  PackedModel<float> packed;
};

template <MusicEncoder Encoder>
std::int64_t steps_of(const Encoder& encoder, std::span<const Token> tokens) {
  std::int64_t steps = 0;
  auto state = encoder.start();
  for (const Token token : tokens) {
    steps += encoder.steps(state, token);
    state = encoder.advance(state, token);
  }
  return steps;
}

template <MusicEncoder Encoder>
void check_stretches(const Encoder& encoder) {
  const UntrainedWithEncoder model(encoder);
  const std::vector<std::int64_t> ends = {160, 320, 400};
  const auto free = [](std::span<const Token>) { return 0.0; };
  Generator plain = model.generator(), in_stretches = model.generator();
  const std::vector<Token> tokens = generate_stretches(in_stretches, ends, 5, free);
  CHECK(tokens == generate_steps(plain, 400));
  // Both go on alike.
  for (int i = 0; i < 20; ++i) CHECK(in_stretches.next() == plain.next());

  // No stretch is free: of five attempts each the cheapest stays, and what comes next goes on from there.
  std::vector<std::vector<Token>> attempts;
  const auto cost = [&](std::span<const Token> so_far) {
    attempts.emplace_back(so_far.begin(), so_far.end());
    return 1.0 + so_far[so_far.size() / 2] % 7 + static_cast<double>(so_far.size() % 13);
  };
  Generator drawn = model.generator();
  const std::vector<Token> chosen = generate_stretches(drawn, ends, 5, cost);
  CHECK(count_violations(encoder, std::span<const Token>(chosen)) == 0);
  CHECK(encoder.at_boundary(drawn.state()));
  REQUIRE(attempts.size() == 15);
  const std::vector<std::vector<Token>> all = attempts;
  std::vector<Token> before;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(5 * i), last = first + 5;
    for (auto attempt = first; attempt != last; ++attempt) {
      CHECK(steps_of(encoder, *attempt) >= ends[i]);
      CHECK(std::equal(before.begin(), before.end(), attempt->begin()));
      CHECK(std::count(first, last, *attempt) == 1);
    }
    before = *std::min_element(first, last, [&](const auto& a, const auto& b) { return cost(a) < cost(b); });
  }
  CHECK(chosen == before);

  // As soon as a stretch is free it stays.
  attempts.clear();
  Generator lucky = model.generator();
  const std::vector<Token> third = generate_stretches(lucky, ends, 5, [&](std::span<const Token> so_far) {
    attempts.emplace_back(so_far.begin(), so_far.end());
    return attempts.size() % 3 == 0 ? 0.0 : 1.0;
  });
  CHECK(attempts.size() == 9);
  CHECK(third == attempts.back());
}

}  // namespace

TEST_CASE("A stretch that costs something is drawn again, in timesteps", "[generate][redraw]") {
  check_stretches(TimestepEncoder({.steps_per_quarter = 4}));
}

TEST_CASE("A stretch that costs something is drawn again, in events", "[generate][redraw]") {
  check_stretches(EventEncoder({.steps_per_quarter = 4}));
}

TEST_CASE("A generator restores all but its random numbers", "[generate][redraw]") {
  const UntrainedWithEncoder model(TimestepEncoder({.steps_per_quarter = 4}));
  for (const float argmax : {0.0f, 1.0f}) {
    Generator generator = model.generator({.argmax = argmax});
    generate_steps(generator, 30);
    const Generator earlier = generator;
    const std::vector<Token> once = generate_steps(generator, 50);
    generator.restore(earlier);
    CHECK((generate_steps(generator, 50) == once) == (argmax == 1));
  }
}
