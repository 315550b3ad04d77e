#pragma once

#include <string_view>

/// The version of gruve for the preprocessor: `#if GRUVE_VERSION_MAJOR > 0 || GRUVE_VERSION_MINOR >= 2`.
#define GRUVE_VERSION_MAJOR 0
#define GRUVE_VERSION_MINOR 2
#define GRUVE_VERSION_PATCH 0

namespace gruve::inline v0_2 {

/// The version of gruve, by SemVer: "0.2.0". The inline namespace has its first two numbers.
inline constexpr std::string_view kVersion = "0.2.0";

}  // namespace gruve::inline v0_2
