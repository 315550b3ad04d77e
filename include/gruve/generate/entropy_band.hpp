#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include "gruve/core/aligned.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/kernels/dispatch.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// The band in which the mean entropy of the draws is held, in nats. The entropy of a model that repeats
/// itself in a loop keeps falling; that of a model that has lost the structure of the music keeps rising.
struct EntropyOptions {
  float min_entropy = 0;                                       // 0 for no lower edge
  float max_entropy = std::numeric_limits<float>::infinity();  // infinity for no upper edge
  float window = 64;                                           // tokens of the moving mean, at least 1
};
// clang-format on

namespace internal {

// Calls require(holds, sentence, value) for each rule that the options must satisfy.
template <class Require>
void check(const EntropyOptions& options, Require&& require) {
  const float low = options.min_entropy, high = options.max_entropy;
  require(low >= 0 && std::isfinite(low), "min-entropy must be a number of nats from 0", low);
  require(high >= low, "max-entropy must be a number of nats, at least min-entropy", high);
  require(options.window >= 1 && std::isfinite(options.window),
          "entropy-window must be a number of tokens from 1", options.window);
}

}  // namespace internal

/// Holds the mean entropy m of the distributions that tokens are drawn from inside a band, by changing the
/// temperature.
///
///   m' = m + (H(T) − m) / n      n the window, or the number of draws so far where that is smaller
///   H(T) = −Σ p ln p             p = softmax(logits / T)
///
/// The temperature is the requested one if m' then lies in the band. Otherwise it is the T at which m' is on
/// the nearer edge. dH/dT = Var(logits / T) / T ≥ 0, so there is at most one such T; it is found by bisection
/// in ln T, from a quarter to four times the requested temperature. If no T in that range reaches the edge,
/// the end of the range nearest to it is used, and m' is set to the edge: with one allowed token the entropy
/// is 0 at any temperature, and later draws should not compensate for it.
///
/// The constructor allocates; the other functions allocate nothing and don't throw.
///
/// Source: the idea is that of Mirostat (Basu et al. 2021, arXiv:2007.14966), which controls the surprisal of
/// the drawn tokens by cutting off improbable ones. Here the expected surprisal is controlled and no token is
/// cut off, since a grammar of music allows only few tokens.
class EntropyBand {
 public:
  /// A band before the first draw. Throws Error on options out of range.
  EntropyBand(int vocab_size, const EntropyOptions& options)
      : options_(options), weights_(static_cast<std::size_t>(vocab_size)) {
    internal::check(options, [](bool holds, const char* sentence, float value) {
      if (!holds) internal::raise(Error(sentence + std::string(", not ") + std::to_string(value)));
    });
  }

  EntropyBand(const EntropyBand&) = default;  // nothing that it points to is its own
  EntropyBand(EntropyBand&&) = default;
  EntropyBand& operator=(const EntropyBand&) = default;
  EntropyBand& operator=(EntropyBand&&) = default;

  /// Sets the options from the next draw on; they must be in range. The mean entropy so far is kept, clamped
  /// to the new band.
  void set(const EntropyOptions& options) noexcept {
    options_ = options;
    if (draws_ > 0) mean_ = std::clamp(mean_, options.min_entropy, options.max_entropy);
  }

  /// Whether the band has an edge, so that temperature() may change the temperature.
  bool any() const noexcept {
    return options_.min_entropy > 0 || options_.max_entropy < std::numeric_limits<float>::infinity();
  }

  /// The temperature for the next draw. Each call adds one draw to the mean.
  ///
  /// logits [V]  −∞ for a token that may not be drawn
  /// requested   the temperature to use if the band allows it, above 0
  ///
  /// Cost: one softmax over V and its entropy if the requested temperature is used, otherwise 17.
  float temperature(std::span<const float> logits, float requested) noexcept {
    draws_ = std::fmin(draws_ + 1, options_.window);
    const float most =
        logits[static_cast<std::size_t>(kernels_->argmax(static_cast<int>(logits.size()), logits.data()))];
    const auto mean = [&](float t) { return mean_ + (entropy(logits, most, t) - mean_) / draws_; };
    float temperature = requested, found = mean(requested);
    if (found < options_.min_entropy || found > options_.max_entropy) {
      const bool is_low = found < options_.min_entropy;
      const float edge = is_low ? options_.min_entropy : options_.max_entropy;
      float low = is_low ? 0 : -kRange, high = is_low ? kRange : 0;  // of ln (T / requested)
      for (int i = 0; i < kHalvings; ++i) {
        const float middle = (low + high) / 2;
        (mean(requested * std::exp(middle)) < edge ? low : high) = middle;
      }
      temperature = requested * std::exp(is_low ? high : low);
      found = edge;
    }
    if (std::isfinite(found))  // else the logits are NaN
      mean_ = std::clamp(found, options_.min_entropy, options_.max_entropy);
    return temperature;
  }

  /// The mean entropy of the last draws, in nats.
  float mean() const noexcept { return mean_; }

  /// Writes or reads the mean and the number of draws in it.
  void transfer(StateBytes& state) noexcept {
    const auto is_valid = [](float value) { return value >= 0 && std::isfinite(value); };
    state.value(mean_, is_valid);
    state.value(draws_, is_valid);
  }

 private:
  static constexpr float kRange = 1.3862944f;  // ln 4
  static constexpr int kHalvings = 16;         // to a relative error of 2e-5 of the temperature

  // With weights w = exp(x / T − max) and their sum Z the entropy is ln Z − Σ w ln w / Z.
  float entropy(std::span<const float> logits, float most, float temperature) noexcept {
    std::copy(logits.begin(), logits.end(), weights_.begin());
    const float total = kernels_->softmax(static_cast<int>(logits.size()), 1 / temperature, weights_.data());
    float sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i)
      if (weights_[i] > 0) sum += weights_[i] * (logits[i] - most);
    return std::log(total) - sum / (total * temperature);
  }

  EntropyOptions options_;
  const kernels::Kernels<float>* kernels_ = &kernels::active();
  AlignedVector<float> weights_;  // [V], for entropy()
  float mean_ = 0;
  float draws_ = 0;
};

}  // namespace gruve::inline v0_2
