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

/// The most bars by which the beginning of an ending is moved in generate_to_phrase_end().
inline constexpr int kMostBarsMoved = 2;

/// Generates music as generate_music() does, and ends it where the model would. A piece whose end is forced
/// upon it in the middle of a phrase does not come home; and one that slows down at its end becomes longer
/// than the tempo before says. So the piece goes on to the last bar at which its ending may begin,
/// kMostBarsMoved bars after the one that the amount asks for, and an ending is generated from each of the
/// 2 kMostBarsMoved + 1 bars. Of those with which the piece can be within a bar of the amount, it has the one
/// at whose bar the model gave an ending the highest probability; if there is none, the nearest to the
/// amount. A piece too short for so many has the nearest too. Copies the generator for each ending.
///
/// The encoder must have EventOptions::form.
///
/// stretch  factor, at least 1, by which the caller makes the piece longer or shorter afterwards
template <class Amount>
std::vector<Token> generate_to_phrase_end(Generator<EventEncoder>& generator, double amount,
                                          Amount&& amount_of, std::span<const int> lags = {},
                                          double stretch = 1) {
  using Kind = EventEncoder::Kind;
  constexpr int kLongest = EventEncoder::kMostLeft;  // bars of an ending
  constexpr double kReach = kMostBarsMoved + 0.5;
  const EventEncoder& encoder = generator.encoder();
  const Token end_of_bar = encoder.token({Kind::end_of_bar, 0});
  struct Ending {
    Generator<EventEncoder> generator;
    std::vector<Token> tokens;
    std::size_t num_before;  // tokens before them
    double rank;             // the lowest is taken
  };
  std::optional<Ending> best;
  std::vector<Token> tokens;
  Outline<EventEncoder> outline(encoder, lags);
  double left = amount;
  bool is_first = true, is_short = false;
  // Generates an ending of a number of bars from here.
  const auto try_ending = [&](int bars) {
    const double bar = amount_of(generator.state(), end_of_bar);
    Generator<EventEncoder> probe = generator;
    probe.next();
    const float probability = probe.probability(encoder.token({Kind::left, bars}));
    Ending ending{generator, {}, tokens.size(), 0};
    Outline<EventEncoder> rest = outline;
    const double made =
        internal::append_music(ending.generator, rest, bars * bar, 0, amount_of, ending.tokens);
    const double distance = std::abs(left - made) / bar, whole = amount - left + made;
    const bool is_near = distance - (stretch - 1) * whole / bar <= 1;
    ending.rank = is_short || !is_near ? distance : -probability;
    if (!best || ending.rank < best->rank) best = std::move(ending);
  };
  while (true) {
    const EventEncoder::State state = generator.state();
    const double bar = amount_of(state, end_of_bar), bars = left / bar;
    if (state.bars == 0 && bars < 1.5) break;
    if (state.last == Kind::end_of_bar && state.bars > 0) {
      if (state.left >= 0) break;
      if (is_first) is_short = bars < kLongest + kMostBarsMoved - 0.5;
      // Shorter endings than the longest are the way out where there is no earlier bar to begin it.
      for (int length = is_first ? 1 : kLongest; length <= kLongest; ++length)
        if (std::abs(bars - length) <= kReach) try_ending(length);
      if (bars < kLongest - kMostBarsMoved + 0.5) break;
      is_first = false;
    }
    constexpr double kFar = 1e9;  // bars: the ending does not begin yet
    tokens.push_back(
        generator.next([&](Token token) { return outline.accepts(state, token, kFar * bar, amount_of); }));
    outline.advance(tokens.back());
    left -= amount_of(state, tokens.back());
  }
  if (!best) {
    internal::append_music(generator, outline, left, 0, amount_of, tokens);
    return tokens;
  }
  generator = std::move(best->generator);
  tokens.resize(best->num_before);
  tokens.insert(tokens.end(), best->tokens.begin(), best->tokens.end());
  return tokens;
}

}  // namespace gruve::inline v0_2
