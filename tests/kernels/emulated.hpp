// The kernels that round both sides of a product, to bfloat16 or to 8 bits, with their instructions emulated
// in plain C++: tests run their whole algorithm on machines without AMX, AVX-512-BF16 and VNNI.
#pragma once

#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/training_kernels.hpp"

namespace gruve::kernels::emulated {

extern const Kernels<float> kBf16;     // with dot products of vectors
extern const Kernels<float> kAmxBf16;  // with tiles
extern const Kernels<float> kInt8;
extern const Kernels<float> kAmxInt8;

/// Those of the emulated sets too.
const TrainingKernels<float>& training_kernels_of(const Kernels<float>& kernels);

}  // namespace gruve::kernels::emulated
