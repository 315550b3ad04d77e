#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
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

namespace gruve::inline v0_2 {

/// A set of the metres of the event format: bit i is EventGrammar::metre(i).
using MetreSet = std::uint64_t;
/// All metres.
inline constexpr MetreSet kAllMetres = ~MetreSet{0};

/// A set of the tempos of the event format: bit i is EventGrammar::tempo_bpm(i).
using TempoSet = std::uint64_t;
/// All tempos.
inline constexpr TempoSet kAllTempos = ~TempoSet{0};

/// The set of the tempos from one to another, in quarter notes per minute, with those nearest to each.
inline TempoSet tempos_between(double lowest, double highest) noexcept {
  TempoSet tempos = 0;
  for (int level = EventGrammar::tempo_level(lowest); level <= EventGrammar::tempo_level(highest); ++level)
    tempos |= TempoSet{1} << level;
  return tempos;
}

/// The set of some metres; all metres if there is none. Those that the vocabulary does not have are left out.
inline MetreSet metre_set(std::span<const TimeSignature> metres) noexcept {
  MetreSet set = metres.empty() ? kAllMetres : 0;
  for (const TimeSignature& metre : metres)
    if (const auto index = EventGrammar::metre_index(metre.numerator, metre.denominator))
      set |= MetreSet{1} << *index;
  return set;
}

/// The set of the tempos nearest to some, in quarter notes per minute; all tempos if there is none.
inline TempoSet tempo_set(std::span<const double> tempos) noexcept {
  TempoSet set = tempos.empty() ? kAllTempos : 0;
  for (const double bpm : tempos) set |= tempos_between(bpm, bpm);
  return set;
}

/// Limits on generated music. Times are in quarter notes; a time above 0 is at least one timestep.
struct LimitOptions {
  PitchClasses scale = kAllPitchClasses;  // pitch classes that notes may begin on
  int lowest = kLowestKey;                // lowest MIDI key number that notes may begin on
  int highest = kHighestKey;              // highest MIDI key number that notes may begin on
  int max_keys = 0;                       // keys that may sound at once; 0 for any number
  double max_held = 0;                    // longest note; 0 for any length
  double max_silence = 0;                 // longest time without a sounding note; 0 for any length
  int max_notes_per_quarter = 0;          // notes that may begin within any quarter note; 0 for any number
  TimeSignature metre = {};               // of the bars of an encoder whose tokens have no metre
  MetreSet metres = kAllMetres;           // that tokens may set
  TempoSet tempos = kAllTempos;           // that tokens may set; see tempos_between()
  double tempo_change = 0;                // largest factor between these and the first one; 0 for any

  friend bool operator==(const LimitOptions&, const LimitOptions&) = default;
};

/// The limits that a token breaks, as bits. A more severe breach has a higher bit, so that of two sets of
/// breaches the smaller number is the less severe.
namespace breach {
inline constexpr unsigned kTooDense = 1;      // too many notes begin within a quarter note
inline constexpr unsigned kLoop = 2;          // bars repeat too often
inline constexpr unsigned kSilent = 4;        // the silence is too long
inline constexpr unsigned kHeldTooLong = 8;   // the note is too long
inline constexpr unsigned kTooManyKeys = 16;  // too many keys sound at once
inline constexpr unsigned kOutside = 32;      // the key, metre or tempo is outside what is allowed
inline constexpr unsigned kNotMusic = 64;     // the grammar does not allow the token
}  // namespace breach

namespace internal {

inline constexpr int kMaxNotesPerQuarter = 100'000;

// Calls require(holds, sentence, found) for each rule that the options must satisfy; found() gives the
// options' values as text.
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
            "max-held and max-silence must be 0 (for any length) or quarter notes, at most 1048576, not ",
            [&] { return std::to_string(quarters); });
  require(options.metre.numerator >= 1 && options.metre.numerator <= 255 && options.metre.denominator >= 1,
          "the metre must be 1 to 255 parts of a note, not ", [&] {
            return std::to_string(options.metre.numerator) + "/" + std::to_string(options.metre.denominator);
          });
  require(options.tempo_change == 0 || (options.tempo_change >= 1 && options.tempo_change <= 1e9),
          "the tempo may change by a factor of 1 to 1000000000, or 0 for any, not ",
          [&] { return std::to_string(options.tempo_change); });
  bool has_key = false;
  for (int pitch = (std::max)(options.lowest, kLowestKey); pitch <= (std::min)(options.highest, kHighestKey);
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

// Whether a time in timesteps is in range. 2^48 timesteps are a thousand years of music, and no sum
// overflows.
inline constexpr auto kIsStep = [](std::int64_t step) {
  return step >= -(std::int64_t{1} << 48) && step <= std::int64_t{1} << 48;
};

// The limits that are the same for every encoder, in timesteps. Notes are tracked even without limits, so
// that limits can be set at any time.
class NoteLimits {
 public:
  // keys  that can begin at once
  NoteLimits(const LimitOptions& options, int steps_per_quarter, int keys = kNumKeys)
      : steps_per_quarter_(steps_per_quarter),
        // At most this number of notes can begin within a quarter note.
        begun_(static_cast<std::size_t>((std::min)(kMaxNotesPerQuarter, keys * steps_per_quarter)),
               -steps_per_quarter) {
    check(options, [](bool holds, const char* sentence, auto&& found) {
      if (!holds) internal::raise(Error(sentence + found()));
    });
    set(options);
  }

  // Sets the limits from the next token on. The options must be valid.
  void set(const LimitOptions& options) noexcept {
    options_ = options;
    any_ = options != LimitOptions{.metre = options.metre};
    for (int key = 0; key < kNumKeys; ++key) {
      const int pitch = kLowestKey + key;
      may_begin_[static_cast<std::size_t>(key)] =
          options.lowest <= pitch && pitch <= options.highest && has_pitch(options.scale, pitch);
    }
    max_tempo_levels_ = options.tempo_change == 0 ? EventGrammar::kNumTempos
                                                  : EventGrammar::tempo_levels(options.tempo_change);
    max_held_ = steps(options.max_held);
    max_silence_ = steps(options.max_silence);
  }

  // Whether any limit is set.
  bool any() const noexcept { return any_; }

  bool may_begin(int key) const noexcept { return may_begin_[static_cast<std::size_t>(key)]; }

  // Whether the maximum number of notes has begun in the quarter note that ends with a timestep.
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

  // Whether a token may set the metre or the tempo of an index.
  bool may_set_metre(int metre) const noexcept { return (options_.metres >> metre & 1) != 0; }
  // first  the index of the first tempo, -1 if there is none
  bool may_set_tempo(int level, int first) const noexcept {
    return (options_.tempos >> level & 1) != 0 && (first < 0 || std::abs(level - first) <= max_tempo_levels_);
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
  int max_tempo_levels_ = EventGrammar::kNumTempos;
  std::int64_t max_held_ = 0;
  std::int64_t max_silence_ = 0;
  std::array<bool, kNumKeys> may_begin_{};
  std::vector<std::int64_t> begun_;  // ring buffer of the timesteps at which the last notes began
  std::uint64_t next_ = 0;           // index in begun_ of the next note
};

}  // namespace internal

/// Tracks music token by token, even without limits, and finds the limits that the next token would break.
///
/// Only the constructor allocates; the other functions take a fixed time and don't throw. The primary
/// template is for encoders without limits; the specialisations for TimestepEncoder and EventEncoder have the
/// same members.
template <Grammar Encoder>
class Limits {
 public:
  /// Throws Error on options out of range, and on any limit for an encoder that does not support limits.
  Limits(const Encoder&, const LimitOptions& options) {
    if (!accepts(options))
      internal::raise(Error("musical limits need the timestep or the event encoder; this model has another"));
  }
  /// The breach bits of a token that the grammar allows in a state.
  unsigned breaches(const typename Encoder::State&, Token) const noexcept { return 0; }
  /// Takes the token that follows a state. Returns whether it ends a bar.
  bool advance(const typename Encoder::State&, Token) noexcept { return false; }
  /// Whether any limit is set.
  bool any() const noexcept { return false; }
  /// Whether set() may be called with these options.
  bool accepts(const LimitOptions& options) const noexcept {
    return options == LimitOptions{.metre = options.metre};
  }
  /// Sets the options, which accepts() must accept, from the next token on.
  void set(const LimitOptions&) noexcept {}
  /// The expected maximum number of tokens in a bar with these options; 0 if the encoder has no bars.
  std::size_t bar_capacity(const LimitOptions&) const noexcept { return 0; }
  /// The maximum of bar_capacity() over all options that accepts() accepts.
  std::size_t bar_room() const noexcept { return 0; }
  /// Writes or reads the state.
  void transfer(StateBytes&) noexcept {}
};

/// Limits of the timestep format.
template <>
class Limits<TimestepEncoder> {
 public:
  /// Throws Error on options out of range.
  Limits(const TimestepEncoder& encoder, const LimitOptions& options)
      : notes_(options, encoder.steps_per_quarter()),
        steps_per_quarter_(encoder.steps_per_quarter()),
        repeat_held_(encoder.options().repeat_held),
        bar_steps_(bar_steps(options.metre, steps_per_quarter_)),
        // For bars of this metre and, if another metre is set later, for bars of up to twelve quarter notes.
        bar_room_((std::max)(bar_capacity(options), capacity_of(12 * steps_per_quarter_))) {}

  /// Whether any limit is set.
  bool any() const noexcept { return notes_.any(); }

  /// Whether set() may be called with these options.
  bool accepts(const LimitOptions& options) const noexcept {
    return internal::is_valid(options) && bar_capacity(options) <= bar_room_;
  }
  /// Sets the options, which accepts() must accept, from the next token on.
  void set(const LimitOptions& options) noexcept {
    notes_.set(options);
    bar_steps_ = bar_steps(options.metre, steps_per_quarter_);
  }

  /// The breach bits of a token that the grammar allows.
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

  /// Takes the next token. Returns whether it ends a bar.
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

  /// The expected maximum number of tokens in a bar of the options' metre.
  std::size_t bar_capacity(const LimitOptions& options) const noexcept {
    return capacity_of(bar_steps(options.metre, steps_per_quarter_));
  }
  /// The maximum of bar_capacity() over all options that accepts() accepts.
  std::size_t bar_room() const noexcept { return bar_room_; }

  /// Writes or reads the state.
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
    std::int64_t first = -2, last = -2;  // first and last timestep of the key's last note; -2 before one
  };

  static std::size_t capacity_of(int steps) noexcept {
    return static_cast<std::size_t>((std::max)(4096, 16 * steps));
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
  std::array<Key, kNumKeys> keys_ = {};
};

/// Limits of the event format. Drums count for the density of notes and for silence only.
template <>
class Limits<EventEncoder> {
 public:
  /// Throws Error on options out of range.
  Limits(const EventEncoder& encoder, const LimitOptions& options)
      : encoder_(encoder),
        notes_(options, encoder.steps_per_quarter(),
               kNumKeys * (encoder.options().channels ? EventEncoder::kNumChannels : 1)) {}

  /// Whether any limit is set.
  bool any() const noexcept { return notes_.any(); }
  /// Whether set() may be called with these options.
  bool accepts(const LimitOptions& options) const noexcept { return internal::is_valid(options); }
  /// Sets the options, which accepts() must accept, from the next token on.
  void set(const LimitOptions& options) noexcept {
    notes_.set(options);
    find_ends(step_);
  }

  /// The breach bits of a token that the grammar allows in a state.
  unsigned breaches(const EventEncoder::State& state, Token token) const noexcept {
    using Kind = EventEncoder::Kind;
    const EventEncoder::Event e = encoder_.event(token);
    const bool is_drum = plays_drums(state.channel);
    // A key without a duration token lasts as long as the note before it, which in a primer may be too long.
    const bool is_too_long = state.last == Kind::key && state.duration > notes_.max_held() && !is_drum;
    unsigned breaches =
        is_too_long && e.kind != Kind::hold && e.kind != Kind::duration ? breach::kHeldTooLong : 0;
    switch (e.kind) {
      case Kind::end_of_bar:
        if (bar_ + state.bar_steps - silent_from_ > notes_.max_silence()) breaches |= breach::kSilent;
        break;
      case Kind::position: {
        // A key must follow, so one more key must be allowed to sound.
        const std::int64_t step = bar_ + e.value;
        if (step - silent_from_ > notes_.max_silence()) breaches |= breach::kSilent;
        if (step < free_from_ && !encoder_.options().channels) breaches |= breach::kTooManyKeys;
        if (notes_.is_dense(step)) breaches |= breach::kTooDense;
        break;
      }
      case Kind::key:
        breaches |= breaches_of_note(state.channel, e.value);
        break;
      case Kind::channel:  // a key must follow it, or its pedal
        breaches |= breaches_of_note(e.value, -1);
        break;
      case Kind::program:  // a key must follow
        breaches |= breaches_of_note(state.channel, -1);
        break;
      case Kind::hold: {
        // A duration that differs from the last note's must follow.
        const std::int64_t least = state.held + encoder_.longest() + 1;
        if (least + (least == state.duration ? 1 : 0) > notes_.max_held() && !is_drum)
          breaches |= breach::kHeldTooLong;
        break;
      }
      case Kind::duration:
        if (state.held + e.value > notes_.max_held() && !is_drum) breaches |= breach::kHeldTooLong;
        break;
      case Kind::metre:
        if (!notes_.may_set_metre(e.value)) breaches |= breach::kOutside;
        break;
      case Kind::tempo:
        if (!notes_.may_set_tempo(e.value, first_tempo_)) breaches |= breach::kOutside;
        break;
      default:
        break;
    }
    return breaches;
  }

  /// Takes the token that follows a state. Returns whether it ends a bar.
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
        set_end(state.channel, e.value, step, step + (std::max)(1, state.duration));
        return false;
      case Kind::duration:
        // A file may hold tokens that the grammar does not allow, such as a duration without a key.
        if (state.key < kNumKeys) set_end(state.channel, state.key, step, step + state.held + e.value);
        return false;
      case Kind::tempo:
        if (first_tempo_ < 0) first_tempo_ = e.value;
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

  /// The expected maximum number of tokens in a bar; the same for all options.
  std::size_t bar_capacity(const LimitOptions&) const noexcept { return bar_room(); }
  /// The maximum of bar_capacity() over all options.
  std::size_t bar_room() const noexcept {
    return static_cast<std::size_t>((std::max)(4096, 96 * encoder_.steps_per_quarter()));
  }

  /// Writes or reads the state.
  void transfer(StateBytes& state) noexcept {
    notes_.transfer(state);
    state.value(bar_, internal::kIsStep);
    state.value(step_, internal::kIsStep);
    state.values(std::span(ends_), internal::kIsStep);
    if (encoder_.options().channels) state.value(drums_until_, internal::kIsStep);
    if (encoder_.options().tempos)
      state.value(first_tempo_, [](int level) { return -1 <= level && level < EventGrammar::kNumTempos; });
    if (state.is_reading()) find_ends(step_);
  }

 private:
  bool plays_drums(int channel) const noexcept {
    return encoder_.options().channels && channel == kDrumChannel;
  }

  // Of a note that begins at the position, on a key or on any (-1).
  unsigned breaches_of_note(int channel, int key) const noexcept {
    unsigned breaches = notes_.is_dense(step_) ? breach::kTooDense : 0;
    if (plays_drums(channel)) return breaches;
    const bool sounds = key >= 0 && ends_[static_cast<std::size_t>(key)] > step_;
    if (num_keys_ - (sounds ? 1 : 0) >= notes_.max_keys()) breaches |= breach::kTooManyKeys;
    if (key >= 0 && !notes_.may_begin(key)) breaches |= breach::kOutside;
    return breaches;
  }

  void set_end(int channel, int key, std::int64_t step, std::int64_t end) noexcept {
    if (plays_drums(channel)) {
      drums_until_ = (std::max)(drums_until_, end);
    } else {
      std::int64_t& last = ends_[static_cast<std::size_t>(key)];
      // Of two channels on one key, until both have ended.
      last = encoder_.options().channels ? (std::max)(last, end) : end;
    }
    if (any()) find_ends(step);
  }

  // Updates silent_from_, free_from_ and num_keys_; called per note only if there are limits, to save time.
  void find_ends(std::int64_t step) noexcept {
    silent_from_ = (std::max)(drums_until_, *std::max_element(ends_.begin(), ends_.end()));
    free_from_ = 0;
    if (notes_.max_keys() < kNumKeys) {
      // Another key may begin as soon as fewer than max_keys sound.
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
  std::int64_t bar_ = 0;                       // timestep at which the bar begins
  std::int64_t step_ = 0;                      // timestep of the position
  std::array<std::int64_t, kNumKeys> ends_{};  // timestep at which the last note of each key ends
  std::int64_t drums_until_ = 0;               // timestep at which the last drum ends
  int first_tempo_ = -1;                       // index of the first tempo that a token set, or -1
  std::int64_t silent_from_ = 0;               // the maximum of ends_ and drums_until_
  std::int64_t free_from_ = 0;                 // timestep from which fewer than max_keys keys sound
  int num_keys_ = 0;                           // keys that sound at the position
};

}  // namespace gruve::inline v0_2
