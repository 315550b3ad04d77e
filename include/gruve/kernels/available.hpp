#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#include "gruve/kernels/fused.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/reference.hpp"

// The fused kernels take seconds to compile. Where GRUVE_COMPILED_KERNELS is defined, that is done once, in
// the one source file that includes this header, and with the optimisation that file is given; else in every
// source file that trains or generates.
#if defined(GRUVE_COMPILED_KERNELS)
#define GRUVE_ONCE
#else
#define GRUVE_ONCE inline
#endif

namespace gruve::kernels {

#if defined(__x86_64__) && defined(__GNUC__)
namespace internal {

// Whether this process may use the tile registers of AMX. Linux gives them to a process, and all threads of
// it, when it asks; it refuses where an alternate signal stack is too small to save them, or where told to.
inline bool has_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

// The bits by which a processor says what its tiles multiply.
inline constexpr unsigned kAmxBf16 = 1u << 22, kAmxInt8 = 1u << 25;

inline bool has_tiles_of(unsigned elements) {
  constexpr unsigned kAmxTile = 1u << 24;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & elements) != 0 &&
         (edx & kAmxTile) != 0 && has_tiles();
}

// Whether dot products of bfloat16 are faster than multiply-adds of as many floats by so much that rounding
// the left side pays: on some processors they take four times as long. Takes some 50 µs.
inline bool dots_pay() {
  const auto nanoseconds = [](auto run) {
    auto least = std::chrono::nanoseconds::max();
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
#endif

/// The implementations for float with weights of that precision that run on this processor, the plain
/// reference first and the fastest last.
GRUVE_ONCE const std::vector<const Kernels<float>*>& available(Precision precision) {
  using Sets = std::vector<const Kernels<float>*>;
  static const std::vector<Sets> sets = [] {
    std::vector<Sets> found = {{&reference::kKernels<float>},
                               {&reference::kRounded<Precision::bf16>},
                               {&reference::kRounded<Precision::int8>}};
#if defined(__GNUC__)
    const auto add = [&](const Kernels<float>& fp32, const Kernels<float>& bf16, const Kernels<float>& int8) {
      found[0].push_back(&fp32);
      found[1].push_back(&bf16);
      found[2].push_back(&int8);
    };
    add(baseline::kFp32, baseline::kBf16, baseline::kInt8);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      add(avx2::kFp32, avx2::kBf16, avx2::kInt8);
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        add(avx512::kFp32, avx512::kBf16, avx512::kInt8);
    }
    if (found[2].back() == &avx512::kInt8 && __builtin_cpu_supports("avx512vnni")) {
      found[2].push_back(&avx512_vnni::kInt8);
      if (internal::has_tiles_of(internal::kAmxInt8)) found[2].push_back(&avx512_vnni::kAmx);
    }
    if (found[1].back() == &avx512::kBf16 && __builtin_cpu_supports("avx512bf16")) {
      if (internal::dots_pay()) found[1].push_back(&avx512_bf16::kBf16);
      if (internal::has_tiles_of(internal::kAmxBf16)) found[1].push_back(&avx512_bf16::kAmx);
    }
#endif
#endif
    return found;
  }();
  return sets[static_cast<std::size_t>(precision)];
}

}  // namespace gruve::kernels

#undef GRUVE_ONCE
