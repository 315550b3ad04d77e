// MIDI files spelled out in bytes.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace gruve::tests {

using Bytes = std::vector<std::byte>;

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes bytes(std::initializer_list<int> values) {
  Bytes result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

inline Bytes chunk(std::string_view name, const Bytes& content) {
  Bytes result;
  for (const char letter : name) result.push_back(static_cast<std::byte>(letter));
  const auto size = static_cast<int>(content.size());
  return result + bytes({size >> 24, size >> 16 & 255, size >> 8 & 255, size & 255}) + content;
}

inline Bytes header(int format, int tracks, int division) {
  return chunk("MThd", bytes({0, format, tracks >> 8, tracks & 255, division >> 8, division & 255}));
}

inline Bytes track(std::initializer_list<int> events) { return chunk("MTrk", bytes(events)); }

// A file of format 0 with 96 ticks a quarter note; its events begin at byte 22.
inline Bytes file_of(std::initializer_list<int> events) { return header(0, 1, 96) + track(events); }

}  // namespace gruve::tests
