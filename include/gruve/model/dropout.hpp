#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "gruve/core/rng.hpp"

namespace gruve::inline v0_2 {

/// Dropout of layers' outputs and of the input. The dropped elements are a function of seed, step and index
/// alone.
///
/// Source: Srivastava et al. 2014; variational Gal and Ghahramani 2016.
struct Dropout {
  double probability = 0;    // that an element of a layer's output is dropped, 0 to below 1
  double input = 0;          // the same for the first layer's input, in models with input features
  bool variational = false;  // whether all timesteps of a chunk drop the same elements
  std::uint64_t seed = 0;    // of the random numbers
  std::uint64_t step = 0;    // number of the training step
};

/// Writes the factor of each element of an array: 0 if it is dropped, otherwise 1 / (1 − probability).
///
/// keep    the array; elements first to last − 1 are written
/// period  elements whose indices are equal modulo this number get the same factor
/// array   a number that differs for each array of a pass
template <class Scalar>
void dropout_factors(const Dropout& dropout, double probability, std::uint32_t array, std::size_t period,
                     std::size_t first, std::size_t last, Scalar* keep) {
  const auto threshold = static_cast<std::uint32_t>(probability * 65536.0);
  const Scalar kept = Scalar(1) / static_cast<Scalar>(1.0 - threshold / 65536.0);
  const auto step = static_cast<std::uint32_t>(dropout.step);
  const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(dropout.seed),
                                            static_cast<std::uint32_t>(dropout.seed >> 32)};
  // Blocks of eight elements, several at a time, for vector instructions.
  constexpr std::size_t kBlocks = 16, kGroup = 8 * kBlocks;
  for (std::size_t i = first; i < last;) {
    const std::size_t place = i % period, begin = place % kGroup;
    std::array<std::array<std::uint32_t, kBlocks>, 4> random;
    for (std::size_t b = 0; b < kBlocks; ++b) {
      const std::uint64_t block = place / kGroup * kBlocks + b + 1;
      const auto words = philox(
          {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), step, array}, key);
      for (std::size_t w = 0; w < 4; ++w) random[w][b] = words[w];
    }
    std::array<Scalar, kGroup> factors;
    for (std::size_t b = 0; b < kBlocks; ++b)
      for (std::size_t w = 0; w < 4; ++w)
        for (std::size_t half = 0; half < 2; ++half)
          factors[8 * b + 2 * w + half] =
              (random[w][b] >> (16 * half) & 0xFFFF) < threshold ? Scalar(0) : kept;
    const std::size_t count = (std::min)({last - i, period - place, kGroup - begin});
    std::copy_n(factors.begin() + static_cast<std::ptrdiff_t>(begin), count, keep + i);
    i += count;
  }
}

}  // namespace gruve::inline v0_2
