#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "gruve/core/platform.hpp"

namespace gruve::inline v0_2 {

/// 64-bit content hash: FNV-1a (Fowler, Noll, Vo) with the final mix of SplitMix64 (Steele et al. 2014), so
/// that all bits are usable. Equal on every machine. Not for security.
inline std::uint64_t content_hash(std::span<const std::byte> bytes) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3u;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
  return hash ^ (hash >> 31);
}

/// The 64-bit hash XXH64 of bytes, at the speed of memory: for the checksums of large files. Equal on every
/// machine. Not for security.
/// Specification: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
///
/// seed  another seed gives another hash. To hash parts in sequence, pass the hash of the part before
inline std::uint64_t xxh64(std::span<const std::byte> bytes, std::uint64_t seed = 0) noexcept {
  constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87u, kPrime2 = 0xC2B2AE3D27D4EB4Fu,
                          kPrime3 = 0x165667B19E3779F9u, kPrime4 = 0x85EBCA77C2B2AE63u,
                          kPrime5 = 0x27D4EB2F165667C5u;
  const auto word = [&](std::size_t at, std::size_t size) {  // little-endian
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, size);
    return value;
  };
  const auto round = [](std::uint64_t lane, std::uint64_t input) {
    return std::rotl(lane + input * kPrime2, 31) * kPrime1;
  };
  std::size_t at = 0;
  std::uint64_t hash = seed + kPrime5;
  if (bytes.size() >= 32) {
    std::array<std::uint64_t, 4> lanes{seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1};
    for (; at + 32 <= bytes.size(); at += 32)
      for (std::size_t i = 0; i < 4; ++i) lanes[i] = round(lanes[i], word(at + 8 * i, 8));
    hash =
        std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    for (const std::uint64_t lane : lanes) hash = (hash ^ round(0, lane)) * kPrime1 + kPrime4;
  }
  hash += bytes.size();
  for (; at + 8 <= bytes.size(); at += 8)
    hash = std::rotl(hash ^ round(0, word(at, 8)), 27) * kPrime1 + kPrime4;
  for (; at + 4 <= bytes.size(); at += 4)
    hash = std::rotl(hash ^ word(at, 4) * kPrime1, 23) * kPrime2 + kPrime3;
  for (; at < bytes.size(); ++at) hash = std::rotl(hash ^ word(at, 1) * kPrime5, 11) * kPrime1;
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

}  // namespace gruve::inline v0_2
