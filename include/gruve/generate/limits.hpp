#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/generate/scale.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

namespace gruve::inline v0_1 {

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

inline constexpr int kMaxNotesPerQuarter = 100'000;

// Calls require(holds, sentence, found) for each rule that the options must keep; found() is what they are.
template <class Require>
void check(const LimitOptions& options, Require&& require) {
  require(options.lowest <= options.highest && on_piano(options.lowest) && on_piano(options.highest),
          "the lowest and the highest key must be MIDI keys 21 to 108 in this order, not ",
          [&] { return std::to_string(options.lowest) + " and " + std::to_string(options.highest); });
  require(options.max_keys >= 0, "max-keys must be 0 (for any number) or a number of keys, not ",
          [&] { return std::to_string(options.max_keys); });
  require(options.max_notes_per_quarter >= 0 && options.max_notes_per_quarter <= kMaxNotesPerQuarter,
          "max-notes must be 0 (for any number) or a number of notes up to 100000, not ",
          [&] { return std::to_string(options.max_notes_per_quarter); });
  for (const double quarters : {options.max_held, options.max_silence})
    require(quarters >= 0 && quarters <= static_cast<double>(kMaxTimesteps),
            "max-held and max-silence must be 0 (for ever) or quarter notes, at most 1048576, not ",
            [&] { return std::to_string(quarters); });
  require(options.metre.numerator >= 1 && options.metre.numerator <= 255 && options.metre.denominator >= 1,
          "the metre must be 1 to 255 parts of a note, not ", [&] {
            return std::to_string(options.metre.numerator) + "/" + std::to_string(options.metre.denominator);
          });
  bool has_key = false;
  for (int pitch = std::max(options.lowest, kLowestKey); pitch <= std::min(options.highest, kHighestKey);
       ++pitch)
    has_key = has_key || has_pitch(options.scale, pitch);
  require(has_key, "no key of the scale lies ", [&] {
    return "from " + std::to_string(options.lowest) + " to " + std::to_string(options.highest);
  });
}

inline bool is_valid(const LimitOptions& options) noexcept {
  bool valid = true;
  check(options, [&](bool holds, const char*, auto&&) { valid = valid && holds; });
  return valid;
}

// Of music, times in timesteps: 2^48 of them are a thousand years, and no sum overflows.
inline constexpr auto kIsStep = [](std::int64_t step) {
  return step >= -(std::int64_t{1} << 48) && step <= std::int64_t{1} << 48;
};

// Limits in timesteps, and those that are the same for every encoder. The notes that have begun are known
// whether they are limited or not, so that limits can be set at any time.
class NoteLimits {
 public:
  NoteLimits(const LimitOptions& options, int steps_per_quarter)
      : steps_per_quarter_(steps_per_quarter),
        // No more notes than that can begin within a quarter note.
        begun_(static_cast<std::size_t>(std::min(kMaxNotesPerQuarter, kNumKeys * steps_per_quarter)),
               -steps_per_quarter) {
    check(options, [](bool holds, const char* sentence, auto&& found) {
      if (!holds) throw Error(sentence + found());
    });
    set(options);
  }

  // From the next token on. The options must be valid.
  void set(const LimitOptions& options) noexcept {
    options_ = options;
    any_ = options != LimitOptions{.metre = options.metre};
    for (int key = 0; key < kNumKeys; ++key) {
      const int pitch = kLowestKey + key;
      may_begin_[static_cast<std::size_t>(key)] =
          options.lowest <= pitch && pitch <= options.highest && has_pitch(options.scale, pitch);
    }
    max_held_ = steps(options.max_held);
    max_silence_ = steps(options.max_silence);
  }

  // Whether any limit is set.
  bool any() const noexcept { return any_; }

  bool may_begin(int key) const noexcept { return may_begin_[static_cast<std::size_t>(key)]; }

  // Whether as many notes have begun in the quarter note before a timestep, it included, as may.
  bool is_dense(std::int64_t step) const noexcept {
    const auto most = static_cast<std::size_t>(options_.max_notes_per_quarter);
    if (most == 0 || most > begun_.size()) return false;
    return begun_[(next_ + begun_.size() - most) % begun_.size()] > step - steps_per_quarter_;
  }

  void begin_note(std::int64_t step) noexcept {
    begun_[next_] = step;
    if (++next_ == begun_.size()) next_ = 0;
  }

  void transfer(StateBytes& state) noexcept {
    state.same(static_cast<std::int32_t>(steps_per_quarter_));
    state.value(next_, [&](std::uint64_t next) { return next < begun_.size(); });
    state.values(std::span(begun_), kIsStep);
  }

  int max_keys() const noexcept { return options_.max_keys > 0 ? options_.max_keys : kNumKeys; }
  std::int64_t max_held() const noexcept { return max_held_; }
  std::int64_t max_silence() const noexcept { return max_silence_; }

 private:
  std::int64_t steps(double quarters) const noexcept {
    if (quarters == 0) return std::int64_t{1} << 40;
    return std::max<std::int64_t>(1, std::llround(quarters * steps_per_quarter_));
  }

  LimitOptions options_ = {};
  bool any_ = false;
  int steps_per_quarter_;
  std::int64_t max_held_ = 0;
  std::int64_t max_silence_ = 0;
  std::array<bool, kNumKeys> may_begin_{};
  std::vector<std::int64_t> begun_;  // timesteps at which the last notes did, a ring
  std::uint64_t next_ = 0;           // where in begun_ the next one goes
};

}  // namespace internal

/// Follows music token by token, whether it is limited or not, and knows in what way the next would break its
/// limits.
///
///   unsigned breaches(state, token)   the breach bits of a token that the grammar allows in that state
///   bool advance(state, token)        takes it; whether it ends a bar
///   bool any()                        whether any limit is set
///   bool accepts(options)             whether options can be set
///   void set(options)                 sets them for the tokens to come
///   std::size_t bar_capacity(options) tokens that a bar is expected to have at most
///   std::size_t bar_room()            the most of those that any options that can be set later have
///   void transfer(state)              writes or reads where the music is
///
/// Only the constructor allocates; it throws Error on options out of range. The primary template is for
/// encoders of which no limits are known: Error if there are to be any.
template <Grammar Encoder>
class Limits {
 public:
  Limits(const Encoder&, const LimitOptions& options) {
    if (!accepts(options))
      throw Error("musical limits need the timestep or the event encoder; this model has another");
  }
  unsigned breaches(const typename Encoder::State&, Token) const noexcept { return 0; }
  bool advance(const typename Encoder::State&, Token) noexcept { return false; }
  bool any() const noexcept { return false; }
  bool accepts(const LimitOptions& options) const noexcept { return options == LimitOptions{}; }
  void set(const LimitOptions&) noexcept {}
  std::size_t bar_capacity(const LimitOptions&) const noexcept { return 0; }  // there are no bars
  std::size_t bar_room() const noexcept { return 0; }
  void transfer(StateBytes&) noexcept {}
};

template <>
class Limits<TimestepEncoder> {
 public:
  Limits(const TimestepEncoder& encoder, const LimitOptions& options)
      : notes_(options, encoder.steps_per_quarter()),
        steps_per_quarter_(encoder.steps_per_quarter()),
        repeat_held_(encoder.options().repeat_held),
        bar_steps_(bar_steps(options.metre, steps_per_quarter_)),
        // Of the metre and, should another be set, of those up to twelve quarter notes.
        bar_room_(std::max(bar_capacity(options), capacity_of(12 * steps_per_quarter_))) {}

  bool any() const noexcept { return notes_.any(); }

  bool accepts(const LimitOptions& options) const noexcept {
    return internal::is_valid(options) && bar_capacity(options) <= bar_room_;
  }
  void set(const LimitOptions& options) noexcept {
    notes_.set(options);
    bar_steps_ = bar_steps(options.metre, steps_per_quarter_);
  }

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

  std::size_t bar_capacity(const LimitOptions& options) const noexcept {
    return capacity_of(bar_steps(options.metre, steps_per_quarter_));
  }
  std::size_t bar_room() const noexcept { return bar_room_; }

  void transfer(StateBytes& state) noexcept {
    state.same(repeat_held_);
    notes_.transfer(state);
    state.value(step_, internal::kIsStep);
    state.value(silent_since_, internal::kIsStep);
    state.value(num_keys_, [](int keys) { return 0 <= keys && keys <= kNumKeys; });
    for (Key& key : keys_) {
      state.value(key.first, internal::kIsStep);
      state.value(key.last, internal::kIsStep);
    }
  }

 private:
  struct Key {
    std::int64_t first = -2, last = -2;  // timesteps of its last note; -2 before there was one
  };

  static std::size_t capacity_of(int steps) noexcept {
    return static_cast<std::size_t>(std::max(4096, 16 * steps));
  }

  bool is_held(Token key) const noexcept { return repeat_held_ && keys_[key].last == step_ - 1; }

  internal::NoteLimits notes_;
  int steps_per_quarter_;
  bool repeat_held_;
  int bar_steps_;
  std::size_t bar_room_;
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

  bool any() const noexcept { return notes_.any(); }
  bool accepts(const LimitOptions& options) const noexcept { return internal::is_valid(options); }
  void set(const LimitOptions& options) noexcept {
    notes_.set(options);
    find_ends(step_);
  }

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
    const std::int64_t step = step_ = bar_ + state.position;
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
    if (e.kind == Kind::end_of_bar || e.kind == Kind::position) {
      step_ = e.kind == Kind::position ? bar_ + e.value : bar_;
      if (any()) count_keys(step_);
    }
    return e.kind == Kind::end_of_bar;
  }

  std::size_t bar_capacity(const LimitOptions&) const noexcept { return bar_room(); }
  std::size_t bar_room() const noexcept {
    return static_cast<std::size_t>(std::max(4096, 96 * encoder_.steps_per_quarter()));
  }

  void transfer(StateBytes& state) noexcept {
    notes_.transfer(state);
    state.value(bar_, internal::kIsStep);
    state.value(step_, internal::kIsStep);
    state.values(std::span(ends_), internal::kIsStep);
    if (state.is_reading()) find_ends(step_);
  }

 private:
  void set_end(int key, std::int64_t step, std::int64_t end) noexcept {
    ends_[static_cast<std::size_t>(key)] = end;
    if (any()) find_ends(step);
  }

  // What limits are about, which takes its time, only where there are any.
  void find_ends(std::int64_t step) noexcept {
    silent_from_ = *std::max_element(ends_.begin(), ends_.end());
    free_from_ = 0;
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
  std::int64_t step_ = 0;                      // timestep of the position
  std::array<std::int64_t, kNumKeys> ends_{};  // timestep at which the last note of each key does
  std::int64_t silent_from_ = 0;               // the last of them
  std::int64_t free_from_ = 0;                 // where fewer than max_keys sound
  int num_keys_ = 0;                           // that sound at the position
};

}  // namespace gruve::inline v0_1
