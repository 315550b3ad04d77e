#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include "gruve/render/wav.hpp"

namespace gruve::inline v0_2 {

namespace internal {

/// A filter of second order, y = b0 x + b1 x' + b2 x'' − a1 y' − a2 y''.
struct Biquad {
  std::array<double, 3> b;
  std::array<double, 2> a;
  std::array<double, 2> state{};

  double operator()(double x) noexcept {
    const double y = b[0] * x + state[0];
    state[0] = b[1] * x - a[0] * y + state[1];
    state[1] = b[2] * x - a[1] * y;
    return y;
  }
};

/// The two filters of K-weighting, which BS.1770 gives as coefficients at 48 kHz: a shelf that raises high
/// frequencies by 4 dB, as a head does, and a high-pass. At another rate they are the bilinear transform of
/// the same analogue filters.
inline std::array<Biquad, 2> k_weighting(double rate) {
  const auto denominator = [](double k, double q) {
    const double a0 = 1 + k / q + k * k;
    return std::array{a0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0};
  };
  const double shelf = std::tan(std::numbers::pi * 1681.974450955533 / rate), shelf_q = 0.7071752369554196;
  const double gain = std::pow(10, 3.999843853973347 / 20), root = std::pow(gain, 0.4996667741545416);
  const auto [s0, s1, s2] = denominator(shelf, shelf_q);
  const double pass = std::tan(std::numbers::pi * 38.13547087602444 / rate);
  const auto [p0, p1, p2] = denominator(pass, 0.5003270373238773);
  static_cast<void>(p0);  // BS.1770 leaves the high-pass's gain as it is
  return {Biquad{{(gain + root * shelf / shelf_q + shelf * shelf) / s0, 2 * (shelf * shelf - gain) / s0,
                  (gain - root * shelf / shelf_q + shelf * shelf) / s0},
                 {s1, s2}},
          Biquad{{1, -2, 1}, {p1, p2}}};
}

}  // namespace internal

/// The integrated loudness of a stereo sound in LUFS; minus infinity for one that is silent or shorter than
/// 0.4 s. Source: ITU-R BS.1770-4.
inline double loudness(const Sound& sound) {
  // The energy of each tenth of a second, both sides; a block is four of them.
  const auto tenth = static_cast<std::size_t>(sound.sample_rate / 10);
  const std::size_t tenths = sound.left.size() / tenth;
  std::vector<double> energy(tenths);
  for (const std::vector<float>* side : {&sound.left, &sound.right}) {
    auto filters = internal::k_weighting(sound.sample_rate);
    for (std::size_t i = 0; i < tenths; ++i)
      for (std::size_t k = 0; k < tenth; ++k) {
        const double y = filters[1](filters[0](static_cast<double>((*side)[i * tenth + k])));
        energy[i] += y * y / static_cast<double>(4 * tenth);
      }
  }
  const auto lufs = [](double mean_square) { return -0.691 + 10 * std::log10(mean_square); };
  double gate = -70;
  for (const bool is_relative : {false, true}) {
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i + 4 <= tenths; ++i) {
      const double block = energy[i] + energy[i + 1] + energy[i + 2] + energy[i + 3];
      if (!(lufs(block) > gate)) continue;
      sum += block;
      ++count;
    }
    if (count == 0) return -std::numeric_limits<double>::infinity();
    if (is_relative) return lufs(sum / static_cast<double>(count));
    gate = (std::max)(gate, lufs(sum / static_cast<double>(count)) - 10);
  }
  return gate;  // not reached
}

/// Scales a sound to a loudness, or to less if its loudest sample would be above a peak. A silent sound stays
/// as it is.
///
/// lufs       integrated loudness
/// peak_dbfs  of the loudest sample, in dB of full scale
inline void normalise_loudness(Sound& sound, double lufs = -18, double peak_dbfs = -1) {
  const double now = loudness(sound);
  float peak = 0;
  for (const std::vector<float>* side : {&sound.left, &sound.right})
    for (const float sample : *side) peak = (std::max)(peak, std::abs(sample));
  if (!std::isfinite(now) || peak == 0) return;
  const double gain =
      (std::min)(std::pow(10, (lufs - now) / 20), std::pow(10, peak_dbfs / 20) / static_cast<double>(peak));
  for (std::vector<float>* side : {&sound.left, &sound.right})
    for (float& sample : *side) sample = static_cast<float>(gain * static_cast<double>(sample));
}

}  // namespace gruve::inline v0_2
