#pragma once

#include "gruve/core/portable_math.hpp"
#include "gruve/kernels/fused.hpp"
#include "gruve/kernels/isa/avx512_bf16.hpp"
#include "gruve/kernels/training_kernels.hpp"

#if defined(GRUVE_HAS_VECTORS)
/// What training calls besides: the fused kernels' kTrainingKernels<Fp32>, <Bf16> and <Int8> of each
/// instruction set, and those that round both sides.
namespace gruve::inline v0_2::kernels {

#define GRUVE_BODY "gruve/kernels/fused_training.inc"
#include "gruve/kernels/isa/for_each.inc"

#if defined(__x86_64__)
GRUVE_TARGET_BEGIN("avx512bf16," GRUVE_AVX512)
namespace avx512_bf16 {
#include "gruve/kernels/fused/bf16_transposed.inc"

inline constexpr TrainingKernels<float> kTrainingBf16 =
    bf16_training_kernels<VectorBlock>("avx512_bf16", avx512::kTrainingKernels<Bf16>);
inline constexpr TrainingKernels<float> kTrainingAmx =
    bf16_training_kernels<TileBlock>("amx", avx512::kTrainingKernels<Bf16>);
}  // namespace avx512_bf16
GRUVE_TARGET_END
#endif

}  // namespace gruve::inline v0_2::kernels
#endif
