#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gruve/generate/generator.hpp"

namespace gruve::inline v0_1 {

/// Music as of generate_steps(), drawn in stretches. One that costs something is drawn again from where it
/// began, `tries` times in all at most; if each of them costs something the cheapest stays. So a piece can be
/// held to what is measured of it, where the model alone would drift away. With a cost of 0 the tokens are
/// those of generate_steps().
///
///   const std::vector<std::int64_t> ends = {480, 960};
///   const auto too_dense = [](std::span<const Token> so_far) { return so_far.size() > 4000 ? 1.0 : 0.0; };
///   const std::vector<Token> piece = generate_stretches(generator, ends, 16, too_dense);
///
/// ends   the timestep at which each stretch ends, rising from above 0; the last one ends the music
/// tries  at least 1
/// cost   what a stretch costs, 0 or above, given all tokens from the beginning to its end
template <MusicEncoder Encoder, class Cost>
std::vector<Token> generate_stretches(Generator<Encoder>& generator, std::span<const std::int64_t> ends,
                                      int tries, Cost&& cost) {
  struct Attempt {
    Generator<Encoder> generator;  // at its end
    std::vector<Token> tokens;     // from the beginning of the music
    std::int64_t steps;            // that they take
    double cost;
  };
  Attempt attempt{generator, {}, 0, 0};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const Attempt begin = attempt;
    std::optional<Attempt> best;
    for (int count = 0; count < tries && (!best || best->cost > 0); ++count) {
      if (count > 0) {
        attempt.generator.restore(begin.generator);
        attempt.tokens.resize(begin.tokens.size());
      }
      attempt.steps = begin.steps + internal::append_steps(attempt.generator, ends[i] - begin.steps,
                                                           i + 1 == ends.size(), attempt.tokens);
      attempt.cost = cost(std::span<const Token>(attempt.tokens));
      if (!best || attempt.cost < best->cost) best = attempt;
    }
    // Later draws must not be those that other attempts have had.
    attempt.generator.restore(best->generator);
    attempt.tokens = best->tokens;
    attempt.steps = best->steps;
  }
  generator = attempt.generator;
  return attempt.tokens;
}

}  // namespace gruve::inline v0_1
