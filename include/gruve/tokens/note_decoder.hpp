#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/key_set.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

/// The beginning or the end of a note.
struct NoteChange {
  std::int64_t step = 0;      // timesteps since the beginning of the music
  std::uint8_t pitch = 60;    // MIDI key number
  std::uint8_t velocity = 0;  // 1 to 127 if the note begins, 0 if it ends

  friend bool operator==(const NoteChange&, const NoteChange&) = default;
};

/// Decodes music token by token, in real time. Together the changes are those of the song that the encoder's
/// decode() returns, in the order of their timesteps; at one timestep a key's note ends before its next one
/// begins. The specialisations for TimestepEncoder and EventEncoder have the same members. They allocate
/// nothing and don't throw.
template <MusicEncoder Encoder>
class NoteDecoder;

/// Decodes the timestep format. The changes of a timestep come with the token that ends it.
template <>
class NoteDecoder<TimestepEncoder> {
 public:
  static constexpr std::size_t kMaxChanges = 2 * std::size_t{kNumKeys};  // the maximum per call of push()

  /// A decoder before the first token.
  ///
  /// metre  of the bars
  explicit NoteDecoder(const TimestepEncoder& encoder, const TimeSignature& metre = {})
      : repeat_held_(encoder.options().repeat_held),
        bar_steps_(bar_steps(metre, encoder.steps_per_quarter())) {}

  /// Takes a token that the grammar allows; calls take(NoteChange) for each change that it completes.
  template <class Take>
  void push(TimestepEncoder::State, Token token, Take&& take) noexcept {
    if (token < kNumKeys) return now_.insert(token);
    change(take);
    ++step_;
  }

  /// Ends the music after the last token; calls take(NoteChange) for each change.
  template <class Take>
  void finish(TimestepEncoder::State state, Take&& take) noexcept {
    if (state != TimestepEncoder::kEndOfStep) push(state, TimestepEncoder::kEndOfStep, take);
    change(take);
  }

  /// The timestep before which all changes have been passed to take().
  std::int64_t known() const noexcept { return step_; }
  /// The timestep at which the current bar begins.
  std::int64_t bar() const noexcept { return step_ - step_ % bar_steps_; }
  /// Whether a token would add a note before a timestep.
  bool is_before(TimestepEncoder::State, Token token, std::int64_t step) const noexcept {
    return token < kNumKeys && step_ < step;
  }

 private:
  template <class Take>
  void change(Take&& take) noexcept {
    const auto pitch = [](int key) { return static_cast<std::uint8_t>(kLowestKey + key); };
    before_.for_each([&](int key) {
      if (!repeat_held_ || !now_.contains(key)) take(NoteChange{step_, pitch(key), 0});
    });
    now_.for_each([&](int key) {
      if (!repeat_held_ || !before_.contains(key)) take(NoteChange{step_, pitch(key), 80});
    });
    before_ = now_;
    now_ = {};
  }

  bool repeat_held_;
  int bar_steps_;
  std::int64_t step_ = 0;
  KeySet now_, before_;  // keys of this timestep, of the one before
};

/// Decodes the event format. A note's beginning comes with the token after the note's last one, since
/// duration and velocity follow the key; its end comes when the position reaches or passes it.
template <>
class NoteDecoder<EventEncoder> {
 public:
  static constexpr std::size_t kMaxChanges = std::size_t{kNumKeys} + 2;  // the maximum per call of push()

  /// A decoder before the first token. The tokens define the bars.
  explicit NoteDecoder(const EventEncoder& encoder, const TimeSignature& = {}) : encoder_(encoder) {
    ends_.fill(kSilent);
  }

  /// Takes a token that the grammar allows in a state; calls take(NoteChange) for each change that it
  /// completes.
  template <class Take>
  void push(const EventEncoder::State& state, Token token, Take&& take) noexcept {
    const EventEncoder::Event event = encoder_.event(token);
    if (ends_note(state.last, event.kind)) begin(state, take);
    if (event.kind == Kind::position) move_to(bar_ + event.value, take);
    if (event.kind == Kind::end_of_bar) {
      bar_ += state.bar_steps;
      move_to(bar_, take);
    }
  }

  /// Ends the music after the last token; calls take(NoteChange) for each change.
  template <class Take>
  void finish(const EventEncoder::State& state, Take&& take) noexcept {
    constexpr Token kEndOfBar = 0;
    // A note without its duration or velocity is dropped.
    if (ends_note(state.last, Kind::end_of_bar) && encoder_.allowed(state, kEndOfBar)) begin(state, take);
    if (!encoder_.at_boundary(state)) bar_ += state.bar_steps;
    for (std::int64_t& end : ends_)
      if (end != kSilent) end = std::min(end, bar_);
    move_to(bar_, take);
  }

  /// The timestep before which all changes have been passed to take().
  std::int64_t known() const noexcept { return step_; }
  /// The timestep at which the current bar begins.
  std::int64_t bar() const noexcept { return bar_; }
  /// Whether a token would add a note before a timestep.
  bool is_before(const EventEncoder::State&, Token token, std::int64_t step) const noexcept {
    const EventEncoder::Event event = encoder_.event(token);
    if (event.kind == Kind::end_of_bar || event.kind == Kind::metre || event.kind == Kind::repeat ||
        event.kind == Kind::left)
      return false;
    return (event.kind == Kind::position ? bar_ + event.value : step_) < step;
  }

 private:
  using Kind = EventEncoder::Kind;

  static constexpr std::int64_t kSilent = -1;

  static bool ends_note(Kind last, Kind next) noexcept {
    return next != Kind::hold && next != Kind::duration && next != Kind::velocity &&
           (last == Kind::key || last == Kind::duration || last == Kind::velocity);
  }

  static std::uint8_t pitch(int key) noexcept { return static_cast<std::uint8_t>(kLowestKey + key); }

  template <class Take>
  void begin(const EventEncoder::State& state, Take&& take) noexcept {
    std::int64_t& end = ends_[static_cast<std::size_t>(state.key)];
    if (end != kSilent) take(NoteChange{step_, pitch(state.key), 0});
    end = step_ + state.duration;
    const int velocity = encoder_.options().velocities ? 4 * state.velocity + 2 : 80;
    take(NoteChange{step_, pitch(state.key), static_cast<std::uint8_t>(velocity)});
  }

  // Ends the notes that end at or before a timestep.
  template <class Take>
  void move_to(std::int64_t step, Take&& take) noexcept {
    std::array<int, kNumKeys> keys;
    std::size_t count = 0;
    for (int key = 0; key < kNumKeys; ++key) {
      const std::int64_t end = ends_[static_cast<std::size_t>(key)];
      if (end != kSilent && end <= step) keys[count++] = key;
    }
    const auto end_of = [&](int key) -> std::int64_t& { return ends_[static_cast<std::size_t>(key)]; };
    std::sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count),
              [&](int a, int b) { return end_of(a) != end_of(b) ? end_of(a) < end_of(b) : a < b; });
    for (std::size_t i = 0; i < count; ++i) {
      take(NoteChange{end_of(keys[i]), pitch(keys[i]), 0});
      end_of(keys[i]) = kSilent;
    }
    step_ = step;
  }

  EventEncoder encoder_;
  std::int64_t bar_ = 0;
  std::int64_t step_ = 0;                    // of the position
  std::array<std::int64_t, kNumKeys> ends_;  // timestep at which each key ends, or kSilent
};

}  // namespace gruve::inline v0_1
