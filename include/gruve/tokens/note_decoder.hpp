#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/key_set.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// The beginning or the end of a note, or a change of a channel's sound.
struct NoteChange {
  enum class Kind : std::uint8_t { note, program, pedal };

  std::int64_t step = 0;      // timesteps since the beginning of the music
  std::uint8_t pitch = 60;    // MIDI key number; of a program its number; of the pedal 1 if it is pressed
  std::uint8_t velocity = 0;  // 1 to 127 if the note begins, 0 if it ends
  std::uint8_t channel = 0;   // 0 to 15
  Kind kind = Kind::note;     // what changes
  float shift = 0;            // timesteps from `step` to the change, -0.5 to 0.5

  friend bool operator==(const NoteChange&, const NoteChange&) = default;
};

/// Decodes music token by token, in real time. Together the changes are those of the song that the encoder's
/// decode() returns, in the order of their timesteps; at one timestep a key's note ends before its next one
/// begins. Changes of one timestep are not ordered by their shift. The specialisations for TimestepEncoder
/// and EventEncoder have the same members. They allocate nothing and don't throw.
template <MusicEncoder Encoder>
class NoteDecoder;

/// Decodes the timestep format. The changes of a timestep come with the token that ends it.
template <>
class NoteDecoder<TimestepEncoder> {
 public:
  /// The maximum number of changes per call of push().
  std::size_t max_changes() const noexcept { return 2 * std::size_t{kNumKeys}; }

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
      if (!repeat_held_ || !now_.contains(key)) take(NoteChange{.step = step_, .pitch = pitch(key)});
    });
    now_.for_each([&](int key) {
      if (!repeat_held_ || !before_.contains(key))
        take(NoteChange{.step = step_, .pitch = pitch(key), .velocity = 80});
    });
    before_ = now_;
    now_ = {};
  }

  bool repeat_held_;
  int bar_steps_;
  std::int64_t step_ = 0;
  KeySet now_ = {}, before_ = {};  // keys of this timestep, of the one before
};

/// Decodes the event format. A note's beginning comes with the token after the note's last one, since
/// duration and velocity follow the key; its end comes when the position reaches or passes it.
template <>
class NoteDecoder<EventEncoder> {
 public:
  /// The maximum number of changes per call of push().
  std::size_t max_changes() const noexcept { return ends_.size() + 2; }

  /// A decoder before the first token. The tokens define the bars.
  explicit NoteDecoder(const EventEncoder& encoder, const TimeSignature& = {})
      : encoder_(encoder),
        ends_(std::size_t{kNumKeys} * (encoder.options().channels ? EventEncoder::kNumChannels : 1)) {}

  /// Takes a token that the grammar allows in a state; calls take(NoteChange) for each change that it
  /// completes.
  template <class Take>
  void push(const EventEncoder::State& state, Token token, Take&& take) noexcept {
    const EventEncoder::Event event = encoder_.event(token);
    if (EventEncoder::completes_note(state.last, event.kind)) begin(state, take);
    if (event.kind == Kind::program)
      take(NoteChange{.step = step_,
                      .pitch = static_cast<std::uint8_t>(event.value),
                      .channel = static_cast<std::uint8_t>(state.channel),
                      .kind = NoteChange::Kind::program,
                      .shift = step_ > 0 ? -shift(encoder_.options().microtiming / 2) : 0});
    if (event.kind == Kind::pedal)
      take(NoteChange{.step = step_,
                      .pitch = static_cast<std::uint8_t>(event.value),
                      .channel = static_cast<std::uint8_t>(state.channel),
                      .kind = NoteChange::Kind::pedal});
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
    if (EventEncoder::completes_note(state.last, Kind::end_of_bar) && encoder_.allowed(state, kEndOfBar))
      begin(state, take);
    if (!encoder_.at_boundary(state)) bar_ += state.bar_steps;
    for (End& end : ends_)
      if (end.step >= bar_) end = {bar_, (std::min)(0.0f, end.step > bar_ ? 0.0f : end.shift)};
    move_to(bar_ + 1, take);
    step_ = bar_;
  }

  /// The timestep before which all changes have been passed to take(). With microtiming a note of the next
  /// timestep may begin half a timestep before it.
  std::int64_t known() const noexcept { return encoder_.options().microtiming > 1 ? step_ - 1 : step_; }
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

  // When a note ends.
  struct End {
    std::int64_t step = kSilent;  // or kSilent
    float shift = 0;              // timesteps
  };

  NoteChange change(std::size_t note, std::int64_t step, float shift) const noexcept {
    return {.step = step,
            .pitch = static_cast<std::uint8_t>(kLowestKey + note % kNumKeys),
            .channel = static_cast<std::uint8_t>(note / kNumKeys),
            .shift = shift};
  }

  float shift(int parts) const noexcept {
    return static_cast<float>(parts) / static_cast<float>(encoder_.options().microtiming);
  }

  template <class Take>
  void begin(const EventEncoder::State& state, Take&& take) noexcept {
    const auto note = static_cast<std::size_t>(kNumKeys * state.channel + state.key);
    End& end = ends_[note];
    const float onset = shift(state.onset);
    if (end.step != kSilent)
      take(change(note, step_, end.step == step_ ? (std::min)(onset, end.shift) : onset));
    else
      ++sounding_;
    end = {step_ + state.duration, shift(state.release)};
    NoteChange begins = change(note, step_, onset);
    begins.velocity = static_cast<std::uint8_t>(encoder_.options().velocities ? 4 * state.velocity + 2 : 80);
    take(begins);
  }

  // Ends the notes that end before a timestep or, without microtiming, on it: with it, a note that begins
  // there may end them a part of a timestep earlier.
  template <class Take>
  void move_to(std::int64_t step, Take&& take) noexcept {
    std::array<std::uint16_t, std::size_t{kNumKeys} * EventEncoder::kNumChannels> notes;
    std::size_t count = 0;
    const std::int64_t last = encoder_.options().microtiming > 1 ? step - 1 : step;
    for (std::size_t note = 0, left = sounding_; left > 0 && note < ends_.size(); ++note) {
      if (ends_[note].step == kSilent) continue;
      --left;
      if (ends_[note].step <= last) notes[count++] = static_cast<std::uint16_t>(note);
    }
    std::sort(notes.begin(), notes.begin() + static_cast<std::ptrdiff_t>(count),
              [&](std::uint16_t a, std::uint16_t b) {
                return ends_[a].step != ends_[b].step ? ends_[a].step < ends_[b].step : a < b;
              });
    for (std::size_t i = 0; i < count; ++i) {
      End& end = ends_[notes[i]];
      take(change(notes[i], end.step, end.shift));
      end = {};
    }
    sounding_ -= count;
    step_ = step;
  }

  EventEncoder encoder_;
  std::int64_t bar_ = 0;
  std::int64_t step_ = 0;     // of the position
  std::vector<End> ends_;     // of each key of each channel
  std::size_t sounding_ = 0;  // notes that have not ended
};

}  // namespace gruve::inline v0_2
