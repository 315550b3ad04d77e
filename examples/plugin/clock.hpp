// Where the song is.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace companion {

/// What a host says of its transport.
struct Transport {
  bool is_playing = true;
  double bpm = 0;         // quarter notes per minute; 0 if the host has no tempo
  double bar_length = 4;  // quarter notes
  std::int64_t bar = 0;   // number of the bar
  double beat = 0;        // quarter notes since the bar line
};

/// The same, with what no host should say replaced: at each sample a few operations must do.
inline Transport in_range(Transport transport) noexcept {
  if (!(transport.bar_length >= 0.25 && transport.bar_length <= 64)) transport.bar_length = 4;
  if (!(std::abs(transport.beat) < 1e6)) transport.beat = 0;
  transport.bar = std::clamp<std::int64_t>(transport.bar, -1'000'000'000, 1'000'000'000);
  return transport;
}

/// Counts samples from the place that the host said last, so that bar lines are at the same samples whatever
/// the sizes of blocks.
class Clock {
 public:
  /// Begins at the host's place.
  void start(const Transport& transport, double quarters_per_sample) noexcept {
    quarters_per_sample_ = quarters_per_sample;
    bar_length_ = transport.bar_length;
    const double bars = std::floor(transport.beat / bar_length_);
    origin_ = transport.beat - bars * bar_length_;
    bar_ = transport.bar + static_cast<std::int64_t>(bars);
    samples_ = 0;
    if (samples_to_bar() <= 0) begin_bar();  // it is nearer than half a sample
  }
  /// Counts on from here at another tempo.
  void set_speed(double quarters_per_sample) noexcept {
    origin_ = beat();
    samples_ = 0;
    quarters_per_sample_ = quarters_per_sample;
  }
  void advance(std::int64_t samples) noexcept { samples_ += samples; }
  void begin_bar() noexcept {
    origin_ -= bar_length_;
    ++bar_;
  }

  std::int64_t bar() const noexcept { return bar_; }
  /// Quarter notes since the bar line; down to half a sample below 0 at it.
  double beat() const noexcept { return origin_ + static_cast<double>(samples_) * quarters_per_sample_; }
  double bar_length() const noexcept { return bar_length_; }
  double quarters_per_sample() const noexcept { return quarters_per_sample_; }
  /// Samples to the next bar line.
  std::int64_t samples_to_bar() const noexcept {
    return std::llround((bar_length_ - origin_) / quarters_per_sample_) - samples_;
  }
  /// How far the host is ahead, in quarter notes.
  double behind(const Transport& transport) const noexcept {
    return static_cast<double>(transport.bar - bar_) * bar_length_ + transport.beat - beat();
  }

 private:
  double quarters_per_sample_ = 1.0 / 24'000;
  double bar_length_ = 4;
  double origin_ = 0;         // quarter notes since the bar line where samples_ was 0
  std::int64_t samples_ = 0;  // since then
  std::int64_t bar_ = 0;
};

}  // namespace companion
