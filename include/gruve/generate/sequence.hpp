#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/generate/controls.hpp"
#include "gruve/generate/probability_mean.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/tokens/context.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

/// A sequence that is being generated, apart from the models: where the grammar, the contexts and the
/// controls stand, and the random numbers. Its functions allocate nothing, take no lock and don't throw.
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

  /// Draws the next token among those for which also(token) holds, which must be so for one that the grammar
  /// allows.
  /// logits_of  logits_of(i) are the logits [V] of model i, which hold until that of the next is asked for
  template <class LogitsOf, class Also>
  Token draw(const Encoder& encoder, LogitsOf&& logits_of, Also&& also) noexcept {
    const std::span<const float> logits =
        contexts_.size() == 1
            ? logits_of(std::size_t{0})
            : mean_(contexts_.size(), logits_of, [&](Token token) { return encoder.allowed(state_, token); });
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
    contexts_ = earlier.contexts_;
    state_ = earlier.state_;
  }

  /// What a model is told behind the last token.
  ContextRows context(std::size_t model) const noexcept { return contexts_[model].rows(); }

  const typename Encoder::State& state() const noexcept { return state_; }

 private:
  void advance(const Encoder& encoder, Token token, float probability) noexcept {
    controls_.advance(state_, token, probability);
    follow(encoder, token);
  }

  void follow(const Encoder& encoder, Token token) noexcept {
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
