#pragma once

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "gruve/kernels/fused.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/reference.hpp"

namespace gruve::kernels {

/// The implementations for float that run on this processor, the plain reference first and the fastest last.
inline const std::vector<const Kernels<float>*>& available() {
  static const std::vector<const Kernels<float>*> kernels = [] {
    std::vector<const Kernels<float>*> found = {&reference::kKernels<float>};
#if defined(__GNUC__)
    found.push_back(&baseline::kKernels);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      found.push_back(&avx2::kKernels);
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found.push_back(&avx512::kKernels);
    }
#endif
#endif
    return found;
  }();
  return kernels;
}

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
