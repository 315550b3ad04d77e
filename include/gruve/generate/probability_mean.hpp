#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "gruve/core/aligned.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// The mean of the probabilities that several models give the allowed tokens, as logits, so that a Sampler
/// can draw from it. The constructor allocates; the other functions allocate nothing and don't throw.
///
/// Cost: for each model a softmax over V, then a logarithm for each token with a probability above 0.
/// Source: a linear opinion pool (Stone 1961).
class ProbabilityMean {
 public:
  /// vocab_size  V
  explicit ProbabilityMean(int vocab_size)
      : weights_(static_cast<std::size_t>(vocab_size)),
        mean_(static_cast<std::size_t>(vocab_size)),
        allowed_(static_cast<std::size_t>(vocab_size)) {}

  ProbabilityMean(const ProbabilityMean&) = default;  // nothing that it points to is its own
  ProbabilityMean(ProbabilityMean&&) = default;
  ProbabilityMean& operator=(const ProbabilityMean&) = default;
  ProbabilityMean& operator=(ProbabilityMean&&) = default;

  /// The logarithms [V] of the mean of the models' softmax over the allowed tokens; −∞ for the others. Valid
  /// until the next call.
  ///
  /// logits_of  logits_of(i) gives the logits [V] of model i
  /// allowed    whether a token is allowed; must be true for at least one. Called once for each token
  template <class LogitsOf, class Allowed>
  std::span<const float> operator()(std::size_t num_models, LogitsOf&& logits_of,
                                    Allowed&& allowed) noexcept {
    const float kNever = -std::numeric_limits<float>::infinity();
    std::fill(mean_.begin(), mean_.end(), 0.0f);
    for (std::size_t token = 0; token < allowed_.size(); ++token)
      allowed_[token] = allowed(static_cast<Token>(token)) ? 1 : 0;
    for (std::size_t i = 0; i < num_models; ++i) {
      const std::span<const float> logits = logits_of(i);
      for (std::size_t token = 0; token < weights_.size(); ++token)
        weights_[token] = allowed_[token] != 0 ? logits[token] : kNever;
      const float total = kernels_->softmax(static_cast<int>(weights_.size()), 1, weights_.data());
      const float scale = 1 / (total * static_cast<float>(num_models));
      for (std::size_t token = 0; token < mean_.size(); ++token) mean_[token] += scale * weights_[token];
    }
    for (float& value : mean_) value = value == 0 ? kNever : std::log(value);
    return mean_;
  }

  /// What allowed(token) returned in the last call.
  bool allows(Token token) const noexcept { return allowed_[token] != 0; }

 private:
  const kernels::Kernels<float>* kernels_ = &kernels::active();
  AlignedVector<float> weights_;       // [V]: a model's logits, then its unnormalised probabilities
  AlignedVector<float> mean_;          // [V]
  std::vector<std::uint8_t> allowed_;  // [V]
};

}  // namespace gruve::inline v0_2
