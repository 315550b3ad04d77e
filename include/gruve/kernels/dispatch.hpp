#pragma once

#include <string_view>
#include <vector>

#include "gruve/kernels/choice.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/reference.hpp"

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/kernels/available.hpp"
#endif

namespace gruve::inline v0_2::kernels {

#if defined(GRUVE_COMPILED_KERNELS)
/// The implementations for float that run on this processor, the plain reference first and the fastest last.
/// Defined in src/kernels.cpp.
const std::vector<const Kernels<float>*>& available();
#endif

/// The available implementation of that name, or null.
inline const Kernels<float>* find(std::string_view name) {
  for (const Kernels<float>* kernels : available())
    if (name == kernels->name) return kernels;
  return nullptr;
}

/// The implementation that new models use: the one that force() named, or the fastest where it named none of
/// float. Those with weights in fewer bits are in precisions.hpp.
inline const Kernels<float>& active() { return *find(active_name()); }

/// The kernels for a scalar: the active ones for float, the reference for double and std::complex<double>.
template <class Scalar>
const Kernels<Scalar>& active_for() {
  return reference::kKernels<Scalar>;
}

/// The active implementation.
template <>
inline const Kernels<float>& active_for<float>() {
  return active();
}

}  // namespace gruve::inline v0_2::kernels
