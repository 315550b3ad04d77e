// Checksums mended, so that a fuzzer gets behind them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/model/safetensors.hpp"

namespace gruve::tests {

/// The bytes of a safetensors file, with the checksum that it should have.
inline std::vector<std::byte> mended(std::span<const std::byte> bytes) {
  std::vector<std::byte> result(bytes.begin(), bytes.end());
  try {
    SafetensorsFile(bytes, "fuzz");
  } catch (const Error& error) {
    const std::string_view reason = error.reason(), before = "that of what it holds \"";
    const std::size_t at = reason.find(before);
    if (at == std::string_view::npos) return result;
    const std::string_view right = reason.substr(at + before.size(), 16), name = "\"gruve.checksum\":\"";
    const auto place = std::search(result.begin(), result.end(), name.begin(), name.end(),
                                   [](std::byte a, char b) { return a == static_cast<std::byte>(b); });
    if (result.end() - place < static_cast<std::ptrdiff_t>(name.size() + 16)) return result;
    std::transform(right.begin(), right.end(), place + static_cast<std::ptrdiff_t>(name.size()),
                   [](char c) { return static_cast<std::byte>(c); });
  }
  return result;
}

}  // namespace gruve::tests
