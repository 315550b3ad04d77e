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

namespace gruve::inline v0_1 {

/// How uncertain draws are kept to be, in nats. A model caught in a loop grows ever more certain, one that
/// has lost its way ever less.
struct EntropyOptions {
  float min_entropy = 0;                                       // 0 for no lower edge
  float max_entropy = std::numeric_limits<float>::infinity();  // infinity for no upper edge
  float window = 64;  // tokens, at least 1: 1 keeps each draw by itself in the band, more their moving mean
};

namespace internal {

// Calls require(holds, sentence, value) for each rule that the options must keep.
template <class Require>
void check(const EntropyOptions& options, Require&& require) {
  const float low = options.min_entropy, high = options.max_entropy;
  require(low >= 0 && std::isfinite(low), "min-entropy must be a number of nats from 0", low);
  require(high >= low, "max-entropy must be a number of nats, at least min-entropy", high);
  require(options.window >= 1 && std::isfinite(options.window),
          "entropy-window must be a number of tokens from 1", options.window);
}

}  // namespace internal

/// Keeps the mean entropy m of the distributions that tokens are drawn from inside a band, by the
/// temperature.
///
///   m' = m + (H(T) − m) / n      n the window, or the number of draws so far where that is smaller
///   H(T) = −Σ p ln p             p = softmax(logits / T)
///
/// The temperature is the wanted one where m' lies in the band with it. Otherwise it is the T for which m' is
/// the edge: as dH/dT = Var(logits / T) / T ≥ 0 there is one at most, found by bisection in ln T, and looked
/// for from a quarter to four times the wanted temperature. Where none of those does it, the nearest is taken
/// and m' counts as on the edge: no heat makes a choice of a single token uncertain, and later ones needn't
/// make up for it.
///
/// Mirostat (Basu et al. 2021, arXiv:2007.14966) steers the surprise of the tokens drawn by how many may be
/// drawn; here the expected surprise is steered and none is cut off, since in music what is allowed is few
/// tokens already.
class EntropyBand {
 public:
  /// Throws Error on options out of range.
  EntropyBand(int vocab_size, const EntropyOptions& options)
      : options_(options), weights_(static_cast<std::size_t>(vocab_size)) {
    internal::check(options, [](bool holds, const char* sentence, float value) {
      if (!holds) throw Error(sentence + std::string(", not ") + std::to_string(value));
    });
  }

  /// Other options from here on, which must be in range. The mean of the draws so far stays; it counts as on
  /// the edge where it is outside the new band.
  void set(const EntropyOptions& options) noexcept {
    options_ = options;
    if (draws_ > 0) mean_ = std::clamp(mean_, options.min_entropy, options.max_entropy);
  }

  /// Whether there is a band at all.
  bool any() const noexcept {
    return options_.min_entropy > 0 || options_.max_entropy < std::numeric_limits<float>::infinity();
  }

  /// The temperature to draw with, where `wanted` is the one that is asked for; counts the draw.
  ///
  /// logits [V]  −∞ where a token may not be drawn
  ///
  /// Cost: one softmax over V and its entropy where the wanted temperature will do, else 17 of them, always.
  float temperature(std::span<const float> logits, float wanted) noexcept {
    draws_ = std::fmin(draws_ + 1, options_.window);
    const float most =
        logits[static_cast<std::size_t>(kernels_->argmax(static_cast<int>(logits.size()), logits.data()))];
    const auto mean = [&](float t) { return mean_ + (entropy(logits, most, t) - mean_) / draws_; };
    float temperature = wanted, found = mean(wanted);
    if (found < options_.min_entropy || found > options_.max_entropy) {
      const bool is_low = found < options_.min_entropy;
      const float edge = is_low ? options_.min_entropy : options_.max_entropy;
      float low = is_low ? 0 : -kRange, high = is_low ? kRange : 0;  // of ln (T / wanted)
      for (int i = 0; i < kHalvings; ++i) {
        const float middle = (low + high) / 2;
        (mean(wanted * std::exp(middle)) < edge ? low : high) = middle;
      }
      temperature = wanted * std::exp(is_low ? high : low);
      found = edge;
    }
    if (std::isfinite(found))  // else the logits are no numbers
      mean_ = std::clamp(found, options_.min_entropy, options_.max_entropy);
    return temperature;
  }

  /// The mean entropy of the last draws, in nats.
  float mean() const noexcept { return mean_; }

  /// Writes or reads the mean and of how many draws it is.
  void transfer(StateBytes& state) noexcept {
    const auto is_valid = [](float value) { return value >= 0 && std::isfinite(value); };
    state.value(mean_, is_valid);
    state.value(draws_, is_valid);
  }

 private:
  static constexpr float kRange = 1.3862944f;  // ln 4
  static constexpr int kHalvings = 16;         // leaves 2e-5 of the temperature

  // With weights w = exp(x / T − max) and their sum Z it is ln Z − Σ w ln w / Z.
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

}  // namespace gruve::inline v0_1
