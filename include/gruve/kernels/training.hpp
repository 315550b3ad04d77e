#pragma once

#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/reference_training.hpp"
#include "gruve/kernels/training_kernels.hpp"

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/kernels/available_training.hpp"
#endif

namespace gruve::inline v0_2::kernels {

#if defined(GRUVE_COMPILED_KERNELS)
/// The training kernels beside a set for float: those of its name and precision, and the reference's where no
/// set has that name. Defined in src/kernels.cpp.
const TrainingKernels<float>& training_kernels_of(const Kernels<float>& kernels);
#endif

/// Those of double and std::complex<double>, which the reference alone serves.
template <class Scalar>
const TrainingKernels<Scalar>& training_kernels_of(const Kernels<Scalar>&) {
  return reference::kTrainingKernels<Scalar>;
}

}  // namespace gruve::inline v0_2::kernels
