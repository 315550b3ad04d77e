#pragma once

#include <string_view>

namespace gruve::inline v0_1 {

/// The version of gruve, by SemVer: "0.1.0". The inline namespace has its first two numbers.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace gruve::inline v0_1
