// What the tests of the kernels fill arrays with, and how they compare them.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "gruve/core/rng.hpp"

namespace gruve::tests {

inline std::size_t size(int a, int b = 1, int c = 1) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

/// Between −scale and scale.
inline std::vector<float> random(std::size_t count, std::uint64_t seed, float scale = 1) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (float& value : values) value = scale * (2 * rng.uniform() - 1);
  return values;
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// A NaN is far from anything.
inline double distance(double a, double b) {
  const double difference = std::abs(a - b);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

}  // namespace gruve::tests
