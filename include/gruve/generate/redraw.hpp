#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gruve/generate/generator.hpp"
#include "gruve/generate/outline.hpp"

namespace gruve::inline v0_2 {

/// Generates music as generate_music() does, in stretches, by rejection sampling. A stretch with a cost above
/// 0 is redrawn from its beginning, with at most `tries` attempts; if each of them has a cost above 0, the
/// cheapest is kept. So measures of a piece can be held in a range from which the model alone would drift.
/// If every cost is 0 the tokens are those of generate_music(). Allocates; copies the generator per attempt.
///
/// ends       the amount of music at which each stretch ends, ascending, above 0; the last one ends the music
/// tries      the maximum number of attempts per stretch, at least 1
/// cost       cost(tokens) of the last stretch, at least 0, given all tokens from the beginning of the music
/// amount_of  amount_of(state, token): what a token adds, as in generate_music()
/// lags       where bars return, as in generate_music()
template <MusicEncoder Encoder, class Cost, class Amount>
std::vector<Token> generate_stretches(Generator<Encoder>& generator, std::span<const double> ends, int tries,
                                      Cost&& cost, Amount&& amount_of, std::span<const int> lags = {}) {
  struct Attempt {
    Generator<Encoder> generator;  // after the tokens
    Outline<Encoder> outline;      // likewise
    std::vector<Token> tokens;     // from the beginning of the music
    double amount;                 // of the tokens
    double cost;
  };
  Attempt attempt{generator, Outline<Encoder>(generator.encoder(), lags), {}, 0, 0};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const Attempt begin = attempt;
    std::optional<Attempt> best;
    for (int count = 0; count < tries && (!best || best->cost > 0); ++count) {
      if (count > 0) {
        attempt.generator.restore(begin.generator);
        attempt.outline = begin.outline;
        attempt.tokens.resize(begin.tokens.size());
      }
      attempt.amount =
          begin.amount + internal::append_music(attempt.generator, attempt.outline, ends[i] - begin.amount,
                                                ends.back() - ends[i], amount_of, attempt.tokens);
      attempt.cost = cost(std::span<const Token>(attempt.tokens));
      if (!best || attempt.cost < best->cost) best = attempt;
    }
    // Continues with random numbers that no attempt has used.
    attempt.generator.restore(best->generator);
    attempt.outline = best->outline;
    attempt.tokens = best->tokens;
    attempt.amount = best->amount;
  }
  generator = attempt.generator;
  return attempt.tokens;
}

/// The same with stretches that end at timesteps.
///
///   const std::vector<std::int64_t> ends = {480, 960};
///   const auto too_dense = [](std::span<const Token> so_far) { return so_far.size() > 4000 ? 1.0 : 0.0; };
///   const std::vector<Token> piece = generate_stretches(generator, ends, 16, too_dense);
template <MusicEncoder Encoder, class Cost>
std::vector<Token> generate_stretches(Generator<Encoder>& generator, std::span<const std::int64_t> ends,
                                      int tries, Cost&& cost) {
  const std::vector<double> amounts(ends.begin(), ends.end());
  const Encoder& encoder = generator.encoder();
  return generate_stretches(generator, amounts, tries, cost,
                            [&](const typename Encoder::State& state, Token token) {
                              return static_cast<double>(encoder.steps(state, token));
                            });
}

}  // namespace gruve::inline v0_2
