#pragma once

#include <cstddef>
#include <type_traits>

#include "gruve/core/bits_as.hpp"

/// Numbers that are too small to matter, and slow.
namespace gruve::inline v0_2::kernels {

/// A state that falls below it in magnitude is stored as 0, 380 dB below the largest one. Otherwise the state
/// of a unit that forgets slowly would end among the subnormal numbers, below 2⁻¹²⁶, with which a product
/// takes many processors a hundred cycles or more: a step would be slow as long as its input is silent. With
/// the bound no product of a state and a weight of at least 2⁻⁶³ is subnormal. All kernels for float keep it,
/// on every processor and whatever the flags of its floating-point unit, which they neither read nor set.
inline constexpr float kFaded = 0x1p-63f;

/// The two upper bits of the exponent: one of them is set in a number of at least kFaded in magnitude, and in
/// a NaN, and in no other.
inline constexpr int kFadedBits = 0x60000000;
static_assert(bits_as<int>(kFaded) == 0x20000000);

/// Of n floats those below `bound` in magnitude become 0; a NaN stays. Other scalars, which no real-time code
/// uses, are left alone.
template <class Scalar>
void flush_below([[maybe_unused]] float bound, [[maybe_unused]] std::ptrdiff_t n,
                 [[maybe_unused]] Scalar* x) {
  if constexpr (std::is_same_v<Scalar, float>)
    for (std::ptrdiff_t i = 0; i < n; ++i) x[i] = x[i] < bound && x[i] > -bound ? 0.0f : x[i];
}

}  // namespace gruve::inline v0_2::kernels
