// Tolerances of the tests, each with where it comes from. None is tuned until green.
#pragma once

#include <cmath>
#include <limits>

namespace gruve::tests {

/// A gradient by the complex step has no cancellation: what is left is the rounding of some hundred
/// operations on numbers of the gradient's size, 100 · 2⁻⁵³ ≈ 1e-14; the promise is 1e-12 of the gradient's
/// norm.
inline constexpr double kComplexStep = 1e-12;

/// A sum of `terms` products in float, each rounded once, against the exact one: the errors are at most
/// terms · 2⁻²⁴ of Σ|aᵢ bᵢ|, and typically √terms of it; sizes are those of the values summed.
inline double float_sum(int terms, double size) { return terms * 0x1p-24 * size; }

/// The same in double.
inline double double_sum(int terms, double size) { return terms * 0x1p-53 * size; }

/// Logits of one network in two programs, relative to their range: the promise. Some hundred roundings in
/// float, each of 2⁻²⁴, are 6e-6 of it at worst; typical is 1e-7.
inline constexpr double kInterchange = 2e-5;

}  // namespace gruve::tests
