#pragma once

#include <algorithm>
#include <chrono>

#include "gruve/kernels/isa/avx512_bf16.hpp"

#if defined(GRUVE_HAS_VECTORS) && defined(__x86_64__)
namespace gruve::inline v0_2::kernels {

GRUVE_TARGET_BEGIN("avx512bf16," GRUVE_AVX512)
namespace avx512_bf16 {

// What is timed: so many steps of chains that hide the latency.
inline void multiply_add_chains(int steps) {
  Vector chains[16] = {};
  for (Vector& chain : chains) __asm__ volatile("" : "+v"(chain));
  for (int step = 0; step < steps; ++step) {
    GRUVE_UNROLL
    for (Vector& chain : chains) chain = multiply_add(chain, chain, chain);
  }
  for (Vector& chain : chains) __asm__ volatile("" : : "v"(chain));
}
inline void dot_chains(int steps) {
  Vector chains[16] = {};
  for (Vector& chain : chains) __asm__ volatile("" : "+v"(chain));
  for (int step = 0; step < steps; ++step) {
    GRUVE_UNROLL
    for (Vector& chain : chains)
      chain = dot_bf16(reinterpret_cast<IntVector>(chain), reinterpret_cast<IntVector>(chain), chain);
  }
  for (Vector& chain : chains) __asm__ volatile("" : : "v"(chain));
}
}  // namespace avx512_bf16
GRUVE_TARGET_END

namespace internal {

// Whether dot products of bfloat16 are faster than multiply-adds of as many floats by so much that rounding
// the left side pays: on some processors they take four times as long. Takes some 50 µs.
inline bool bf16_dots_pay() {
  const auto nanoseconds = [](auto run) {
    auto least = (std::chrono::nanoseconds::max)();
    for (int repeat = 0; repeat < 10; ++repeat) {
      const auto begin = std::chrono::steady_clock::now();
      run();
      least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - begin);
    }
    return static_cast<double>(least.count());
  };
  constexpr int kTimes = 200;
  return nanoseconds([] { avx512_bf16::dot_chains(kTimes); }) <
         0.75 * nanoseconds([] { avx512_bf16::multiply_add_chains(2 * kTimes); });
}

}  // namespace internal

}  // namespace gruve::inline v0_2::kernels
#endif
