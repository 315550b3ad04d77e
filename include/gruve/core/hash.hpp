#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gruve::inline v0_1 {

/// 64-bit content hash: FNV-1a (Fowler, Noll, Vo) with the final mix of SplitMix64 (Steele et al. 2014), so
/// that all bits are usable. Equal on every machine. Not for security.
inline std::uint64_t content_hash(std::span<const std::byte> bytes) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3u;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
  return hash ^ (hash >> 31);
}

}  // namespace gruve::inline v0_1
