#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/generate/controls.hpp"
#include "gruve/generate/probability_mean.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

/// A sequence that is being generated, apart from the models: the states of the grammar, of the features and
/// of the controls, and the random numbers. Its functions allocate nothing, take no lock and don't throw.
template <Grammar Encoder>
class Sequence {
 public:
  /// The same seed and stream give the same draws. Throws Error on options that are out of range, and on
  /// features that the encoder doesn't know. features  of each of the models, at least one
  Sequence(const Encoder& encoder, const std::vector<Features>& features, const SamplerOptions& options,
           const ControlOptions& controls, std::uint64_t seed, std::uint64_t stream)
      : sampler_(encoder.vocab_size(), options, seed, stream),
        controls_(encoder, controls),
        mean_(features.size() > 1 ? encoder.vocab_size() : 0),
        state_(encoder.start()) {
    for (const Features& each : features) features_.push_back(feature_state(encoder, each.description));
  }

  /// Draws the next token among those for which also(token) holds, which must be so for one that the grammar
  /// allows.
  /// logits_of  logits_of(i) are the logits [V] of model i, which hold until that of the next is asked for
  template <class LogitsOf, class Also>
  Token draw(const Encoder& encoder, LogitsOf&& logits_of, Also&& also) noexcept {
    const std::span<const float> logits =
        features_.size() == 1
            ? logits_of(std::size_t{0})
            : mean_(features_.size(), logits_of, [&](Token token) { return encoder.allowed(state_, token); });
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
    features_ = earlier.features_;
    state_ = earlier.state_;
  }

  /// The features of a model at the last token.
  FeatureRows features(std::size_t model) const noexcept { return features_[model].rows(); }

  const typename Encoder::State& state() const noexcept { return state_; }

 private:
  using FeatureState = decltype(feature_state(std::declval<const Encoder&>(), std::string()));

  void advance(const Encoder& encoder, Token token, float probability) noexcept {
    controls_.advance(state_, token, probability);
    follow(encoder, token);
  }

  void follow(const Encoder& encoder, Token token) noexcept {
    for (FeatureState& features : features_) features.advance(token);
    state_ = encoder.advance(state_, token);
  }

  Sampler sampler_;
  Controls<Encoder> controls_;
  ProbabilityMean mean_;                // of several models
  std::vector<FeatureState> features_;  // of each model
  typename Encoder::State state_;
};

}  // namespace gruve
