#pragma once

#include <string_view>
#include <vector>

#include "gruve/kernels/dispatch.hpp"

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/kernels/available_precisions.hpp"
#endif

/// The kernels whose weights may have fewer bits. In a header of their own, since without gruve::kernels who
/// includes it compiles them all.
namespace gruve::inline v0_2::kernels {

#if defined(GRUVE_COMPILED_KERNELS)
/// The implementations for float with weights of that precision that run on this processor, the plain
/// reference first and the fastest last. The first call for bf16 or int8 asks Linux for the tile registers of
/// AMX, for the whole process. Defined in src/kernels.cpp.
const std::vector<const Kernels<float>*>& available(Precision precision);
#endif

/// The available implementation of that name, or null.
inline const Kernels<float>* find(std::string_view name, Precision precision) {
  for (const Kernels<float>* kernels : available(precision))
    if (name == kernels->name) return kernels;
  return nullptr;
}

/// The implementation that new models and trainers of that precision use: the one that force() named, or the
/// fastest where none of that precision has the name.
inline const Kernels<float>& active(Precision precision) {
  const internal::NamedSet* forced = internal::forced_set();
  const Kernels<float>* named = forced != nullptr ? find(forced->name, precision) : nullptr;
  return named != nullptr ? *named : *available(precision).back();
}

}  // namespace gruve::inline v0_2::kernels
