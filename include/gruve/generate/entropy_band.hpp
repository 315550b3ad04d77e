#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include "gruve/core/aligned.hpp"
#include "gruve/core/error.hpp"
#include "gruve/kernels/dispatch.hpp"

namespace gruve {

/// How uncertain draws are kept to be, in nats. A model caught in a loop grows ever more certain, one that
/// has lost its way ever less.
struct EntropyOptions {
  float min_entropy = 0;                                       // 0 for no lower edge
  float max_entropy = std::numeric_limits<float>::infinity();  // infinity for no upper edge
  float window = 64;  // tokens, at least 1: 1 keeps each draw by itself in the band, more their moving mean
};

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
      : options_(options), weights_(any() ? static_cast<std::size_t>(vocab_size) : 0) {
    const float lo = options.min_entropy, hi = options.max_entropy;
    if (!(lo >= 0 && std::isfinite(lo)))
      throw Error("min-entropy must be a number of nats from 0, not " + std::to_string(lo));
    if (!(hi >= lo))
      throw Error("max-entropy must be at least min-entropy, " + std::to_string(lo) + ", not " +
                  std::to_string(hi));
    if (!(options.window >= 1 && std::isfinite(options.window)))
      throw Error("entropy-window must be a number of tokens from 1, not " + std::to_string(options.window));
  }

  /// Whether there is a band at all.
  bool any() const noexcept {
    return options_.min_entropy > 0 || options_.max_entropy < std::numeric_limits<float>::infinity();
  }

  /// The temperature to draw with, where `wanted` is the one that is asked for; counts the draw.
  ///
  /// logits [V]  −∞ where a token may not be drawn
  float temperature(std::span<const float> logits, float wanted) noexcept {
    draws_ = std::fmin(draws_ + 1, options_.window);
    const auto mean = [&](float t) { return mean_ + (entropy(logits, t) - mean_) / draws_; };
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

 private:
  static constexpr float kRange = 1.3862944f;  // ln 4
  static constexpr int kHalvings = 16;         // leaves 2e-5 of the temperature

  // With weights w = exp(x / T − max) and their sum Z it is ln Z − Σ w ln w / Z.
  float entropy(std::span<const float> logits, float temperature) noexcept {
    const int V = static_cast<int>(logits.size());
    std::copy(logits.begin(), logits.end(), weights_.begin());
    const float total = kernels_->softmax(V, 1 / temperature, weights_.data());
    const float most = logits[static_cast<std::size_t>(kernels_->argmax(V, logits.data()))];
    float sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i)
      if (weights_[i] > 0) sum += weights_[i] * (logits[i] - most);
    return std::log(total) - sum / (total * temperature);
  }

  EntropyOptions options_;
  const kernels::Kernels<float>* kernels_ = &kernels::active();
  AlignedVector<float> weights_;  // [V], only for entropy(); empty where there is no band
  float mean_ = 0;
  float draws_ = 0;
};

}  // namespace gruve
