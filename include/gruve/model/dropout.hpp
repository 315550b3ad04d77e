#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gruve/core/rng.hpp"

namespace gruve::inline v0_1 {

/// Which units are dropped in a pass, as a function of seed, step and place alone: each element of each
/// layer's output, and of the input, with a probability of its own (Srivastava et al. 2014). Or, variational,
/// the same elements at all timesteps of the chunk (Gal and Ghahramani 2016).
struct Dropout {
  double probability = 0;  // of the layers' outputs
  double input = 0;        // of the first layer's input, of models with features
  bool variational = false;
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
};

/// Writes 0 where an element of an array is dropped, else 1 / (1 − probability).
///
/// keep    elements first to last − 1 of the array are written
/// period  the same is dropped again after so many elements
/// array   another number for each array of a pass
template <class Scalar>
void dropout_factors(const Dropout& dropout, double probability, std::uint32_t array, std::size_t period,
                     std::size_t first, std::size_t last, Scalar* keep) {
  const auto threshold = static_cast<std::uint32_t>(probability * 65536.0);
  const Scalar kept = Scalar(1) / static_cast<Scalar>(1.0 - threshold / 65536.0);
  const auto step = static_cast<std::uint32_t>(dropout.step);
  const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(dropout.seed),
                                            static_cast<std::uint32_t>(dropout.seed >> 32)};
  std::size_t block = 0;  // one more than the block of eight elements in `random`
  std::array<std::uint32_t, 4> random{};
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t place = i % period;
    if (place / 8 + 1 != block) {
      block = place / 8 + 1;
      random = philox(
          {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), step, array}, key);
    }
    const std::uint32_t bits = (random[place % 8 / 2] >> (place % 2 * 16)) & 0xFFFF;
    keep[i] = bits < threshold ? Scalar(0) : kept;
  }
}

}  // namespace gruve::inline v0_1
