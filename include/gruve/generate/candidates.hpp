#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gruve/core/bits_as.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2::internal {

/// A token that may be drawn and its weight, packed into an integer whose order is the order of candidates:
/// by descending weight, equal weights by ascending token.
class Candidate {
 public:
  Candidate() = default;
  /// weight  above 0
  Candidate(float weight, Token token) noexcept
      : rank_(std::uint64_t{~bits_as<std::uint32_t>(weight)} << 16 | token) {}

  float weight() const noexcept { return bits_as<float>(~static_cast<std::uint32_t>(rank_ >> 16)); }
  Token token() const noexcept { return static_cast<Token>(rank_); }
  /// 0 to 2^48 - 1.
  std::uint64_t rank() const noexcept { return rank_; }

 private:
  std::uint64_t rank_ = 0;
};

/// Ranks the tokens of a vocabulary by weight. Its functions allocate nothing and don't throw.
///
/// Cost: O(V), whatever the weights. Up to kFew candidates are sorted by comparisons, O(n log n); more by
/// three passes of a radix sort, since a comparison sort of 50,000 tokens takes longer than a model's step.
class Candidates {
 public:
  explicit Candidates(std::size_t vocab_size)
      : found_(vocab_size), scratch_(vocab_size > kFew ? vocab_size : 0) {}

  /// The candidates with a weight above 0 and at least `least`, in order. Valid until the next call.
  ///
  /// weights [V]  finite or NaN; a NaN is not a candidate
  std::span<const Candidate> rank(std::span<const float> weights, float least) noexcept {
    std::size_t count = 0;
    for (std::size_t token = 0; token < weights.size(); ++token) {
      // Always written, counted only if it is a candidate: no branch that could be mispredicted.
      const float weight = weights[token];
      found_[count] = Candidate(weight, static_cast<Token>(token));
      count += static_cast<std::size_t>(weight > 0 && weight >= least);
    }
    sort(count);
    return std::span<const Candidate>(found_).first(count);
  }

  /// A weight that k candidates or a few more have or exceed; 0 if there are at most k candidates.
  float least_of(std::size_t k, std::span<const float> weights) noexcept {
    if (weights.size() <= kFew || weights.size() <= k) return 0;
    // Buckets of an eighth of an octave: the upper bits of a positive float.
    std::array<std::uint32_t, kBuckets> counts{};
    for (const float weight : weights)
      if (weight > 0) ++counts[bits_as<std::uint32_t>(weight) >> kBucketShift];
    std::size_t count = 0;
    for (std::size_t bucket = kBuckets; bucket-- > 0;) {
      count += counts[bucket];
      if (count >= k) return bits_as<float>(static_cast<std::uint32_t>(bucket << kBucketShift));
    }
    return 0;
  }

 private:
  static constexpr std::size_t kFew = 256;
  static constexpr int kDigitBits = 11;
  static constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
  static constexpr std::size_t kBuckets = 2048;
  static constexpr int kBucketShift = 20;

  void sort(std::size_t count) noexcept {
    if (count <= kFew) {
      std::sort(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(count),
                [](Candidate a, Candidate b) { return a.rank() < b.rank(); });
      return;
    }
    // From the last digit of the weight to the first. The sort is stable: equal weights stay ordered by
    // token.
    constexpr int kShifts[] = {16, 16 + kDigitBits, 16 + 2 * kDigitBits};
    std::array<std::array<std::uint32_t, kDigits>, std::size(kShifts)> places{};
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t pass = 0; pass < places.size(); ++pass)
        ++places[pass][found_[i].rank() >> kShifts[pass] & (kDigits - 1)];
    for (std::size_t pass = 0; pass < places.size(); ++pass) {
      std::uint32_t sum = 0;
      for (std::uint32_t& place : places[pass]) {
        const std::uint32_t size = place;
        place = sum;
        sum += size;
      }
      for (std::size_t i = 0; i < count; ++i)
        scratch_[places[pass][found_[i].rank() >> kShifts[pass] & (kDigits - 1)]++] = found_[i];
      found_.swap(scratch_);
    }
  }

  std::vector<Candidate> found_;    // [V], of which the first few are used
  std::vector<Candidate> scratch_;  // [V], or empty if no more than kFew are ever sorted
};

}  // namespace gruve::inline v0_2::internal
