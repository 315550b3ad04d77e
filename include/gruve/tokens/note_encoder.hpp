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

/// Encodes music while it is played, note by note: the tokens are those that the encoder's encode() returns
/// for the song so far. The specialisations for TimestepEncoder and EventEncoder have the same members.
///
/// Timesteps are counted from the beginning of the music and must not decrease; keys are 0 to kNumKeys − 1. A
/// note lasts at least one timestep. Only the constructor allocates; the other functions don't throw.
template <MusicEncoder Encoder>
class NoteEncoder;

/// Encodes the timestep format. The tokens of a timestep come when advance() has passed it.
template <>
class NoteEncoder<TimestepEncoder> {
 public:
  static constexpr std::size_t kCapacity = 512;  // maximum number of changes that are not tokens yet

  /// An encoder at the beginning of the music.
  explicit NoteEncoder(const TimestepEncoder& encoder)
      : repeat_held_(encoder.options().repeat_held), changes_(kCapacity + kNumKeys) {
    begun_.fill(kNever);
  }

  /// Begins new music.
  void reset(TimestepEncoder::State = TimestepEncoder::kEndOfStep) noexcept {
    num_changes_ = 0;
    begun_.fill(kNever);
    held_ = {};
    step_ = until_ = 0;
    last_ = kNumKeys;
    is_begun_ = false;
  }

  /// Begins a note. Returns false if kCapacity is reached.
  bool note_on(std::int64_t step, int key, int /*velocity*/) noexcept {
    std::int64_t& begun = begun_[static_cast<std::size_t>(key)];
    // A key that is struck again in the timestep in which it was released continues its note.
    for (std::size_t i = 0; i < num_changes_; ++i)
      if (changes_[i].key == key && !changes_[i].is_on && changes_[i].step > step) {
        std::move(at(i + 1), at(num_changes_--), at(i));
        begun = step;
        return true;
      }
    if (begun != kNever) return true;
    // Reserves room for the ends of all notes.
    if (num_changes_ + kNumKeys >= kCapacity) return false;
    begun = step;
    insert({step, key, true});
    return true;
  }

  /// Ends the note of a key, if one sounds.
  void note_off(std::int64_t step, int key) noexcept {
    std::int64_t& begun = begun_[static_cast<std::size_t>(key)];
    if (begun == kNever) return;
    insert({(std::max)(step, begun + 1), key, false});
    begun = kNever;
  }

  /// Declares that no change before a timestep will follow.
  void advance(std::int64_t step) noexcept { until_ = step; }

  /// Ends all notes at a timestep.
  void finish(std::int64_t step) noexcept {
    advance(step);
    for (int key = 0; key < kNumKeys; ++key) note_off(step, key);
  }

  /// Gives the next token. Returns false if none is known yet.
  bool next(Token& token) noexcept {
    if (step_ >= until_) return false;
    if (!is_begun_) begin_step();
    const int key = held_.below(last_);
    if (key >= 0) {
      last_ = key;
      token = static_cast<Token>(key);
      return true;
    }
    token = TimestepEncoder::kEndOfStep;
    last_ = kNumKeys;
    is_begun_ = false;
    if (!repeat_held_) held_ = {};
    ++step_;
    return true;
  }

 private:
  struct Change {
    std::int64_t step;
    int key;
    bool is_on;
  };

  static constexpr std::int64_t kNever = -1;

  std::vector<Change>::iterator at(std::size_t i) noexcept {
    return changes_.begin() + static_cast<std::ptrdiff_t>(i);
  }

  // Inserts a change after those of its timestep, nearly always at the end.
  void insert(Change change) noexcept {
    std::size_t place = num_changes_;
    while (place > 0 && changes_[place - 1].step > change.step) --place;
    std::move_backward(at(place), at(num_changes_), at(num_changes_ + 1));
    ++num_changes_;
    changes_[place] = change;
  }

  void begin_step() noexcept {
    is_begun_ = true;
    std::size_t count = 0;
    for (; count < num_changes_ && changes_[count].step <= step_; ++count) {
      const Change& change = changes_[count];
      if (change.is_on)
        held_.insert(change.key);
      else
        held_.erase(change.key);
    }
    std::move(at(count), at(num_changes_), at(0));
    num_changes_ -= count;
  }

  bool repeat_held_;
  std::vector<Change> changes_;  // that are not in held_ yet, by timestep
  std::size_t num_changes_ = 0;
  std::array<std::int64_t, kNumKeys> begun_{};  // timestep at which a key was pressed, or kNever
  KeySet held_ = {};                            // at the timestep
  std::int64_t step_ = 0, until_ = 0;
  int last_ = kNumKeys;    // the key that was given last in this timestep
  bool is_begun_ = false;  // whether held_ is that of the timestep
};

/// Encodes the event format. A note's tokens come when it and all notes that began before it have ended. A
/// note is ended after 2 · kLongest quarter notes. What is played is on the grid, on channel 0, without
/// pedal.
template <>
class NoteEncoder<EventEncoder> {
 public:
  static constexpr std::size_t kCapacity = 512;  // maximum number of notes that are not tokens yet
  static constexpr int kLongest = 4;             // half of the longest note, in quarter notes

  /// An encoder at the beginning of the music.
  explicit NoteEncoder(const EventEncoder& encoder)
      : encoder_(encoder), notes_(kCapacity), state_(encoder.start()) {}

  /// Begins new music in a state of the grammar, which must be at a boundary.
  void reset(const EventEncoder::State& state) noexcept {
    num_notes_ = 0;
    state_ = state;
    bar_ = until_ = 0;
    is_in_note_ = false;
  }

  /// Begins a note; velocity is clamped to 1 to 127. Returns false if kCapacity is reached.
  bool note_on(std::int64_t step, int key, int velocity) noexcept {
    const int level = (std::clamp(velocity, 1, 127) - 1) / 4;
    if (Note* last = last_of(key); last != nullptr) {
      if (last->step == step) {
        last->velocity = (std::max)(last->velocity, level);
        last->end = kOpen;
        return true;
      }
      if (last->end == kOpen || last->end > step) end(*last, step);
    }
    if (num_notes_ == kCapacity) return false;
    // By timestep, the highest first.
    std::size_t place = num_notes_;
    while (place > 0 &&
           (notes_[place - 1].step > step || (notes_[place - 1].step == step && notes_[place - 1].key < key)))
      --place;
    std::move_backward(at(place), at(num_notes_), at(num_notes_ + 1));
    ++num_notes_;
    notes_[place] = {step, kOpen, key, level};
    return true;
  }

  /// Ends the note of a key, if one sounds.
  void note_off(std::int64_t step, int key) noexcept {
    Note* last = last_of(key);
    if (last != nullptr && last->end == kOpen) end(*last, step);
  }

  /// Declares that no change before a timestep will follow.
  void advance(std::int64_t step) noexcept { until_ = step; }

  /// Ends all notes at a timestep.
  void finish(std::int64_t step) noexcept {
    advance(step);
    for (std::size_t i = 0; i < num_notes_; ++i)
      if (notes_[i].end == kOpen) end(notes_[i], step);
  }

  /// Gives the next token. Returns false if none is known yet.
  bool next(Token& token) noexcept {
    const bool has_note = num_notes_ > 0 && notes_[0].step < until_;
    const std::int64_t at_step = has_note ? notes_[0].step : until_;
    if (bar_ + state_.bar_steps <= at_step) {
      bar_ += state_.bar_steps;
      return give({Kind::end_of_bar}, token);
    }
    if (!has_note || !has_ended(notes_[0])) return false;
    const Note note = notes_[0];
    const auto position = static_cast<int>(note.step - bar_);
    if (state_.position < position) return give({Kind::position, position}, token);
    if (!is_in_note_) {
      if (state_.channel != 0) return give({Kind::channel, 0}, token);
      is_in_note_ = true;
      give({Kind::key, note.key}, token);
    } else if (const int duration = static_cast<int>(note.end - note.step); state_.duration != duration) {
      const int left = duration - state_.held;
      give(left > encoder_.longest() ? Event{Kind::hold} : Event{Kind::duration, left}, token);
    } else if (encoder_.options().velocities && state_.velocity != note.velocity) {
      give({Kind::velocity, note.velocity}, token);
    } else {
      give(state_.onset != 0 ? Event{Kind::onset, 0} : Event{Kind::release, 0}, token);
    }
    // Complete?
    if (state_.last != Kind::hold && state_.duration == note.end - note.step &&
        (!encoder_.options().velocities || state_.velocity == note.velocity) && state_.onset == 0 &&
        state_.release == 0) {
      is_in_note_ = false;
      std::move(at(1), at(num_notes_), at(0));
      --num_notes_;
    }
    return true;
  }

 private:
  using Kind = EventEncoder::Kind;
  using Event = EventEncoder::Event;

  static constexpr std::int64_t kOpen = -1;

  struct Note {
    std::int64_t step = 0, end = kOpen;  // timesteps
    int key = 0, velocity = 0;           // indices of key and velocity level
  };

  std::vector<Note>::iterator at(std::size_t i) noexcept {
    return notes_.begin() + static_cast<std::ptrdiff_t>(i);
  }

  Note* last_of(int key) noexcept {
    for (std::size_t i = num_notes_; i-- > 0;)
      if (notes_[i].key == key) return &notes_[i];
    return nullptr;
  }

  std::int64_t most_steps() const noexcept {
    return std::int64_t{2} * kLongest * encoder_.steps_per_quarter();
  }

  // Ends a note, within the lengths that one may have.
  void end(Note& note, std::int64_t step) const noexcept {
    note.end = std::clamp(step, note.step + 1, note.step + most_steps());
  }

  // Whether a note has ended; ends one that has reached the maximum length.
  bool has_ended(Note& note) const noexcept {
    if (note.end == kOpen && until_ >= note.step + most_steps()) end(note, until_);
    return note.end != kOpen;
  }

  bool give(Event event, Token& token) noexcept {
    token = encoder_.token(event);
    state_ = encoder_.advance(state_, token);
    return true;
  }

  EventEncoder encoder_;
  std::vector<Note> notes_;  // that are not tokens yet, by timestep, the highest first
  std::size_t num_notes_ = 0;
  EventEncoder::State state_;  // after the tokens so far
  std::int64_t bar_ = 0, until_ = 0;
  bool is_in_note_ = false;  // whether the first note's key is a token already
};

}  // namespace gruve::inline v0_2
