#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/generate/limits.hpp"
#include "gruve/generate/loop_guard.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Constraints on generated music that prevent loops and drift in long pieces. By default there are none.
struct ControlOptions {
  LimitOptions limits = {};  // on notes and silence
  int max_repeats = 0;       // how often the same one to eight bars may sound in a row; 0 for any number
};

/// Finds the grammatical tokens that may come next: those that break no limit and continue no loop. If every
/// grammatical token breaks one, the tokens with the least severe breach may come, so that one always may.
/// Severity, from the highest to the lowest: scale and range, keys at once, longest note, silence, loops,
/// density.
///
/// The constructor allocates all memory, for any options; the other functions allocate nothing and don't
/// throw. keep() costs O(V), advance() a fixed time.
template <Grammar Encoder>
class Controls {
 public:
  /// The controls at the beginning of a sequence. Throws Error on options that are out of range or that this
  /// encoder does not support.
  Controls(const Encoder& encoder, const ControlOptions& options)
      : limits_(encoder, options.limits),
        loops_(options.max_repeats, limits_.bar_capacity(options.limits), limits_.bar_room()),
        breaches_(static_cast<std::size_t>(encoder.vocab_size())) {
    if (options.max_repeats > 0 && loops_.room() == 0)
      internal::raise(Error("max-repeats needs an encoder with bars"));
  }

  /// Applies other options from the next token on. Earlier notes and bars are taken into account; the
  /// probabilities of tokens that were drawn without max_repeats are unknown and treated as 1. Returns false,
  /// and changes nothing, on options that the constructor refuses, and on a metre whose bars need more memory
  /// than both those of the constructor's metre and bars of twelve quarter notes.
  bool set(const ControlOptions& options) noexcept {
    if (!limits_.accepts(options.limits) || !LoopGuard::is_valid(options.max_repeats) ||
        (options.max_repeats > 0 && loops_.room() == 0))
      return false;
    limits_.set(options.limits);
    loops_.set(options.max_repeats, limits_.bar_capacity(options.limits));
    return true;
  }

  /// Whether any control is enabled.
  bool any() const noexcept { return limits_.any() || loops_.any(); }

  /// Prepares keeps() for a state of the grammar: it is then true for one or more of the tokens for which
  /// allowed(token) is true, and for no others.
  template <class Allowed>
  void keep(const typename Encoder::State& state, Allowed&& allowed) noexcept {
    least_ = breach::kNotMusic - 1;
    for (std::size_t i = 0; i < breaches_.size(); ++i) {
      const auto token = static_cast<Token>(i);
      const unsigned found =
          !allowed(token) ? breach::kNotMusic
                          : limits_.breaches(state, token) | (loops_.forbids(token) ? breach::kLoop : 0);
      breaches_[i] = static_cast<std::uint8_t>(found);
      least_ = (std::min)(least_, found);
    }
  }

  /// Whether a token may come next, according to the last call of keep().
  bool keeps(Token token) const noexcept { return breaches_[token] == least_; }

  /// Takes the token that follows a state.
  ///
  /// probability  with which the token was drawn; 1 if unknown
  void advance(const typename Encoder::State& state, Token token, float probability) noexcept {
    const bool ends_bar = limits_.advance(state, token);
    loops_.advance(token, probability);
    if (ends_bar) loops_.end_bar();
  }

  /// Whether advance() needs the token's probability.
  bool needs_probability() const noexcept { return loops_.any(); }

  /// Writes or reads the state of limits and loops.
  void transfer(StateBytes& state) noexcept {
    limits_.transfer(state);
    loops_.transfer(state);
  }

 private:
  Limits<Encoder> limits_;
  LoopGuard loops_;
  std::vector<std::uint8_t> breaches_;  // [V]
  unsigned least_ = 0;
};

}  // namespace gruve::inline v0_2
