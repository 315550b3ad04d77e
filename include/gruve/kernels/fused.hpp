#pragma once

#include <cstddef>
#include <cstdint>

#include "gruve/kernels/isa/avx2.hpp"
#include "gruve/kernels/isa/avx512.hpp"
#include "gruve/kernels/isa/baseline.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/reference.hpp"
#include "gruve/kernels/rounding.hpp"

#if defined(__GNUC__)
/// The fused kernels for float: one source (fused.inc), compiled for each instruction set in its namespace.
/// A set's kernels are its kKernels<Fp32>, kKernels<Bf16> and kKernels<Int8>.
///
/// The recurrent weights are packed so that one pass yields r, z and n of a group of units in registers,
/// where the gates follow at once; no pre-activation goes back to memory, and the loop over time is inside.
/// ResetGate::before_product, which needs two passes, is left to the reference.
namespace gruve::inline v0_1::kernels {

namespace internal {

// Outside the target regions below, since they instantiate Eigen.
inline std::size_t packed_size_before(int H) { return reference::packed_gru_size<float>(H, {}); }
inline void pack_before(Precision precision, int H, const float* weight_hh, float* packed) {
  if (precision == Precision::fp32) reference::pack_gru(H, {}, weight_hh, packed);
  if (precision == Precision::bf16) reference::pack_gru_rounded<Precision::bf16>(H, {}, weight_hh, packed);
  if (precision == Precision::int8) reference::pack_gru_rounded<Precision::int8>(H, {}, weight_hh, packed);
}
inline void gru_forward_before(const GruForward<float>& p) { reference::gru_forward(p); }
inline void gru_step_before(const GruStep<float>& p) { reference::gru_step(p); }

}  // namespace internal

#define GRUVE_BODY "gruve/kernels/fused.inc"
#include "gruve/kernels/isa/for_each.inc"

}  // namespace gruve::inline v0_1::kernels
#endif
