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
/// The implementations for float with weights of that precision that run on this processor, the plain
/// reference first and the fastest last. Defined in the one source file of the program that includes
/// available.hpp.
const std::vector<const Kernels<float>*>& available(Precision precision);
#endif

/// Those with weights in float.
inline const std::vector<const Kernels<float>*>& available() { return available(Precision::fp32); }

/// The available implementation of that name, or null.
inline const Kernels<float>* find(std::string_view name, Precision precision = Precision::fp32) {
  for (const Kernels<float>* kernels : available(precision))
    if (name == kernels->name) return kernels;
  return nullptr;
}

namespace internal {

// The name of the implementations that were asked for, empty where the fastest are taken.
inline std::atomic<const char*>& forced_name() {
  static std::atomic<const char*> name = [] {
    const char* asked = std::getenv("GRUVE_KERNELS");
    return asked != nullptr ? asked : "";
  }();
  return name;
}

}  // namespace internal

/// The implementation that new models and trainers use: the one that force() or the environment variable
/// GRUVE_KERNELS names, or the fastest where none of that precision has the name.
inline const Kernels<float>& active(Precision precision = Precision::fp32) {
  const Kernels<float>* named = find(internal::forced_name().load(), precision);
  return named != nullptr ? *named : *available(precision).back();
}

/// Makes the implementations of that name the active ones; false, and nothing changed, where this processor
/// has none.
inline bool force(std::string_view name) {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (const Kernels<float>* named = find(name, precision)) {
      internal::forced_name() = named->name;
      return true;
    }
  }
  return false;
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
