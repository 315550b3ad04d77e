#pragma once

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "gruve/core/platform.hpp"
#include "gruve/kernels/processor.hpp"

/// Which set of kernels is taken: the fastest one that the processor has, or the one that the program names.
namespace gruve::inline v0_2::kernels {

namespace internal {

struct NamedSet {
  const char* name;
  bool serves_float;  // has kernels with weights in float
  bool (*runs_here)() noexcept;
};

// From the slowest to the fastest.
inline constexpr NamedSet kNamedSets[] = {
    {"reference", true, []() noexcept { return true; }},
#if defined(GRUVE_HAS_VECTORS)
    {"baseline", true, []() noexcept { return true; }},
    {"avx2", true, processor::has_avx2},
    {"avx512", true, processor::has_avx512},
    {"avx512_vnni", false, processor::has_avx512_vnni},
    {"avx512_bf16", false, processor::has_avx512_bf16},
    {"amx", false, []() noexcept { return processor::has_amx_bf16() || processor::has_amx_int8(); }},
#endif
};

// The set of that name, or null where this processor has none.
inline const NamedSet* named_set(std::string_view name) noexcept {
  for (const NamedSet& set : kNamedSets)
    if (name == set.name) return set.runs_here() ? &set : nullptr;
  return nullptr;
}

// The set that was asked for, or null where the fastest are taken.
inline std::atomic<const NamedSet*>& forced_set() noexcept {
  static std::atomic<const NamedSet*> set = nullptr;
  return set;
}

}  // namespace internal

/// Makes the kernels of that name the active ones, for each precision that they serve; false, and nothing
/// changed, where this processor has none. It holds for this program, or for this shared object where gruve
/// is linked into it with hidden symbols.
inline bool force(std::string_view name) noexcept {
  const internal::NamedSet* set = internal::named_set(name);
  if (set != nullptr) internal::forced_set() = set;
  return set != nullptr;
}

/// force() with the name that the environment variable GRUVE_KERNELS holds; false where it holds none, or one
/// that this processor has not. For programs whose user chooses the set: nothing else in gruve
/// reads the environment, so that it can't change a plug-in inside another program.
inline bool use_environment() noexcept {
  const char* name = std::getenv("GRUVE_KERNELS");
  return name != nullptr && force(name);
}

/// The name of the kernels that new models use whose weights are floats: the set that force() named, or the
/// fastest where that has none for them.
inline const char* active_name() noexcept {
  const internal::NamedSet* forced = internal::forced_set();
  if (forced != nullptr && forced->serves_float) return forced->name;
  const char* name = nullptr;
  for (const internal::NamedSet& set : internal::kNamedSets)
    if (set.serves_float && set.runs_here()) name = set.name;
  return name;
}

}  // namespace gruve::inline v0_2::kernels
