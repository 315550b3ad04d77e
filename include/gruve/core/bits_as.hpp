#pragma once

#include <type_traits>

namespace gruve::inline v0_2 {

/// A value of another type with the same bits: std::bit_cast, which libc++ has only from version 14 on.
template <class To, class From>
constexpr To bits_as(const From& from) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  static_assert(std::is_trivially_copyable_v<To> && std::is_trivially_copyable_v<From>);
  return __builtin_bit_cast(To, from);  // of GCC, Clang and MSVC alike
}

}  // namespace gruve::inline v0_2
