#pragma once

#include <cstddef>
#include <cstdint>

#include "gruve/kernels/isa/avx2.hpp"
#include "gruve/kernels/isa/avx512.hpp"
#include "gruve/kernels/isa/baseline.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/rounding.hpp"

#if defined(GRUVE_HAS_VECTORS)
/// The fused kernels for float: one source (fused.inc), compiled for each instruction set in its namespace.
/// A set's kernels are its kKernels<Fp32>, kKernels<Bf16> and kKernels<Int8>.
///
/// The recurrent weights are packed so that one pass yields r, z and n of a group of units in registers,
/// where the gates follow at once; no pre-activation goes back to memory, and the loop over time is inside.
/// ResetGate::before_product needs two passes over the weights, since n waits for all of r.
namespace gruve::inline v0_2::kernels {

#define GRUVE_BODY "gruve/kernels/fused.inc"
#include "gruve/kernels/isa/for_each.inc"

}  // namespace gruve::inline v0_2::kernels
#endif
