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

namespace gruve::inline v0_1 {

/// What keeps a long piece from going round in circles or astray. The defaults keep nothing.
struct ControlOptions {
  LimitOptions limits = {};
  int max_repeats = 0;  // how often the same one to eight bars may sound in a row; 0 for ever
};

/// Says which of the tokens that the grammar allows may come next: those that break no limit and close no
/// loop. Where each of them does, those that do the least harm, so that always one may come: what weighs more
/// is kept before what weighs less, in the order scale and range, keys at once, longest note, silence, loops,
/// density.
///
/// All memory is allocated by the constructor, for any options: the other functions allocate nothing and
/// don't throw. keep() costs O(V), advance() a fixed time.
template <Grammar Encoder>
class Controls {
 public:
  /// Throws Error on options out of range, and on any that this encoder doesn't support.
  Controls(const Encoder& encoder, const ControlOptions& options)
      : limits_(encoder, options.limits),
        loops_(options.max_repeats, limits_.bar_capacity(options.limits), limits_.bar_room()),
        breaches_(static_cast<std::size_t>(encoder.vocab_size())) {
    if (options.max_repeats > 0 && loops_.room() == 0) throw Error("max-repeats needs an encoder with bars");
  }

  /// Keeps other options from the next token on; the music before counts as far as it is known: its notes and
  /// bars are, but not how probable the tokens were that were drawn without max_repeats. False, and nothing
  /// changed, on options that the constructor refuses, and on a metre whose bars need more room than those of
  /// the metre that it was given, or twelve quarter notes.
  bool set(const ControlOptions& options) noexcept {
    if (!limits_.accepts(options.limits) || !LoopGuard::is_valid(options.max_repeats) ||
        (options.max_repeats > 0 && loops_.room() == 0))
      return false;
    limits_.set(options.limits);
    loops_.set(options.max_repeats, limits_.bar_capacity(options.limits));
    return true;
  }

  /// Whether anything is to be kept.
  bool any() const noexcept { return limits_.any() || loops_.any(); }

  /// Looks at all tokens of the vocabulary in a state of the grammar: of those for which allowed(token)
  /// holds, keeps() is true of some, and of no other.
  template <class Allowed>
  void keep(const typename Encoder::State& state, Allowed&& allowed) noexcept {
    least_ = breach::kNotMusic - 1;
    for (std::size_t i = 0; i < breaches_.size(); ++i) {
      const auto token = static_cast<Token>(i);
      const unsigned found =
          !allowed(token) ? breach::kNotMusic
                          : limits_.breaches(state, token) | (loops_.forbids(token) ? breach::kLoop : 0);
      breaches_[i] = static_cast<std::uint8_t>(found);
      least_ = std::min(least_, found);
    }
  }

  bool keeps(Token token) const noexcept { return breaches_[token] == least_; }

  /// Goes on from a state by a token, which had that probability.
  void advance(const typename Encoder::State& state, Token token, float probability) noexcept {
    const bool ends_bar = limits_.advance(state, token);
    loops_.advance(token, probability);
    if (ends_bar) loops_.end_bar();
  }

  /// Whether advance() needs to know how probable a token was.
  bool needs_probability() const noexcept { return loops_.any(); }

  /// Writes or reads where the music is.
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

}  // namespace gruve::inline v0_1
