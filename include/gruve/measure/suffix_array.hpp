#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace gruve::inline v0_2 {

/// The suffixes of a text in sorted order, and the common prefixes of neighbours.
struct SuffixArray {
  std::vector<std::uint32_t> begins{};  // [n] the position at which each suffix begins
  std::vector<std::uint32_t> common{};  // [n] symbols in common with the suffix before; 0 for the first
};

/// Sorts the suffixes of a text of at most 2^32 - 1 symbols. Time is O(n log l), where l is the length of the
/// longest repeat; memory 44 n bytes. Source: the order by Manber and Myers 1993, "Suffix arrays: a new
/// method for on-line string searches" (ranks of 1, 2, 4 … symbols, each from the pairs of the last), common
/// prefixes by Kasai et al. 2001, "Linear-time longest-common-prefix computation in suffix arrays and its
/// applications".
inline SuffixArray suffix_array(std::span<const std::uint32_t> text) {
  const std::size_t n = text.size();
  SuffixArray result;
  if (n == 0) return result;
  // Each suffix's key: the rank of its first half in the upper bits, that of its second half below, 0 past
  // the end.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keys(n), sorted(n);
  std::vector<std::uint32_t> rank(text.begin(), text.end());
  for (std::size_t length = 0;; length = length == 0 ? 1 : 2 * length) {
    std::uint64_t bits = 0;  // set in any key
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t second = length == 0 || i + length >= n ? 0 : rank[i + length];
      keys[i] = {std::uint64_t{rank[i]} << 32 | second, static_cast<std::uint32_t>(i)};
      bits |= keys[i].first;
    }
    constexpr int kDigit = 11;
    for (int shift = 0; shift < 64; shift += kDigit) {
      constexpr std::uint64_t kMask = (1u << kDigit) - 1;
      if ((bits >> shift & kMask) == 0) continue;
      std::array<std::size_t, kMask + 2> places{};
      for (const auto& key : keys) ++places[(key.first >> shift & kMask) + 1];
      for (std::size_t d = 1; d < places.size(); ++d) places[d] += places[d - 1];
      for (const auto& key : keys) sorted[places[key.first >> shift & kMask]++] = key;
      keys.swap(sorted);
    }
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (i == 0 || keys[i].first != keys[i - 1].first) ++number;
      rank[keys[i].second] = number;
    }
    if (number == n) break;
  }
  result.begins.resize(n);
  for (std::size_t i = 0; i < n; ++i) result.begins[i] = keys[i].second;
  // A suffix without its first symbol shares at most one symbol less with its predecessor.
  result.common.resize(n);
  std::size_t common = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t place = rank[i] - 1;
    if (place == 0) {
      common = 0;
      continue;
    }
    const std::size_t other = result.begins[place - 1];
    while (i + common < n && other + common < n && text[i + common] == text[other + common]) ++common;
    result.common[place] = static_cast<std::uint32_t>(common);
    if (common > 0) --common;
  }
  return result;
}

}  // namespace gruve::inline v0_2
