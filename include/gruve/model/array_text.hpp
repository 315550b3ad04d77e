#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"

// How an Error shows arrays of a file.
namespace gruve::inline v0_2::internal {

// "[3, 4]".
template <class Sizes>
std::string shape_text(const Sizes& shape) {
  std::string text = "[";
  for (const auto size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

// "a, b and 7 more": at most 12 of the names, and not many characters.
inline std::string listed_names(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 12, kMostCharacters = 300;
  std::string text;
  std::size_t shown = 0;
  for (; shown < (std::min)(kMostNames, names.size()) && text.size() < kMostCharacters; ++shown)
    text += (shown > 0 ? ", " : "") + names[shown];
  return shown < names.size() ? text + " and " + std::to_string(names.size() - shown) + " more" : text;
}

// Throws Error if a number is not finite.
inline void require_finite(std::span<const float> values, const std::string& file, const std::string& what) {
  const auto wrong = std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); });
  if (wrong != values.end())
    internal::raise(Error(file, what + " has the value " + std::to_string(*wrong) + " at index " +
                                    std::to_string(wrong - values.begin()) + ", expected finite numbers"));
}

}  // namespace gruve::inline v0_2::internal
