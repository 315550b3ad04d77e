#include "gruve/generate/phrase_end.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <vector>

#include "catch.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/tokens/event_encoder.hpp"

using namespace gruve;

namespace {

const EventEncoder kFormEncoder({.steps_per_quarter = 4, .form = true});

// A model in which the ending's first token has a logit of its own.
GruModel<float> ending_model(float bias) {
  GruModel<float> model({.vocab_size = kFormEncoder.vocab_size(), .embedding_size = 8, .hidden_size = 16});
  initialize(model, 5);
  model.output.bias.data()[kFormEncoder.token({EventEncoder::Kind::left, EventEncoder::kMostLeft})] = bias;
  return model;
}

// The bars of the piece.
int bars_of(const std::vector<Token>& tokens) {
  int bars = 0;
  for (const Token token : tokens)
    bars += kFormEncoder.event(token).kind == EventEncoder::Kind::end_of_bar ? 1 : 0;
  return bars;
}

std::vector<Token> piece_of_bars(const PackedModel<float>& packed, double bars, std::uint64_t seed,
                                 double stretch = 1) {
  Generator generator(packed, kFormEncoder, {}, seed);
  const std::vector<Token> tokens = generate_to_phrase_end(
      generator, bars,
      [](const EventEncoder::State&, Token token) {
        return kFormEncoder.event(token).kind == EventEncoder::Kind::end_of_bar ? 1.0 : 0.0;
      },
      {}, stretch);
  CHECK(kFormEncoder.is_over(generator.state()));
  auto state = kFormEncoder.start();
  for (const Token token : tokens) {
    CHECK(kFormEncoder.allowed(state, token));
    state = kFormEncoder.advance(state, token);
  }
  return tokens;
}

}  // namespace

TEST_CASE("A piece ends within a bar of its length, where the ending is most probable",
          "[generate][ending]") {
  const PackedModel<float> packed(ending_model(0));
  std::vector<int> lengths(3, 0);
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const int bars = bars_of(piece_of_bars(packed, 24, seed));
    REQUIRE(std::abs(bars - 24) <= 1);
    ++lengths[static_cast<std::size_t>(bars - 23)];
  }
  for (const int count : lengths) CHECK(count > 0);  // this model has no favourite
  CHECK(piece_of_bars(packed, 24, 3) == piece_of_bars(packed, 24, 3));
  CHECK(std::abs(bars_of(piece_of_bars(packed, 23.5, 1)) - 23.5) == 0.5);
  // Lengths too short to choose in.
  for (const double bars : {1.0, 2.0, 3.0, 6.0, 8.0, 9.0, 10.0})
    CHECK(bars_of(piece_of_bars(packed, bars, 1)) == static_cast<int>(bars));

  // The shortest that can end at several bars.
  std::set<int> short_lengths;
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    short_lengths.insert(bars_of(piece_of_bars(packed, 11, seed)));
  CHECK(short_lengths == std::set{10, 11, 12});

  // Where the ending is as good as certain at each bar, the first is taken.
  const PackedModel<float> eager(ending_model(60));
  CHECK(bars_of(piece_of_bars(eager, 24, 1)) == 23);
  // What is made 5 % longer afterwards may have two bars less.
  CHECK(bars_of(piece_of_bars(eager, 24, 1, 1.05)) == 22);
}

TEST_CASE("A piece that slows down at its end is within a bar of its length", "[generate][ending]") {
  const PackedModel<float> packed(ending_model(0));
  // Each bar of the ending takes a quarter longer.
  const auto amount_of = [](const EventEncoder::State& state, Token token) {
    const bool is_bar = kFormEncoder.event(token).kind == EventEncoder::Kind::end_of_bar;
    return !is_bar ? 0.0 : state.left >= 0 ? 1.25 : 1.0;
  };
  const auto length_of = [&](const std::vector<Token>& tokens) {
    double length = 0;
    auto state = kFormEncoder.start();
    for (const Token token : tokens) {
      length += amount_of(state, token);
      state = kFormEncoder.advance(state, token);
    }
    return length;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Generator generator(packed, kFormEncoder, {}, seed), forced = generator;
    CHECK(std::abs(length_of(generate_to_phrase_end(generator, 24, amount_of)) - 24) <= 1);
    CHECK(length_of(generate_music(forced, 24, amount_of)) > 25);  // what it mends
  }
}

TEST_CASE("A short piece is as long as was asked for in the metre of its first bar", "[generate][ending]") {
  const auto quarters_of = [&](const EventEncoder::State& state, Token token) {
    return kFormEncoder.steps(state, token) / 4.0;
  };
  for (const int numerator : {2, 3, 6}) {
    // The model is certain to set a metre of so many quarter notes in the first bar, and sets no other later.
    const int index = *EventEncoder::metre_index(numerator, 4);
    GruModel<float> model = ending_model(0);
    model.output.bias.data()[kFormEncoder.token({EventEncoder::Kind::metre, index})] = 60;
    const PackedModel<float> packed(model);
    for (const double quarters : {1.0, 6.0, 12.0, 24.0, 60.0}) {
      Generator generator(packed, kFormEncoder, {}, 7, 0, nullptr,
                          {.limits = {.metres = MetreSet{1} << index}});
      double made = 0;
      auto state = kFormEncoder.start();
      for (const Token token : generate_to_phrase_end(generator, quarters, quarters_of)) {
        made += quarters_of(state, token);
        state = kFormEncoder.advance(state, token);
      }
      CAPTURE(numerator, quarters, made);
      const double bars = quarters / numerator;
      CHECK(std::fmod(made, numerator) == 0);
      CHECK(std::abs(made / numerator - bars) <= (bars < 1 ? 1 : bars < 10.5 ? 0.5 : 1));
    }
  }
}
