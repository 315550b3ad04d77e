#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "gruve/generate/generator.hpp"
#include "gruve/generate/outline.hpp"
#include "gruve/tokens/event_encoder.hpp"

namespace gruve::inline v0_2 {

/// The most bars by which generate_to_phrase_end() lengthens or shortens a piece.
inline constexpr int kMostBarsMoved = 2;

/// Generates music as generate_music() does, and ends it where the model would. A piece whose end is forced
/// upon it in the middle of a phrase does not come home. So the piece goes on to the last bar at which its
/// ending may begin, kMostBarsMoved bars after the one that the amount asks for; and then the ending begins
/// at that of the 2 kMostBarsMoved + 1 bars at which the model gave it the highest probability. Copies the
/// generator at each of them.
///
/// The encoder must have EventOptions::form. Of a piece too short for that, by the metre and the tempo of its
/// first bar, the end is that of generate_music().
template <class Amount>
std::vector<Token> generate_to_phrase_end(Generator<EventEncoder>& generator, double amount,
                                          Amount&& amount_of, std::span<const int> lags = {}) {
  using Kind = EventEncoder::Kind;
  const EventEncoder& encoder = generator.encoder();
  const Token ending = encoder.token({Kind::left, EventEncoder::kMostLeft});
  const Token end_of_bar = encoder.token({Kind::end_of_bar, 0});
  struct Place {
    Generator<EventEncoder> generator;
    Outline<EventEncoder> outline;
    std::size_t num_tokens;
    float probability;
  };
  std::optional<Place> best;
  std::vector<Token> tokens;
  Outline<EventEncoder> outline(encoder, lags);
  double left = amount;
  bool is_first = true;  // of the bar lines at which the piece may be too short
  while (true) {
    const EventEncoder::State state = generator.state();
    const double bars = left / amount_of(state, end_of_bar);
    if (state.bars == 0 && bars < 1.5) break;
    if (state.last == Kind::end_of_bar && state.bars > 0) {
      // Bars by which the piece would be too short if the ending began here.
      const double early = bars - EventEncoder::kMostLeft;
      if (early < -kMostBarsMoved - 0.5 || state.left >= 0) break;
      if (std::exchange(is_first, false) && early < kMostBarsMoved - 0.5) break;
      if (early <= kMostBarsMoved + 0.5) {
        Generator<EventEncoder> probe = generator;
        probe.next();
        const float probability = probe.probability(ending);
        if (!best || probability > best->probability)
          best = Place{generator, outline, tokens.size(), probability};
        if (early < -kMostBarsMoved + 0.5) break;
      }
    }
    constexpr double kFar = 1e9;  // bars: the ending does not begin yet
    const double later = kFar * amount_of(state, end_of_bar);
    tokens.push_back(
        generator.next([&](Token token) { return outline.accepts(state, token, later, amount_of); }));
    outline.advance(tokens.back());
    left -= amount_of(state, tokens.back());
  }
  if (best) {
    generator = best->generator;
    outline = best->outline;
    tokens.resize(best->num_tokens);
    left = EventEncoder::kMostLeft * amount_of(generator.state(), end_of_bar);
  }
  internal::append_music(generator, outline, left, 0, amount_of, tokens);
  return tokens;
}

}  // namespace gruve::inline v0_2
