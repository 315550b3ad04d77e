#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "gruve/core/aligned.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/generate/candidates.hpp"
#include "gruve/generate/entropy_band.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// How a token is drawn from a model's logits. The defaults draw from the model's unchanged distribution.
struct SamplerOptions {
  float argmax = 0;       // probability, 0 to 1, that the most probable token is taken instead of a draw
  float temperature = 1;  // divides the logits; above 0. Below 1 probable tokens become more probable
  float return_temperature = 1;  // multiplies the temperature within parts that are like an earlier one: bars
                                 // that return (EventOptions::form); above 0. Below 1 they return more exactly
  int top_k = 0;          // draws only among the k most probable tokens; 0 for all (Fan et al. 2018)
  float top_p = 1;        // draws only among the fewest tokens that together have this probability, above 0,
                          // at most 1 (Holtzman et al. 2020)
  float min_p = 0;        // draws only among tokens with at least this fraction, 0 to 1, of the highest
                          // probability (Nguyen et al. 2024)
  EntropyOptions entropy = {};  // the band in which a change of temperature holds the draws' mean entropy
};
// clang-format on

namespace internal {

// Calls require(holds, sentence, value) for each rule that the options must satisfy.
template <class Require>
void check(const SamplerOptions& options, Require&& require) {
  require(options.argmax >= 0 && options.argmax <= 1, "argmax must be a probability from 0 to 1",
          options.argmax);
  require(options.temperature > 0 && std::isfinite(options.temperature),
          "temperature must be a number above 0", options.temperature);
  require(options.return_temperature > 0 && std::isfinite(options.return_temperature),
          "return-temperature must be a number above 0", options.return_temperature);
  require(options.top_k >= 0, "top-k must be 0 (for all) or a number of tokens", options.top_k);
  require(options.top_p > 0 && options.top_p <= 1, "top-p must be a probability above 0, at most 1",
          options.top_p);
  require(options.min_p >= 0 && options.min_p <= 1, "min-p must be a fraction from 0 to 1", options.min_p);
}

}  // namespace internal

/// Whether all options are in range. Allocates nothing.
inline bool is_valid(const SamplerOptions& options) noexcept {
  bool valid = true;
  const auto require = [&](bool holds, const char*, auto) { valid = valid && holds; };
  internal::check(options, require);
  internal::check(options.entropy, require);
  return valid;
}

/// Draws tokens from logits. Only allowed tokens are considered. Temperature, top-k, top-p and min-p apply in
/// this order, each to the tokens that the one before it has left; the most probable token always remains.
/// The entropy band measures the distribution after the temperature. Equal logits rank by token. Each draw
/// uses two random numbers, whatever the options.
///
/// The constructor allocates all memory, for any options, and copying allocates; the other functions allocate
/// nothing, take no lock and don't throw.
class Sampler {
 public:
  /// A sampler for a vocabulary of V = vocab_size tokens. The same seed and stream give the same draws.
  /// Throws Error with the name of an option that is out of range.
  Sampler(int vocab_size, const SamplerOptions& options, std::uint64_t seed, std::uint64_t stream = 0)
      : options_(options),
        rng_(seed, stream),
        band_(vocab_size, options.entropy),
        weights_(static_cast<std::size_t>(vocab_size)),
        candidates_(static_cast<std::size_t>(vocab_size)) {
    internal::check(options, [](bool holds, const char* sentence, auto value) {
      if (!holds) internal::raise(Error(sentence + std::string(", not ") + std::to_string(value)));
    });
  }

  Sampler(const Sampler&) = default;  // nothing that it points to is its own
  Sampler(Sampler&&) = default;
  Sampler& operator=(const Sampler&) = default;
  Sampler& operator=(Sampler&&) = default;

  /// Sets the options from the next draw on; the mean entropy and the random numbers continue. Returns false,
  /// and changes nothing, if an option is out of range.
  bool set(const SamplerOptions& options) noexcept {
    if (!is_valid(options)) return false;
    options_ = options;
    band_.set(options.entropy);
    return true;
  }

  /// Continues with another stream of random numbers, from the first of them.
  void reseed(std::uint64_t seed, std::uint64_t stream = 0) noexcept { rng_ = Rng(seed, stream); }

  /// Draws a token.
  ///
  /// logits   [V]
  /// allowed  allowed(token): whether the token may be drawn; must be true for at least one
  /// returns  whether the return temperature holds
  ///
  /// Cost: O(V), with any options: one call of `allowed` per token and one softmax. With top-k, top-p or
  /// min-p the candidates are also ranked (see internal::Candidates); with an entropy band there are up to 17
  /// more softmaxes.
  template <class Allowed>
  Token sample(std::span<const float> logits, Allowed&& allowed, bool returns = false) noexcept {
    constexpr float kNever = -std::numeric_limits<float>::infinity();
    const int V = static_cast<int>(weights_.size());
    last_allowed_ = 0;
    for (std::size_t token = 0; token < weights_.size(); ++token) {
      const bool may = allowed(static_cast<Token>(token));
      weights_[token] = may ? logits[token] : kNever;
      if (may) last_allowed_ = static_cast<Token>(token);
    }
    const float choice = rng_.uniform(), draw = rng_.uniform();
    total_ = 0;
    temperature_ = options_.temperature * (returns ? options_.return_temperature : 1);
    if (choice < options_.argmax) {
      const auto token = static_cast<Token>(kernels_->argmax(V, weights_.data()));
      return weights_[token] > kNever ? token : last_allowed_;
    }
    if (band_.any()) temperature_ = band_.temperature(weights_, temperature_);
    total_ = kernels_->softmax(V, inverse_temperature(), weights_.data());
    if (options_.top_k > 0 || options_.top_p < 1 || options_.min_p > 0) return draw_filtered(draw);
    float left = draw * total_;
    for (std::size_t token = 0; token < weights_.size(); ++token) {
      left -= weights_[token];
      if (left < 0) return static_cast<Token>(token);
    }
    // Rounding left `left` at or above 0: the last token with a weight.
    for (std::size_t token = weights_.size(); token-- > 0;)
      if (weights_[token] > 0) return static_cast<Token>(token);
    return last_allowed_;  // the logits are NaN
  }

  /// The probability of a token in the distribution of the last call of sample(), after the temperature and
  /// before top-k, top-p and min-p. Must not be called before sample().
  float probability(Token token) noexcept {
    if (total_ == 0)
      total_ = kernels_->softmax(static_cast<int>(weights_.size()), inverse_temperature(), weights_.data());
    return weights_[token] / total_;
  }

  /// Restores the state of `earlier`, a copy of this sampler, except for the random numbers, which continue.
  void restore(const Sampler& earlier) noexcept {
    const Rng rng = rng_;
    *this = earlier;
    rng_ = rng;
  }

  /// Writes or reads all that the next draws depend on, except for the options.
  void transfer(StateBytes& state) noexcept {
    rng_.transfer(state);
    band_.transfer(state);
  }

 private:
  using Candidate = internal::Candidate;

  // All sums run over the candidates by rank, so that rounding does not depend on how they were found.
  Token draw_filtered(float draw) noexcept {
    const bool nucleus = options_.top_p < 1;
    const float most = weights_[static_cast<std::size_t>(
        kernels_->argmax(static_cast<int>(weights_.size()), weights_.data()))];
    if (!(most > 0)) return last_allowed_;
    // Candidates that cannot be drawn need not be ranked.
    float least = 0;
    if (options_.top_k > 0)
      least = candidates_.least_of(static_cast<std::size_t>(options_.top_k), weights_);
    else if (nucleus)
      least = most * 0x1p-25f;  // a smaller weight is below half an ulp of any sum that contains `most`
    if (!nucleus) least = (std::max)(least, options_.min_p * most);

    std::span<const Candidate> left_over = candidates_.rank(weights_, least);
    if (options_.top_k > 0) left_over = first(left_over, static_cast<std::size_t>(options_.top_k));
    if (nucleus) {
      const float mass = options_.top_p * total(left_over);
      std::size_t count = 0;
      for (float sum = 0; count < left_over.size() && sum < mass; ++count) sum += left_over[count].weight();
      left_over = first(left_over, std::max<std::size_t>(count, 1));
    }
    const float threshold = options_.min_p * most;
    std::size_t count = left_over.size();
    while (count > 1 && left_over[count - 1].weight() < threshold) --count;
    left_over = first(left_over, count);
    float left = draw * total(left_over);
    for (const Candidate candidate : left_over) {
      left -= candidate.weight();
      if (left < 0) return candidate.token();
    }
    return left_over.back().token();
  }

  static std::span<const Candidate> first(std::span<const Candidate> candidates, std::size_t count) noexcept {
    return candidates.first((std::min)(count, candidates.size()));
  }

  static float total(std::span<const Candidate> candidates) noexcept {
    float sum = 0;
    for (const Candidate candidate : candidates) sum += candidate.weight();
    return sum;
  }

  // Finite, for any temperature above 0.
  float inverse_temperature() const noexcept {
    return (std::min)(1 / temperature_, (std::numeric_limits<float>::max)());
  }

  SamplerOptions options_;
  Rng rng_;
  EntropyBand band_;
  const kernels::Kernels<float>* kernels_ = &kernels::active();
  AlignedVector<float> weights_;  // [V]: logits (−∞ if not allowed), then unnormalised probabilities
  float total_ = 0;               // of the probabilities; 0 while weights_ are logits
  float temperature_ = 1;         // of the last draw
  Token last_allowed_ = 0;
  internal::Candidates candidates_;
};

}  // namespace gruve::inline v0_2
