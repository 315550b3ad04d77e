#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "gruve/core/state_bytes.hpp"

namespace gruve::inline v0_2 {

/// A set of the piano's keys, 0 to 87, in 128 bits.
class KeySet {
 public:
  /// Adds a key.
  void insert(int key) noexcept { word(key) |= bit(key); }
  /// Takes a key out of the set.
  void erase(int key) noexcept { word(key) &= ~bit(key); }

  /// Whether a key is in the set.
  bool contains(int key) const noexcept {
    return (bits_[static_cast<std::size_t>(key) / 64] & bit(key)) != 0;
  }

  /// Calls visit(key) for each key, from the lowest to the highest.
  template <class Visit>
  void for_each(Visit&& visit) const noexcept {
    for (std::size_t word = 0; word < 2; ++word)
      for (std::uint64_t rest = bits_[word]; rest != 0; rest &= rest - 1)
        visit(static_cast<int>(64 * word) + std::countr_zero(rest));
  }

  /// The highest key of the set below a key of 0 to 88, or -1.
  int below(int key) const noexcept {
    for (std::size_t word = 2; word-- > 0;) {
      const std::uint64_t rest = bits_[word] & ~from(key, word);
      if (rest != 0) return static_cast<int>(64 * word) + 63 - std::countl_zero(rest);
    }
    return -1;
  }

  /// The keys of the set that are not below a key.
  KeySet not_below(int key) const noexcept {
    KeySet keys;
    for (std::size_t word = 0; word < 2; ++word) keys.bits_[word] = bits_[word] & from(key, word);
    return keys;
  }

  /// A hash that depends on every key; equal for equal sets.
  std::uint64_t hash() const noexcept {
    return (bits_[0] ^ std::rotl(bits_[1] * 0x9E3779B97F4A7C15u, 32)) * 0xD6E8FEB86659FD93u;
  }

  /// Writes or reads the set.
  void transfer(StateBytes& state) noexcept {
    state.value(bits_[0]);
    state.value(bits_[1], [](std::uint64_t keys) { return keys >> 24 == 0; });  // 88 keys
  }

  friend bool operator==(const KeySet&, const KeySet&) = default;

 private:
  static std::uint64_t bit(int key) noexcept { return std::uint64_t{1} << key % 64; }
  std::uint64_t& word(int key) noexcept { return bits_[static_cast<std::size_t>(key) / 64]; }

  // The bits of a word for a key (0 to 128) and all above it.
  static std::uint64_t from(int key, std::size_t word) noexcept {
    const int first = key - static_cast<int>(64 * word);
    return first <= 0 ? ~std::uint64_t{0} : first >= 64 ? 0 : ~std::uint64_t{0} << first;
  }

  std::array<std::uint64_t, 2> bits_{};
};

}  // namespace gruve::inline v0_2
