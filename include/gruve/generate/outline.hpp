#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// The outline of a piece while it is generated: which of its bars return, and where it ends. It follows the
/// new tokens of one sequence. The primary template is for encoders whose tokens say nothing
/// of it; the specialisation for EventEncoder has the same members.
template <Grammar Encoder>
class Outline {
 public:
  explicit Outline(const Encoder&, std::span<const int> = {}) noexcept {}
  /// Whether a token may follow a state in which `rest` of the piece is left.
  template <class Amount>
  bool accepts(const typename Encoder::State&, Token, double /*rest*/, Amount&&) const noexcept {
    return true;
  }
  /// Takes the token.
  void advance(Token) noexcept {}
  /// Whether the piece has ended in a state; where it ends is not known of these encoders.
  bool is_over(const typename Encoder::State&) const noexcept { return false; }
  /// Whether bars must follow a state, however long the piece is.
  bool is_ending(const typename Encoder::State&) const noexcept { return false; }
};

/// The outline of a piece in the event format with EventOptions::form. The tokens for the number of bars that
/// are left come where the piece's length says so, to the nearest bar, and nowhere else; the first bar, which
/// has the piece's metre and tempo, has none unless it is the only one.
template <>
class Outline<EventEncoder> {
 public:
  /// encoder  must outlive the outline
  /// lags     for each new bar the number of bars back to the one that it returns to, up to
  ///          EventEncoder::kFarthest, 0 for a new one; the model decides on bars behind the last. Must
  ///          outlive the outline
  explicit Outline(const EventEncoder& encoder, std::span<const int> lags = {}) noexcept
      : encoder_(&encoder), lags_(lags) {}

  /// Whether a token may follow a state in which `rest` of the piece is left. At least one grammatical token
  /// may.
  ///
  /// amount_of  amount_of(state, token): what a token adds, in the unit of `rest`
  template <class Amount>
  bool accepts(const EventEncoder::State& state, Token token, double rest,
               Amount&& amount_of) const noexcept {
    using Kind = EventEncoder::Kind;
    if (!encoder_->options().form) return true;
    const bool begins = state.last == Kind::end_of_bar;
    if (!begins && state.last != Kind::left) return true;
    const EventEncoder::Event event = encoder_->event(token);
    if (begins && state.left < 0) {
      constexpr int kMost = EventEncoder::kMostLeft;
      const double bars = rest / amount_of(state, encoder_->token({Kind::end_of_bar, 0}));
      // How long the bars are is not known before the first one has the piece's metre and tempo.
      const bool is_known = state.bars > 0 || bars < 1.5;
      if (is_known && bars < kMost + 0.5)
        return event.kind == Kind::left && event.value == (std::max)(1, static_cast<int>(std::lround(bars)));
      if (event.kind == Kind::left) return false;
    }
    if (bar_ >= lags_.size()) return true;
    const int lag = lags_[bar_] <= state.bars ? lags_[bar_] : 0;
    if (lag == state.lag) return event.kind != Kind::repeat;
    return event.kind == Kind::repeat && event.value == lag;
  }

  /// Takes the token.
  void advance(Token token) noexcept { bar_ += token == encoder_->start_token() ? 1 : 0; }

  /// Whether the piece has ended in a state.
  bool is_over(const EventEncoder::State& state) const noexcept { return encoder_->is_over(state); }
  /// Whether bars must follow a state, however long the piece is.
  bool is_ending(const EventEncoder::State& state) const noexcept { return state.left > 0; }

 private:
  const EventEncoder* encoder_;
  std::span<const int> lags_;
  std::size_t bar_ = 0;
};

}  // namespace gruve::inline v0_2
