#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/state_bytes.hpp"
#include "gruve/generate/controls.hpp"
#include "gruve/generate/probability_mean.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/grammar_state.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// The state of a generated sequence without that of the models: grammar, features, controls and random
/// numbers. The constructor and copying allocate; the other functions allocate nothing, take no lock and
/// don't throw.
template <Grammar Encoder>
class Sequence {
 public:
  /// A sequence before the first token. The same seed and stream give the same draws. Throws Error on options
  /// that are out of range, and on features that the encoder does not have.
  ///
  /// features  of each model, at least one
  Sequence(const Encoder& encoder, const std::vector<Features>& features, const SamplerOptions& options,
           const ControlOptions& controls, std::uint64_t seed, std::uint64_t stream)
      : sampler_(encoder.vocab_size(), options, seed, stream),
        controls_(encoder, controls),
        mean_(features.size() > 1 ? encoder.vocab_size() : 0),
        state_(encoder.start()) {
    for (const Features& each : features) features_.push_back(feature_state(encoder, each.description));
  }

  /// Draws the next token.
  ///
  /// logits_of  logits_of(i) gives the logits [V] of model i, valid until its next call
  /// filter     filter(token) restricts the choice further; it must accept at least one grammatical token
  template <class LogitsOf, class Filter>
  Token draw(const Encoder& encoder, LogitsOf&& logits_of, Filter&& filter) noexcept {
    const auto grammatical = [&](Token token) { return encoder.allowed(state_, token); };
    const bool is_return = returns(encoder, state_);
    const auto sample = [&](std::span<const float> logits, auto&& may_come) {
      const auto allowed = [&](Token token) { return may_come(token) && filter(token); };
      if (!controls_.any()) return sampler_.sample(logits, allowed, is_return);
      controls_.keep(state_, allowed);
      return sampler_.sample(
          logits, [&](Token token) { return controls_.keeps(token); }, is_return);
    };
    const Token token = features_.size() == 1 ? sample(logits_of(std::size_t{0}), grammatical)
                                              : sample(mean_(features_.size(), logits_of, grammatical),
                                                       [&](Token next) { return mean_.allows(next); });
    advance(encoder, token, controls_.needs_probability() ? sampler_.probability(token) : 1);
    return token;
  }

  /// The probability of a token in the last draw: see Sampler::probability().
  float probability(Token token) noexcept { return sampler_.probability(token); }

  /// Reads a token of the vocabulary as if it had been drawn.
  void take(const Encoder& encoder, Token token) noexcept { advance(encoder, token, 1); }

  /// Restores the state of `earlier`, a copy of this sequence, except for the random numbers, which continue.
  void restore(const Sequence& earlier) noexcept {
    sampler_.restore(earlier.sampler_);
    controls_ = earlier.controls_;
    features_ = earlier.features_;
    state_ = earlier.state_;
  }

  /// Sets how tokens are drawn; see Sampler::set().
  bool set(const SamplerOptions& options) noexcept { return sampler_.set(options); }
  /// Sets the controls; see Controls::set().
  bool set(const ControlOptions& options) noexcept { return controls_.set(options); }
  /// Continues with other random numbers; see Sampler::reseed().
  void reseed(std::uint64_t seed, std::uint64_t stream = 0) noexcept { sampler_.reseed(seed, stream); }

  /// Writes or reads the whole state except for the options.
  void transfer(const Encoder& encoder, StateBytes& state) noexcept {
    transfer_kind(state, encoder);
    transfer_grammar(state, encoder, state_);
    sampler_.transfer(state);
    controls_.transfer(state);
    for (FeatureState& features : features_) transfer_features(state, features);
  }

  /// The features of a model at the last token.
  FeatureRows features(std::size_t model) const noexcept { return features_[model].rows(); }

  /// The grammar's state after the last token.
  const typename Encoder::State& state() const noexcept { return state_; }

 private:
  using FeatureState = decltype(feature_state(std::declval<const Encoder&>(), std::string()));

  void advance(const Encoder& encoder, Token token, float probability) noexcept {
    controls_.advance(state_, token, probability);
    for (FeatureState& features : features_) features.advance(token);
    state_ = encoder.advance(state_, token);
  }

  Sampler sampler_;
  Controls<Encoder> controls_;
  ProbabilityMean mean_;                     // if there are several models
  std::vector<FeatureState> features_ = {};  // of each model
  typename Encoder::State state_;
};

}  // namespace gruve::inline v0_2
