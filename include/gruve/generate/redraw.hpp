#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gruve/generate/generator.hpp"

namespace gruve {

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
  struct Way {
    Generator<Encoder> generator;  // at its end
    std::vector<Token> tokens;     // from the beginning of the music
    std::int64_t steps;            // that they take
    double cost;
  };
  Way way{generator, {}, 0, 0};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const Way begin = way;
    std::optional<Way> best;
    for (int attempt = 0; attempt < tries && (!best || best->cost > 0); ++attempt) {
      if (attempt > 0) {
        way.generator.go_back(begin.generator);
        way.tokens.resize(begin.tokens.size());
      }
      way.steps = begin.steps + internal::append_steps(way.generator, ends[i] - begin.steps,
                                                       i + 1 == ends.size(), way.tokens);
      way.cost = cost(std::span<const Token>(way.tokens));
      if (!best || way.cost < best->cost) best = way;
    }
    // Later draws must not be those that other ways have had.
    way.generator.go_back(best->generator);
    way.tokens = best->tokens;
    way.steps = best->steps;
  }
  generator = way.generator;
  return way.tokens;
}

}  // namespace gruve
