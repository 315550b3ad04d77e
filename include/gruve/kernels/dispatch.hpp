#pragma once

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/reference.hpp"

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/kernels/available.hpp"
#endif

namespace gruve::kernels {

#if defined(GRUVE_COMPILED_KERNELS)
/// The implementations for float that run on this processor, the plain reference first and the fastest last.
/// Defined in the one source file of the program that includes available.hpp.
const std::vector<const Kernels<float>*>& available();
#endif

/// The available implementation of that name, or null.
inline const Kernels<float>* find(std::string_view name) {
  for (const Kernels<float>* kernels : available())
    if (name == kernels->name) return kernels;
  return nullptr;
}

namespace internal {

inline std::atomic<const Kernels<float>*>& chosen() {
  static std::atomic<const Kernels<float>*> kernels = [] {
    const char* name = std::getenv("GRUVE_KERNELS");
    const Kernels<float>* named = name != nullptr ? find(name) : nullptr;
    return named != nullptr ? named : available().back();
  }();
  return kernels;
}

}  // namespace internal

/// The implementation that new models and trainers use: the fastest, or the one that the environment variable
/// GRUVE_KERNELS names, if this processor has it.
inline const Kernels<float>& active() { return *internal::chosen(); }

/// Makes that implementation the active one; false, and nothing changed, where this processor lacks it.
inline bool force(std::string_view name) {
  const Kernels<float>* named = find(name);
  if (named != nullptr) internal::chosen() = named;
  return named != nullptr;
}

/// The kernels for a scalar: the active ones for float, the reference for double and std::complex<double>.
template <class Scalar>
const Kernels<Scalar>& active_for() {
  return reference::kKernels<Scalar>;
}

template <>
inline const Kernels<float>& active_for<float>() {
  return active();
}

}  // namespace gruve::kernels
