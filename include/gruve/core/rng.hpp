#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "gruve/core/portable_math.hpp"

namespace gruve::inline v0_2 {

/// One block of Philox4x32-10: four random words that are a function of counter and key alone.
/// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

/// Counter-based random numbers: the n-th number of a (seed, stream) pair is a function of seed, stream and n
/// alone, equal on every machine. Streams of one seed are independent; use one per thread, piece or purpose.
/// Not for cryptography.
class Rng {
 public:
  /// Begins at position 0 of a stream.
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) noexcept : seed_(seed), stream_(stream) {}

  /// The next 32 random bits.
  std::uint32_t next() noexcept {
    const auto lane = static_cast<std::size_t>(position_ % 4);
    if (lane == 0 || !filled_) {
      block_ = philox({low(position_ / 4), high(position_ / 4), low(stream_), high(stream_)},
                      {low(seed_), high(seed_)});
      filled_ = true;
    }
    ++position_;
    return block_[lane];
  }

  /// Uniform in [0, 1): a multiple of 2^-24.
  float uniform() noexcept { return static_cast<float>(next() >> 8) * 0x1p-24f; }

  /// Uniform integer in [0, bound); bound must be positive. Lemire 2019: the bias is below bound / 2^32.
  std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{next()} * bound) >> 32);
  }

  /// Standard normal (Box and Muller 1958).
  double normal() noexcept {
    const double radius = std::sqrt(-2.0 * internal::portable_log((next() + 1.0) * 0x1p-32));
    const double turn = next() * 0x1p-32;
    return radius * internal::portable_cos_pi(2 * (turn > 0.5 ? 1 - turn : turn));
  }

  /// The number of 32-bit words drawn so far. A checkpoint stores it; seek() continues from there.
  std::uint64_t position() const noexcept { return position_; }

  /// Continues as if `position` words had been drawn.
  void seek(std::uint64_t position) noexcept {
    position_ = position;
    filled_ = false;
  }

  /// Writes or reads seed, stream and position (see StateBytes).
  template <class State>
  void transfer(State& state) noexcept {
    state.value(seed_);
    state.value(stream_);
    state.value(position_);
    if (state.is_reading()) filled_ = false;
  }

 private:
  static constexpr std::uint32_t low(std::uint64_t x) noexcept { return static_cast<std::uint32_t>(x); }
  static constexpr std::uint32_t high(std::uint64_t x) noexcept {
    return static_cast<std::uint32_t>(x >> 32);
  }

  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;
  std::array<std::uint32_t, 4> block_{};
  bool filled_ = false;
};

}  // namespace gruve::inline v0_2
