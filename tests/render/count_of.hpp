// How often a part stands in a text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

inline std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}
