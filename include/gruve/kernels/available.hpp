#pragma once

#include <vector>

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
#endif
#endif
    return found;
  }();
  return sets[static_cast<std::size_t>(precision)];
}

}  // namespace gruve::kernels

#undef GRUVE_ONCE
