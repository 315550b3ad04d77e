#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/generate/scale.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

namespace gruve {

/// What music may not do, however much its model wants to. Times are in quarter notes and at least a
/// timestep.
struct LimitOptions {
  PitchClasses scale = kAllPitchClasses;  // of the notes that begin
  int lowest = kLowestKey;                // MIDI key number of the notes that begin
  int highest = kHighestKey;
  int max_keys = 0;               // that sound at once; 0 for any number
  double max_held = 0;            // time that a note may last; 0 for ever
  double max_silence = 0;         // time in which nothing sounds; 0 for ever
  int max_notes_per_quarter = 0;  // notes that begin within any quarter note; 0 for any number
  TimeSignature metre = {};       // that bars are counted in, where the tokens don't say

  friend bool operator==(const LimitOptions&, const LimitOptions&) = default;
};

/// Ways in which a token goes against what music may do, as bits: those that weigh more are worth more than
/// all that weigh less together, so that the smaller number is the lesser evil.
namespace breach {
inline constexpr unsigned kTooDense = 1;
inline constexpr unsigned kLoop = 2;
inline constexpr unsigned kSilent = 4;
inline constexpr unsigned kHeldTooLong = 8;
inline constexpr unsigned kTooManyKeys = 16;
inline constexpr unsigned kOutside = 32;   // of the scale or the range
inline constexpr unsigned kNotMusic = 64;  // the grammar doesn't allow it at all
}  // namespace breach

namespace internal {

// Limits in timesteps, and those that are the same for every encoder.
class NoteLimits {
 public:
  NoteLimits(const LimitOptions& options, int steps_per_quarter)
      : options_(options), steps_per_quarter_(steps_per_quarter) {
    const auto require = [](bool holds, const char* sentence, const std::string& found) {
      if (!holds) throw Error(sentence + found);
    };
    require(options.lowest <= options.highest && on_piano(options.lowest) && on_piano(options.highest),
            "the lowest and the highest key must be MIDI keys 21 to 108 in this order, not ",
            std::to_string(options.lowest) + " and " + std::to_string(options.highest));
    require(options.max_keys >= 0, "max-keys must be 0 (for any number) or a number of keys, not ",
            std::to_string(options.max_keys));
    require(options.max_notes_per_quarter >= 0 && options.max_notes_per_quarter <= kMaxNotes,
            "max-notes must be 0 (for any number) or a number of notes up to 100000, not ",
            std::to_string(options.max_notes_per_quarter));
    for (const double quarters : {options.max_held, options.max_silence})
      require(quarters >= 0 && quarters <= static_cast<double>(kMaxTimesteps),
              "max-held and max-silence must be 0 (for ever) or quarter notes, at most 1048576, not ",
              std::to_string(quarters));
    require(options.metre.numerator >= 1 && options.metre.numerator <= 255 && options.metre.denominator >= 1,
            "the metre must be 1 to 255 parts of a note, not ",
            std::to_string(options.metre.numerator) + "/" + std::to_string(options.metre.denominator));
    bool has_key = false;
    for (int key = 0; key < kNumKeys; ++key) {
      const int pitch = kLowestKey + key;
      may_begin_[static_cast<std::size_t>(key)] =
          options.lowest <= pitch && pitch <= options.highest && has_pitch(options.scale, pitch);
      has_key = has_key || may_begin_[static_cast<std::size_t>(key)];
    }
    require(has_key, "no key of the scale lies ",
            "from " + std::to_string(options.lowest) + " to " + std::to_string(options.highest));
    begun_.assign(static_cast<std::size_t>(options.max_notes_per_quarter), -steps_per_quarter);
    max_held_ = steps(options.max_held);
    max_silence_ = steps(options.max_silence);
  }

  bool may_begin(int key) const noexcept { return may_begin_[static_cast<std::size_t>(key)]; }

  // Whether as many notes have begun in the quarter note before a timestep, it included, as may.
  bool is_dense(std::int64_t step) const noexcept {
    return !begun_.empty() && begun_[oldest_] > step - steps_per_quarter_;
  }

  void begin_note(std::int64_t step) noexcept {
    if (begun_.empty()) return;
    begun_[oldest_] = step;
    oldest_ = (oldest_ + 1) % begun_.size();
  }

  int max_keys() const noexcept { return options_.max_keys > 0 ? options_.max_keys : kNumKeys; }
  std::int64_t max_held() const noexcept { return max_held_; }
  std::int64_t max_silence() const noexcept { return max_silence_; }

 private:
  static constexpr int kMaxNotes = 100'000;

  std::int64_t steps(double quarters) const {
    if (quarters == 0) return std::int64_t{1} << 40;
    return std::max<std::int64_t>(1, std::llround(quarters * steps_per_quarter_));
  }

  LimitOptions options_;
  int steps_per_quarter_;
  std::int64_t max_held_;
  std::int64_t max_silence_;
  std::array<bool, kNumKeys> may_begin_{};
  std::vector<std::int64_t> begun_;  // when the last notes did, round and round, as many as may in a quarter
  std::size_t oldest_ = 0;
};

}  // namespace internal

/// Follows music token by token, and knows in what way the next would break its limits.
///
///   unsigned breaches(state, token)   the breach bits of a token that the grammar allows in that state
///   bool advance(state, token)        takes it; whether it ends a bar
///   std::size_t bar_capacity()        tokens that a bar is expected to have at most
///
/// The primary template is for encoders of which no limits are known: Error if there are to be any.
template <Grammar Encoder>
class Limits {
 public:
  Limits(const Encoder&, const LimitOptions& options) {
    if (options != LimitOptions{})
      throw Error("musical limits need a music encoder of gruve, timestep or event; this model has another");
  }
  unsigned breaches(const typename Encoder::State&, Token) const noexcept { return 0; }
  bool advance(const typename Encoder::State&, Token) noexcept { return false; }
  std::size_t bar_capacity() const noexcept { return 0; }  // there are no bars
};

template <>
class Limits<TimestepEncoder> {
 public:
  Limits(const TimestepEncoder& encoder, const LimitOptions& options)
      : notes_(options, encoder.steps_per_quarter()),
        repeat_held_(encoder.options().repeat_held),
        bar_steps_(bar_steps(options.metre, encoder.steps_per_quarter())) {}

  unsigned breaches(TimestepEncoder::State, Token token) const noexcept {
    if (token == TimestepEncoder::kEndOfStep)
      return num_keys_ == 0 && step_ - silent_since_ >= notes_.max_silence() ? breach::kSilent : 0;
    unsigned breaches = num_keys_ >= notes_.max_keys() ? breach::kTooManyKeys : 0;
    if (is_held(token))
      return breaches | (step_ - keys_[token].first >= notes_.max_held() ? breach::kHeldTooLong : 0);
    if (!notes_.may_begin(token)) breaches |= breach::kOutside;
    if (notes_.is_dense(step_)) breaches |= breach::kTooDense;
    return breaches;
  }

  bool advance(TimestepEncoder::State, Token token) noexcept {
    if (token == TimestepEncoder::kEndOfStep) {
      ++step_;
      if (num_keys_ > 0) silent_since_ = step_;
      num_keys_ = 0;
      return step_ % bar_steps_ == 0;
    }
    if (!is_held(token)) {
      keys_[token].first = step_;
      notes_.begin_note(step_);
    }
    keys_[token].last = step_;
    ++num_keys_;
    return false;
  }

  std::size_t bar_capacity() const noexcept {
    return static_cast<std::size_t>(std::max(4096, 16 * bar_steps_));
  }

 private:
  struct Key {
    std::int64_t first = -2, last = -2;  // timesteps of its last note; -2 before there was one
  };

  bool is_held(Token key) const noexcept { return repeat_held_ && keys_[key].last == step_ - 1; }

  internal::NoteLimits notes_;
  bool repeat_held_;
  int bar_steps_;
  std::int64_t step_ = 0;
  std::int64_t silent_since_ = 0;
  int num_keys_ = 0;  // in this timestep
  std::array<Key, kNumKeys> keys_;
};

template <>
class Limits<EventEncoder> {
 public:
  Limits(const EventEncoder& encoder, const LimitOptions& options)
      : encoder_(encoder), notes_(options, encoder.steps_per_quarter()) {}

  unsigned breaches(const EventEncoder::State& state, Token token) const noexcept {
    using Kind = EventEncoder::Kind;
    const EventEncoder::Event e = encoder_.event(token);
    // What lasts as long as the note before, which a primer may have had longer than is allowed.
    const bool is_too_long = state.last == Kind::key && state.duration > notes_.max_held();
    unsigned breaches =
        is_too_long && e.kind != Kind::hold && e.kind != Kind::duration ? breach::kHeldTooLong : 0;
    switch (e.kind) {
      case Kind::end_of_bar:
        if (bar_ + state.bar_steps - silent_from_ > notes_.max_silence()) breaches |= breach::kSilent;
        break;
      case Kind::position: {
        // A key must follow, for which there must be room.
        const std::int64_t step = bar_ + e.value;
        if (step - silent_from_ > notes_.max_silence()) breaches |= breach::kSilent;
        if (step < free_from_) breaches |= breach::kTooManyKeys;
        if (notes_.is_dense(step)) breaches |= breach::kTooDense;
        break;
      }
      case Kind::key: {
        const std::int64_t step = bar_ + state.position;
        const bool sounds = ends_[static_cast<std::size_t>(e.value)] > step;
        if (num_keys_ - (sounds ? 1 : 0) >= notes_.max_keys()) breaches |= breach::kTooManyKeys;
        if (!notes_.may_begin(e.value)) breaches |= breach::kOutside;
        if (notes_.is_dense(step)) breaches |= breach::kTooDense;
        break;
      }
      case Kind::hold: {
        // A duration must follow, another than the last note's.
        const std::int64_t least = state.held + encoder_.longest() + 1;
        if (least + (least == state.duration ? 1 : 0) > notes_.max_held()) breaches |= breach::kHeldTooLong;
        break;
      }
      case Kind::duration:
        if (state.held + e.value > notes_.max_held()) breaches |= breach::kHeldTooLong;
        break;
      default:
        break;
    }
    return breaches;
  }

  bool advance(const EventEncoder::State& state, Token token) noexcept {
    using Kind = EventEncoder::Kind;
    const EventEncoder::Event e = encoder_.event(token);
    const std::int64_t step = bar_ + state.position;
    switch (e.kind) {
      case Kind::end_of_bar:
        bar_ += state.bar_steps;
        break;
      case Kind::key:
        notes_.begin_note(step);
        set_end(e.value, step, step + std::max(1, state.duration));
        return false;
      case Kind::duration:
        set_end(state.key, step, step + state.held + e.value);
        return false;
      default:
        break;
    }
    if (e.kind == Kind::end_of_bar || e.kind == Kind::position)
      count_keys(e.kind == Kind::position ? bar_ + e.value : bar_);
    return e.kind == Kind::end_of_bar;
  }

  std::size_t bar_capacity() const noexcept {
    return static_cast<std::size_t>(std::max(4096, 96 * encoder_.steps_per_quarter()));
  }

 private:
  void set_end(int key, std::int64_t step, std::int64_t end) noexcept {
    ends_[static_cast<std::size_t>(key)] = end;
    silent_from_ = *std::max_element(ends_.begin(), ends_.end());
    if (notes_.max_keys() < kNumKeys) {
      // As soon as all but max_keys - 1 have ended another has room.
      auto sorted = ends_;
      const auto nth = sorted.begin() + notes_.max_keys() - 1;
      std::nth_element(sorted.begin(), nth, sorted.end(), std::greater<>());
      free_from_ = *nth;
    }
    count_keys(step);
  }

  void count_keys(std::int64_t step) noexcept {
    num_keys_ = static_cast<int>(
        std::count_if(ends_.begin(), ends_.end(), [&](std::int64_t end) { return end > step; }));
  }

  EventEncoder encoder_;
  internal::NoteLimits notes_;
  std::int64_t bar_ = 0;                       // timestep at which it begins
  std::array<std::int64_t, kNumKeys> ends_{};  // timestep at which the last note of each key does
  std::int64_t silent_from_ = 0;               // the last of them
  std::int64_t free_from_ = 0;                 // where fewer than max_keys sound
  int num_keys_ = 0;                           // that sound at the position
};

}  // namespace gruve
