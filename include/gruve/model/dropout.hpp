#pragma once

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
  std::size_t block = 0;  // one more than the block of eight elements in `random`
  std::array<std::uint32_t, 4> random{};
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t place = i % period;
    if (place / 8 + 1 != block) {
      block = place / 8 + 1;
      random = philox({static_cast<std::uint32_t>(block),
                       static_cast<std::uint32_t>(std::uint64_t{block} >> 32), step, array},
                      key);
    }
    const std::uint32_t bits = (random[place % 8 / 2] >> (place % 2 * 16)) & 0xFFFF;
    keep[i] = bits < threshold ? Scalar(0) : kept;
  }
}

}  // namespace gruve::inline v0_2
