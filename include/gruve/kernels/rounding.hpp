#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "gruve/core/bits_as.hpp"

/// Weights in fewer bits. The kernels round with these functions, whatever the instruction set.
namespace gruve::inline v0_2::kernels {

/// The nearest bfloat16, ties to even: the upper half of a float's bits. A NaN stays one.
inline std::uint16_t to_bfloat16(float x) noexcept {
  const auto bits = bits_as<std::uint32_t>(x);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/// The float with these upper 16 bits.
inline float from_bfloat16(std::uint16_t x) noexcept {
  return bits_as<float>(static_cast<std::uint32_t>(x) << 16);
}

/// The float of an IEEE 754 binary16.
inline float from_float16(std::uint16_t x) noexcept {
  const float sign = (x & 0x8000) != 0 ? -1.0f : 1.0f;
  const int exponent = x >> 10 & 31, fraction = x & 1023;
  if (exponent == 31)
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                         : sign * std::numeric_limits<float>::infinity();
  return sign * (exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                               : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25));
}

/// The scale of n weights in 8 bits: the largest magnitude becomes 127. NaN or infinite where one of them is,
/// so that what is computed from them shows it.
inline float int8_scale(int n, const float* weights, std::ptrdiff_t stride) noexcept {
  float largest = 0, poison = 0;
  for (int i = 0; i < n; ++i) {
    const float magnitude = std::fabs(weights[i * stride]);
    largest = magnitude > largest ? magnitude : largest;
    poison += 0 * weights[i * stride];
  }
  return largest / 127 + poison;
}

/// weight / scale, rounded, ties to even; 0 where the scale is 0, infinite or NaN.
inline std::int8_t to_int8(float weight, float scale) noexcept {
  const float ratio = weight / scale;
  return std::fabs(ratio) <= 127.5f ? static_cast<std::int8_t>(std::lrint(ratio)) : std::int8_t{0};
}

}  // namespace gruve::inline v0_2::kernels
