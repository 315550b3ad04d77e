#pragma once

#include <string_view>

#include "gruve/core/once.hpp"
#include "gruve/kernels/fused_training.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/reference_training.hpp"
#include "gruve/kernels/training_kernels.hpp"

namespace gruve::inline v0_2::kernels {

#if defined(GRUVE_HAS_VECTORS)
namespace internal {

constexpr TrainingKernels<float> named(const char* name, TrainingKernels<float> kernels) {
  kernels.name = name;
  return kernels;
}

inline constexpr TrainingKernels<float> kTrainingSets[] = {
    baseline::kTrainingKernels<baseline::Fp32>,
    baseline::kTrainingKernels<baseline::Bf16>,
    baseline::kTrainingKernels<baseline::Int8>,
#if defined(__x86_64__)
    avx2::kTrainingKernels<avx2::Fp32>,
    avx2::kTrainingKernels<avx2::Bf16>,
    avx2::kTrainingKernels<avx2::Int8>,
    avx512::kTrainingKernels<avx512::Fp32>,
    avx512::kTrainingKernels<avx512::Bf16>,
    avx512::kTrainingKernels<avx512::Int8>,
    avx512_bf16::kTrainingBf16,
    avx512_bf16::kTrainingAmx,
    // Whose weights of 8 bits are only evaluated: their loss, no gradient that rounds the other side.
    named("avx512_vnni", avx512::kTrainingKernels<avx512::Int8>),
    named("amx", avx512::kTrainingKernels<avx512::Int8>),
#endif
};

}  // namespace internal
#endif

/// The training kernels beside a set for float: those of its name and precision, and the reference's where no
/// set has that name.
GRUVE_ONCE const TrainingKernels<float>& training_kernels_of(const Kernels<float>& kernels) {
#if defined(GRUVE_HAS_VECTORS)
  for (const TrainingKernels<float>& set : internal::kTrainingSets)
    if (set.precision == kernels.precision && std::string_view(set.name) == kernels.name) return set;
#endif
  switch (kernels.precision) {
    case Precision::bf16:
      return reference::kRoundedTraining<Precision::bf16>;
    case Precision::int8:
      return reference::kRoundedTraining<Precision::int8>;
    default:
      return reference::kTrainingKernels<float>;
  }
}

}  // namespace gruve::inline v0_2::kernels
