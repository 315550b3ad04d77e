#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>

#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/event_grammar.hpp"
#include "gruve/tokens/note_history.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Reads along earlier notes of a sequence in the event format, and expects that they are played again at a
/// distance in time. Where other tokens come it goes on at the same distance: a pointer network whose place
/// moves with the music, of which only the place to begin at is found or given. Allocates nothing.
class NotePointer {
 public:
  static constexpr int kRows = 33;  // of row()

  /// Whether it points to a place.
  bool is_active() const noexcept { return is_active_; }
  /// Timesteps back to its place.
  std::uint32_t lag() const noexcept { return lag_; }
  /// The number of notes that were as expected since the last token that was not, and those equal before.
  std::uint32_t run() const noexcept { return run_; }

  /// Points nowhere.
  void stop() noexcept {
    is_active_ = false;
    expected_.reset();
  }

  /// Points to a place.
  ///
  /// lag   timesteps back
  /// next  index of the first note that may be next
  /// run   number of notes that were equal before
  void follow(std::uint32_t lag, std::uint32_t next, std::uint32_t run) noexcept {
    move_to(lag, next);
    run_ = run;
    misses_ = 0;
  }
  /// Points to another place, with the record of expectations that it has.
  void move_to(std::uint32_t lag, std::uint32_t next) noexcept {
    is_active_ = true;
    lag_ = lag;
    next_ = next;
    matched_.reset();
  }

  /// Compares the expected token with the one that came.
  void score(Token token, EventGrammar::Kind kind) noexcept {
    using Kind = EventGrammar::Kind;
    if (!is_active_ || kind == Kind::metre || kind == Kind::tempo || kind == Kind::repeat ||
        kind == Kind::left || kind == Kind::program || kind == Kind::pedal || kind == Kind::onset ||
        kind == Kind::release)
      return;
    const bool hit = expected_ == token;
    misses_ = static_cast<std::uint16_t>(misses_ << 1 | (hit ? 0 : 1));
    if (!hit)
      run_ = 0;
    else if (kind == Kind::key)
      ++run_;
  }

  /// Of the last 16 tokens, those that were not expected.
  int misses() const noexcept { return std::popcount(misses_); }

  /// Moves with the music, and expects the next token.
  ///
  /// state  of the grammar after the last token
  /// now    timestep of the music
  void advance(const NoteHistory& notes, const EventGrammar& grammar, const EventGrammar::State& state,
               std::uint32_t now) noexcept {
    if (!is_active_) return;
    if (!EventGrammar::is_of_note(state.last)) pass(notes, state, now);
    renew(notes, grammar, state, now);
  }

  /// The token that it expects, if any.
  std::optional<Token> expected() const noexcept { return expected_; }

  /// How reliable it is: 0 if it points nowhere, otherwise 1 + 4 · r + m for its run of 0, 1, 2, up to 4, 8,
  /// 16, 32 notes and more (r = 0 to 7), and misses of 0, 1, up to 3, and more (m = 0 to 3).
  int row() const noexcept {
    if (!is_active_) return 0;
    const int length = run_ == 0 ? 0 : (std::min)(static_cast<int>(std::bit_width(run_ - 1)) + 1, 7);
    const int missed = misses();
    return 1 + 4 * length + (missed < 2 ? missed : missed < 4 ? 2 : 3);
  }

  /// Writes or reads all but the expectation, which the next advance() renews.
  void transfer(StateBytes& state) noexcept {
    std::uint8_t active = is_active_ ? 1 : 0;
    active = state.value(active, [](std::uint8_t value) { return value <= 1; });
    state.value(lag_);
    state.value(next_);
    std::int64_t matched = matched_ ? std::int64_t{*matched_} : -1;
    matched = state.value(matched, [](std::int64_t index) { return -1 <= index && index <= UINT32_MAX; });
    state.value(run_);
    state.value(misses_);
    if (!state.is_reading()) return;
    is_active_ = active != 0;
    matched_ = matched < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(matched));
    expected_.reset();
  }

  /// Expects the next token again, after transfer().
  void renew(const NoteHistory& notes, const EventGrammar& grammar, const EventGrammar::State& state,
             std::uint32_t now) noexcept {
    if (is_active_) expected_ = next_token(notes, grammar, state, now);
  }

 private:
  // Passes the notes that are now over, and finds the one that the last key repeats.
  void pass(const NoteHistory& notes, const EventGrammar::State& state, std::uint32_t now) noexcept {
    matched_.reset();
    if (next_ < notes.begin()) return stop();
    for (; next_ < notes.size(); ++next_) {
      const PlayedNote& note = notes[next_];
      const auto ahead = static_cast<std::int32_t>(note.step + lag_ - now);
      if (ahead > 0 || (ahead == 0 && !is_over(note, state))) break;
      if (ahead == 0 && note.key == state.key && note.channel == state.channel &&
          state.last == EventGrammar::Kind::key)
        matched_ = next_;
    }
  }

  // Whether a note at the position comes before what may follow in a state.
  static bool is_over(const PlayedNote& note, const EventGrammar::State& state) noexcept {
    using Kind = EventGrammar::Kind;
    // Before the position's first note, and before a channel is chosen for it, none is.
    if (state.key == kNumKeys && state.last != Kind::channel && state.last != Kind::program &&
        state.last != Kind::pedal)
      return false;
    return note.channel < state.channel || (note.channel == state.channel && note.key >= state.key);
  }

  std::optional<Token> next_token(const NoteHistory& notes, const EventGrammar& grammar,
                                  const EventGrammar::State& state, std::uint32_t now) const noexcept {
    using Kind = EventGrammar::Kind;
    const auto token = [&](Kind kind, int value) { return grammar.token({kind, value}); };
    const bool in_note = state.last == Kind::key || state.last == Kind::hold || state.last == Kind::duration;
    const auto is_kept = [&](std::uint32_t index) { return notes.begin() <= index && index < notes.size(); };
    if (in_note && matched_ && is_kept(*matched_)) {
      const PlayedNote& note = notes[*matched_];
      const int duration = static_cast<int>(note.duration);
      if (state.last != Kind::duration && duration != state.duration) {
        if (duration > state.held + grammar.longest()) return token(Kind::hold, 0);
        if (duration > state.held) return token(Kind::duration, duration - state.held);
      }
      if (grammar.options().velocities && state.last != Kind::hold && note.velocity >= 0 &&
          note.velocity != state.velocity)
        return token(Kind::velocity, note.velocity);
    }
    if (state.last == Kind::hold || (in_note && state.duration == 0) || !is_kept(next_)) return std::nullopt;
    const PlayedNote& note = notes[next_];
    const auto ahead = static_cast<std::int32_t>(note.step + lag_ - now);
    if (ahead < 0 || (ahead == 0 && is_over(note, state))) return std::nullopt;
    const bool must_be_key = state.last == Kind::channel || state.last == Kind::program;
    if (ahead == 0 && note.channel != state.channel)
      return must_be_key ? std::nullopt : std::optional(token(Kind::channel, note.channel));
    if (ahead == 0) return token(Kind::key, note.key);
    if (must_be_key) return std::nullopt;
    const std::int64_t position = std::int64_t{state.position} + ahead;
    if (position >= state.bar_steps) return token(Kind::end_of_bar, 0);
    if (state.last == Kind::position) return std::nullopt;
    return token(Kind::position, static_cast<int>(position));
  }

  bool is_active_ = false;
  std::uint32_t lag_ = 0;
  std::uint32_t next_ = 0;                     // index of the note that it expects next
  std::optional<std::uint32_t> matched_ = {};  // index of the note that the last one repeats
  std::uint32_t run_ = 0;
  std::uint16_t misses_ = 0;  // a bit for each of the last 16 tokens
  std::optional<Token> expected_ = {};
};

}  // namespace gruve::inline v0_2
