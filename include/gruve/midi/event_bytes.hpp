#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gruve::inline v0_2::internal {

/// Whether bytes are the events of a track, from a delta time to the end of an event, a note among them, and
/// nothing else. Linear in the bytes.
inline bool are_events(std::span<const std::uint8_t> bytes) noexcept {
  const std::size_t size = bytes.size();
  std::size_t at = 0;
  // Reads a variable-length quantity. Returns false if there is none.
  const auto read = [&](std::size_t& value) {
    value = 0;
    for (int i = 0; i < 4 && at < size; ++i) {
      const std::uint8_t byte = bytes[at++];
      value = value << 7 | (byte & 0x7Fu);
      if (byte < 0x80) return true;
    }
    return false;
  };
  bool has_note = false;
  int status = 0;
  while (at < size) {
    std::size_t length = 0;
    if (!read(length) || at == size) return false;  // the delta time
    if (bytes[at] >= 0x80) status = bytes[at++];
    if (status == 0xFF || status == 0xF0 || status == 0xF7) {
      if (status == 0xFF) ++at;
      if (at >= size || !read(length) || length > size - at) return false;
      at += length;
      status = 0;
      continue;
    }
    if (status < 0x80 || status > 0xEF) return false;
    const std::size_t count = (status & 0xE0) == 0xC0 ? 1 : 2;  // of data bytes
    if (size - at < count || (bytes[at] | bytes[at + count - 1]) >= 0x80) return false;
    has_note = has_note || (status & 0xE0) == 0x80;
    at += count;
  }
  return has_note;
}

}  // namespace gruve::inline v0_2::internal
