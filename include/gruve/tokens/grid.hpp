#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>

#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

inline constexpr int kLowestKey = 21;                          // of a piano, A0, as MIDI key number
inline constexpr int kHighestKey = 108;                        // of a piano, C8, as MIDI key number
inline constexpr int kNumKeys = kHighestKey - kLowestKey + 1;  // of a piano, 88

/// Whether the piano has a key for a MIDI key number.
constexpr bool on_piano(int pitch) noexcept { return kLowestKey <= pitch && pitch <= kHighestKey; }

/// The finest grid, in timesteps per quarter note.
inline constexpr int kMaxStepsPerQuarter = 960;

/// The largest number of timesteps of an encoded song: 12 hours at 24 timesteps per quarter note and 60 bpm.
/// A few bytes of MIDI can claim a length of centuries; this bounds the memory whatever a file says.
inline constexpr std::int64_t kMaxTimesteps = std::int64_t{1} << 20;

/// Converts a song's ticks to timesteps, in exact arithmetic, so that the result is equal on every machine.
class Grid {
 public:
  /// Throws Error if the song's ticks_per_quarter is not in 1 to 2^31 - 1, or steps_per_quarter not in 1 to
  /// kMaxStepsPerQuarter.
  Grid(std::int64_t ticks_per_quarter, int steps_per_quarter)
      : ticks_per_quarter_(ticks_per_quarter),
        steps_per_quarter_(steps_per_quarter),
        inverse_(0.5 / static_cast<double>(ticks_per_quarter)) {
    if (ticks_per_quarter < 1 || ticks_per_quarter > INT32_MAX)
      internal::raise(Error("a song of " + std::to_string(ticks_per_quarter) +
                            " ticks per quarter note, expected 1 to 2147483647"));
    if (steps_per_quarter < 1 || steps_per_quarter > kMaxStepsPerQuarter)
      internal::raise(Error(std::to_string(steps_per_quarter) +
                            " timesteps per quarter note, expected 1 to " +
                            std::to_string(kMaxStepsPerQuarter)));
    timestep_ = static_cast<std::uint64_t>((ticks_per_quarter + steps_per_quarter - 1) / steps_per_quarter);
  }

  /// The timestep whose beginning is nearest to a tick, halves rounded up.
  std::int64_t nearest(std::int64_t tick) const noexcept { return step(tick, ticks_per_quarter_); }

  /// The first timestep that begins at or after a tick.
  std::int64_t up(std::int64_t tick) const noexcept { return step(tick, 2 * ticks_per_quarter_ - 1); }

  /// Whether a note between two ticks begins and ends at the same timestep, or ends before it begins.
  bool is_too_short(std::int64_t start, std::int64_t end) const noexcept {
    // A note of at least the length of a timestep is long enough wherever it begins; most notes are.
    // Unsigned, so that negative numbers become large ones.
    const auto from = static_cast<std::uint64_t>(start);
    const std::uint64_t more = static_cast<std::uint64_t>(end) - from - timestep_;
    return (from >= kShort || more >= kShort) && nearest(start) >= nearest(end);
  }

 private:
  // floor((2 * tick * steps + rounding) / (2 * ticks)), for large ticks in parts that can't overflow: ticks
  // beyond 2^40 quarter notes, far more than kMaxTimesteps, are clamped.
  std::int64_t step(std::int64_t tick, std::int64_t rounding) const noexcept {
    const std::int64_t divisor = 2 * ticks_per_quarter_;
    if (0 <= tick && tick < kShort) {
      // Below 2^48. Plus a half, it is at least half a unit away from each multiple of the divisor, which is
      // more than the error of the floating-point quotient, less than 2^-51 of it.
      const std::int64_t dividend = 2 * tick * steps_per_quarter_ + rounding;
      return static_cast<std::int64_t>((static_cast<double>(dividend) + 0.5) * inverse_);
    }
    const std::int64_t quarters = (std::min)(tick / ticks_per_quarter_, std::int64_t{1} << 40);
    const std::int64_t rest = tick % ticks_per_quarter_;
    return quarters * steps_per_quarter_ + (2 * rest * steps_per_quarter_ + rounding) / divisor;
  }

  static constexpr std::int64_t kShort = std::int64_t{1} << 36;

  std::int64_t ticks_per_quarter_;
  std::int64_t steps_per_quarter_;
  double inverse_;              // 1 / (2 ticks_per_quarter)
  std::uint64_t timestep_ = 1;  // ticks of a timestep, rounded up
};

/// The timesteps of a bar, or of the fewest bars that have a whole number of timesteps.
inline int bar_steps(const TimeSignature& metre, int steps_per_quarter) noexcept {
  const int steps = 4 * metre.numerator * steps_per_quarter;
  return steps / std::gcd(steps, metre.denominator);
}

/// A song without notes, of one tempo, whose timesteps are a whole number of ticks: ticks_per_quarter is a
/// multiple of steps_per_quarter near 480.
///
/// bpm  quarter notes per minute, 4 to 60,000,000, the tempos that a MIDI file can hold; otherwise Error
inline Song song_on_grid(int steps_per_quarter, double bpm) {
  if (!(bpm >= 4 && bpm <= 60e6))
    internal::raise(Error("a tempo of " + std::to_string(bpm) + " bpm, expected 4 to 60000000"));
  Song song;
  song.ticks_per_quarter = std::int64_t{steps_per_quarter} * (std::max)(1, 480 / steps_per_quarter);
  song.tempos.push_back({.tick = 0, .microseconds_per_quarter = std::llround(60e6 / bpm)});
  return song;
}

}  // namespace gruve::inline v0_2
