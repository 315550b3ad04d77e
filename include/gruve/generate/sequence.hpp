#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/core/state_bytes.hpp"
#include "gruve/generate/controls.hpp"
#include "gruve/generate/grammar_state.hpp"
#include "gruve/generate/probability_mean.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/tokens/context.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

/// A sequence that is being generated, apart from the models: where the grammar, the contexts and the
/// controls are, and the random numbers. The constructor allocates, and a copy for itself; the other
/// functions allocate nothing, take no lock and don't throw.
template <TokenEncoder Encoder>
class Sequence {
 public:
  /// The same seed and stream give the same draws. Throws Error on options that are out of range.
  /// contexts  what each of the models is told, at least one
  Sequence(const Encoder& encoder, const std::vector<ContextOptions>& contexts, const SamplerOptions& options,
           const ControlOptions& controls, std::uint64_t seed, std::uint64_t stream)
      : sampler_(encoder.vocab_size(), options, seed, stream),
        controls_(encoder, controls),
        mean_(contexts.size() > 1 ? encoder.vocab_size() : 0),
        contexts_(contexts.begin(), contexts.end()),
        state_(encoder.start()) {}

  /// Draws the next token.
  /// logits_of  logits_of(i) are the logits [V] of model i, which hold until that of the next is asked for
  /// filter     filter(token) restricts the choice further; it must accept a token that the grammar allows
  template <class LogitsOf, class Filter>
  Token draw(const Encoder& encoder, LogitsOf&& logits_of, Filter&& filter) noexcept {
    const auto grammatical = [&](Token token) { return encoder.allowed(state_, token); };
    const auto sample = [&](std::span<const float> logits, auto&& may_come) {
      const auto allowed = [&](Token token) { return may_come(token) && filter(token); };
      if (!controls_.any()) return sampler_.sample(logits, allowed);
      controls_.keep(state_, allowed);
      return sampler_.sample(logits, [&](Token token) { return controls_.keeps(token); });
    };
    const Token token = contexts_.size() == 1 ? sample(logits_of(std::size_t{0}), grammatical)
                                              : sample(mean_(contexts_.size(), logits_of, grammatical),
                                                       [&](Token next) { return mean_.allows(next); });
    advance(encoder, token, controls_.needs_probability() ? sampler_.probability(token) : 1);
    return token;
  }

  /// Takes a token of the vocabulary as if it had been drawn.
  void take(const Encoder& encoder, Token token) noexcept { advance(encoder, token, 1); }

  /// Makes this what `earlier`, a copy of it, was, but for the random numbers, which go on.
  void restore(const Sequence& earlier) noexcept {
    sampler_.restore(earlier.sampler_);
    controls_ = earlier.controls_;
    contexts_ = earlier.contexts_;
    state_ = earlier.state_;
  }

  /// As Sampler::set(), Controls::set() and Sampler::reseed().
  bool set(const SamplerOptions& options) noexcept { return sampler_.set(options); }
  bool set(const ControlOptions& options) noexcept { return controls_.set(options); }
  void reseed(std::uint64_t seed, std::uint64_t stream = 0) noexcept { sampler_.reseed(seed, stream); }

  /// Writes or reads all of the above but the options.
  void transfer(const Encoder& encoder, StateBytes& state) noexcept {
    transfer_kind(state, encoder);
    transfer_grammar(state, encoder, state_);
    sampler_.transfer(state);
    controls_.transfer(state);
    for (Context<Encoder>& context : contexts_) context.transfer(state);
  }

  /// What a model is told behind the last token.
  ContextRows context(std::size_t model) const noexcept { return contexts_[model].rows(); }

  const typename Encoder::State& state() const noexcept { return state_; }

 private:
  void advance(const Encoder& encoder, Token token, float probability) noexcept {
    controls_.advance(state_, token, probability);
    for (Context<Encoder>& context : contexts_) context.advance(token);
    state_ = encoder.advance(state_, token);
  }

  Sampler sampler_;
  Controls<Encoder> controls_;
  ProbabilityMean mean_;                    // of several models
  std::vector<Context<Encoder>> contexts_;  // of each model
  typename Encoder::State state_;
};

}  // namespace gruve
