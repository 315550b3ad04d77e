#pragma once

#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/kernels/fused.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/processor.hpp"
#include "gruve/kernels/reference.hpp"

namespace gruve::inline v0_2::kernels {

/// The implementations for float that run on this processor, the plain reference first and the fastest last.
GRUVE_ONCE const std::vector<const Kernels<float>*>& available() {
  static const std::vector<const Kernels<float>*> sets = [] {
    std::vector<const Kernels<float>*> found = {&reference::kKernels<float>};
#if defined(GRUVE_HAS_VECTORS)
    found.push_back(&baseline::kKernels<baseline::Fp32>);
#if defined(__x86_64__)
    if (processor::has_avx2()) found.push_back(&avx2::kKernels<avx2::Fp32>);
    if (processor::has_avx512()) found.push_back(&avx512::kKernels<avx512::Fp32>);
#endif
#endif
    return found;
  }();
  return sets;
}

}  // namespace gruve::inline v0_2::kernels
