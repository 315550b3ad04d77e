#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "gruve/generate/controls.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/tokens/context.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

/// A sequence that is being generated, apart from the model: where the grammar, the context and the
/// controls stand, and the random numbers. Its functions allocate nothing, take no lock and don't throw.
template <TokenEncoder Encoder>
class Sequence {
 public:
  /// The same seed and stream give the same draws. Throws Error on options that are out of range.
  /// context  that the model is told
  Sequence(const Encoder& encoder, const ContextOptions& context, const SamplerOptions& options,
           const ControlOptions& controls, std::uint64_t seed, std::uint64_t stream)
      : sampler_(encoder.vocab_size(), options, seed, stream),
        controls_(encoder, controls),
        context_(context),
        state_(encoder.start()) {}

  /// Draws the next token from logits [V], among those for which also(token) holds, which must be so for one
  /// that the grammar allows.
  template <class Also>
  Token draw(const Encoder& encoder, std::span<const float> logits, Also&& also) noexcept {
    const auto allowed = [&](Token token) { return encoder.allowed(state_, token) && also(token); };
    if (!controls_.any()) {
      const Token token = sampler_.sample(logits, allowed);
      follow(encoder, token);
      return token;
    }
    controls_.keep(state_, allowed);
    const Token token = sampler_.sample(logits, [&](Token next) { return controls_.keeps(next); });
    advance(encoder, token, controls_.needs_probability() ? sampler_.probability(token) : 1);
    return token;
  }

  /// Takes a token of the vocabulary as if it had been drawn.
  void take(const Encoder& encoder, Token token) noexcept { advance(encoder, token, 1); }

  /// Makes this what `earlier`, a copy of it, was, but for the random numbers, which go on.
  void go_back(const Sequence& earlier) {
    sampler_.go_back(earlier.sampler_);
    controls_ = earlier.controls_;
    context_ = earlier.context_;
    state_ = earlier.state_;
  }

  /// Of the next token.
  ContextRows context() const noexcept { return context_.rows(); }

  const typename Encoder::State& state() const noexcept { return state_; }

 private:
  void advance(const Encoder& encoder, Token token, float probability) noexcept {
    controls_.advance(state_, token, probability);
    follow(encoder, token);
  }

  void follow(const Encoder& encoder, Token token) noexcept {
    context_.advance(token);
    state_ = encoder.advance(state_, token);
  }

  Sampler sampler_;
  Controls<Encoder> controls_;
  Context<Encoder> context_;
  typename Encoder::State state_;
};

}  // namespace gruve
