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

/// The implementations for float that run on this processor, the plain reference first and the fastest last.
GRUVE_ONCE const std::vector<const Kernels<float>*>& available() {
  static const std::vector<const Kernels<float>*> kernels = [] {
    std::vector<const Kernels<float>*> found = {&reference::kKernels<float>};
#if defined(__GNUC__)
    found.push_back(&baseline::kKernels);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      found.push_back(&avx2::kKernels);
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found.push_back(&avx512::kKernels);
    }
#endif
#endif
    return found;
  }();
  return kernels;
}

}  // namespace gruve::kernels

#undef GRUVE_ONCE
