#pragma once

#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/kernels/available.hpp"
#include "gruve/kernels/fused.hpp"
#include "gruve/kernels/isa/avx512_bf16.hpp"
#include "gruve/kernels/isa/avx512_vnni.hpp"
#include "gruve/kernels/isa/bf16_speed.hpp"
#include "gruve/kernels/processor.hpp"
#include "gruve/kernels/reference.hpp"

namespace gruve::inline v0_2::kernels {

namespace internal {

inline std::vector<const Kernels<float>*> available_bf16() {
  std::vector<const Kernels<float>*> found = {&reference::kRounded<Precision::bf16>};
#if defined(GRUVE_HAS_VECTORS)
  found.push_back(&baseline::kKernels<baseline::Bf16>);
#if defined(__x86_64__)
  if (processor::has_avx2()) found.push_back(&avx2::kKernels<avx2::Bf16>);
  if (processor::has_avx512()) found.push_back(&avx512::kKernels<avx512::Bf16>);
  if (processor::has_avx512_bf16())
    found.insert(bf16_dots_pay() ? found.end() : found.end() - 1, &avx512_bf16::kBf16);
  if (processor::has_amx_bf16()) found.push_back(&avx512_bf16::kAmx);
#endif
#endif
  return found;
}

inline std::vector<const Kernels<float>*> available_int8() {
  std::vector<const Kernels<float>*> found = {&reference::kRounded<Precision::int8>};
#if defined(GRUVE_HAS_VECTORS)
  found.push_back(&baseline::kKernels<baseline::Int8>);
#if defined(__x86_64__)
  if (processor::has_avx2()) found.push_back(&avx2::kKernels<avx2::Int8>);
  if (processor::has_avx512()) found.push_back(&avx512::kKernels<avx512::Int8>);
  if (processor::has_avx512_vnni()) found.push_back(&avx512_vnni::kInt8);
  if (processor::has_amx_int8()) found.push_back(&avx512_vnni::kAmx);
#endif
#endif
  return found;
}

}  // namespace internal

/// The implementations for float with weights of that precision that run on this processor, the plain
/// reference first and the fastest last. The first call for bf16 or int8 asks Linux for the tile registers of
/// AMX, for the whole process.
GRUVE_ONCE const std::vector<const Kernels<float>*>& available(Precision precision) {
  if (precision == Precision::fp32) return available();
  if (precision == Precision::bf16) {
    static const std::vector<const Kernels<float>*> sets = internal::available_bf16();
    return sets;
  }
  static const std::vector<const Kernels<float>*> sets = internal::available_int8();
  return sets;
}

}  // namespace gruve::inline v0_2::kernels
