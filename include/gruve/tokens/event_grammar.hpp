#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Options of an EventEncoder.
struct EventOptions {
  int steps_per_quarter = 24;  // 1 to kMaxStepsPerQuarter
  bool velocities = false;     // encode how hard each note is struck, in 32 levels
  bool tempos = false;         // encode the tempo map, in 49 levels from 20 to 320 bpm
  bool form = false;           // encode where bars return, and how many are left at the end
  bool channels = false;       // encode the channel of each note, and the channels' programs
  bool pedal = false;          // encode the sustain pedal
  int microtiming = 1;         // parts of a timestep in which a note begins and ends, up to kMostMicrotiming

  friend bool operator==(const EventOptions&, const EventOptions&) = default;
};

/// The vocabulary and the grammar of the event format, which EventEncoder describes.
class EventGrammar {
 public:
  using Options = EventOptions;  // of the constructor

  /// The kinds of tokens, in the order in which tokens are numbered.
  enum class Kind : std::uint8_t {
    end_of_bar,
    metre,
    position,
    key,
    hold,
    duration,
    velocity,
    tempo,
    repeat,
    left,
    channel,
    program,
    pedal,
    onset,
    release
  };

  /// The meaning of a token.
  struct Event {
    Kind kind = Kind::end_of_bar;  // of the token
    int value = 0;                 // timesteps of position and duration, parts of one of onset and release,
                                   // otherwise an index

    friend bool operator==(const Event&, const Event&) = default;
  };

  /// What is in force on a channel.
  struct Channel {
    std::int32_t duration = 0;  // timesteps; 0 before the first
    std::int8_t velocity = -1;  // level; -1 before the first
    std::uint8_t program = 0;   // 0 before the first
    std::uint8_t pedal = 0;     // 1 if it is down

    friend bool operator==(const Channel&, const Channel&) = default;
  };

  static constexpr int kNumChannels = 16;
  static constexpr int kNumPrograms = 128;
  static constexpr int kMostMicrotiming = 32;

  /// The state of the grammar: what is in force after some tokens.
  struct State {
    int bar_steps;                 // timesteps of the bar
    int position = 0;              // timesteps from the bar's beginning
    int key = kNumKeys;            // the last key at this position, or kNumKeys
    int held = 0;                  // timesteps of the holds since the key
    int duration = 0;              // timesteps; 0 before the first
    int velocity = -1;             // level; -1 before the first
    int tempo = -1;                // level; -1 before the first
    int metre = kCommon;           // index of its token
    int bars = 0;                  // before this one, up to kFarthest
    int lag = 0;                   // bars back to the one that this one is like, or 0
    int left = -1;                 // bars with this one up to the end; -1 if that is not known
    int channel = 0;               // of the notes; -1 before the first
    int program = 0;               // of the channel
    int pedal = 0;                 // of the channel: 1 if it is down
    int onset = 0;                 // parts of a timestep from the position to a note's beginning
    int release = 0;               // parts of a timestep from a note's duration to its end
    Kind last = Kind::end_of_bar;  // of the last token
    std::array<Channel, kNumChannels> others = {};  // of the channels that were left
  };

  static constexpr int kNumMetres = 3 + 6 + 12 + 24;  // of halves, quarters, eighths, sixteenths
  static constexpr int kNumVelocities = 32;           // levels
  static constexpr int kNumTempos = 49;               // levels
  static constexpr int kFarthest = 64;                // bars back to what returns
  static constexpr int kMostLeft = 8;                 // bars from which on it is known how many are left

  /// Throws Error if steps_per_quarter or microtiming is out of its range, or their product larger than
  /// kMaxStepsPerQuarter.
  explicit EventGrammar(Options options = {});

  const Options& options() const noexcept { return options_; }                   // as they were given
  int vocab_size() const noexcept { return first_.back(); }                      // V
  int steps_per_quarter() const noexcept { return options_.steps_per_quarter; }  // of the grid

  /// The longest duration of one token, in timesteps; a hold adds as much.
  int longest() const noexcept { return 4 * options_.steps_per_quarter; }

  /// The meaning of a token, which must be below vocab_size().
  Event event(Token token) const noexcept {
    std::size_t kind = 0;
    while (first_[kind + 1] <= token) ++kind;
    const int value = token - first_[kind];
    return {static_cast<Kind>(kind), value + first_value(static_cast<Kind>(kind))};
  }

  /// The token of an event whose value is in its range.
  Token token(Event event) const noexcept {
    return static_cast<Token>(first_[static_cast<std::size_t>(event.kind)] + event.value -
                              first_value(event.kind));
  }

  /// Quarter notes per minute of a tempo's level.
  static double tempo_bpm(int level) noexcept { return 20 * std::exp2(level / 12.0); }

  /// The level nearest to a tempo in quarter notes per minute.
  static int tempo_level(double bpm) noexcept {
    return static_cast<int>(std::clamp(std::round(12 * std::log2(bpm / 20)), 0.0, kNumTempos - 1.0));
  }

  /// {numerator, denominator} of a metre's index.
  static constexpr std::pair<int, int> metre(int index) noexcept {
    int denominator = 2;
    for (int most = 3; index >= most; most = metres_of(denominator)) {
      index -= most;
      denominator *= 2;
    }
    return {index + 1, denominator};
  }

  /// The index of a metre; empty if the vocabulary does not have it.
  static std::optional<int> metre_index(int numerator, int denominator) noexcept {
    int first = 0;
    for (int d = 2; d <= 16; first += metres_of(d), d *= 2)
      if (d == denominator && 1 <= numerator && numerator <= metres_of(d)) return first + numerator - 1;
    return std::nullopt;
  }

  /// The number of levels nearest to a factor of at least 1 between two tempos.
  static int tempo_levels(double factor) noexcept {
    return static_cast<int>(std::clamp(std::round(12 * std::log2(factor)), 0.0, kNumTempos - 1.0));
  }

  /// The number of timesteps by which the token, allowed in that state, advances.
  int steps(const State& state, Token token) const noexcept {
    const Event e = event(token);
    if (e.kind == Kind::end_of_bar) return state.bar_steps - state.position;
    return e.kind == Kind::position ? e.value - state.position : 0;
  }

  Token start_token() const noexcept { return 0; }  // an end of bar

  /// The state before the first token.
  State start() const noexcept {
    return {.bar_steps = 4 * options_.steps_per_quarter, .channel = options_.channels ? -1 : 0};
  }

  /// The state after a token.
  State advance(State state, Token token) const noexcept {
    const Event e = event(token);
    switch (e.kind) {
      case Kind::end_of_bar:
        state.position = 0;
        state.key = kNumKeys;
        state.bars = (std::min)(state.bars + 1, kFarthest);
        state.left -= state.left > 0 ? 1 : 0;
        break;
      case Kind::metre:
        state.metre = e.value;
        state.bar_steps = bar_steps(e.value);
        break;
      case Kind::position:
        state.position = e.value;
        state.key = kNumKeys;
        break;
      case Kind::key:
        state.key = e.value;
        state.held = 0;
        break;
      case Kind::hold:
        state.held = (std::min)(state.held + longest(), static_cast<int>(kMaxTimesteps));
        break;
      case Kind::duration:
        state.duration = state.held + e.value;
        break;
      case Kind::velocity:
        state.velocity = e.value;
        break;
      case Kind::tempo:
        state.tempo = e.value;
        break;
      case Kind::repeat:
        state.lag = e.value;
        break;
      case Kind::left:
        state.left = e.value;
        break;
      case Kind::channel: {
        if (state.channel >= 0)
          other(state, state.channel) = {state.duration, static_cast<std::int8_t>(state.velocity),
                                         static_cast<std::uint8_t>(state.program),
                                         static_cast<std::uint8_t>(state.pedal)};
        state.channel = e.value;
        state.key = kNumKeys;
        const Channel& channel = other(state, e.value);
        state.duration = channel.duration;
        state.velocity = channel.velocity;
        state.program = channel.program;
        state.pedal = channel.pedal;
        break;
      }
      case Kind::program:
        state.program = e.value;
        break;
      case Kind::pedal:
        state.pedal = e.value;
        break;
      case Kind::onset:
        state.onset = e.value;
        break;
      case Kind::release:
        state.release = e.value;
        break;
    }
    state.last = e.kind;
    return state;
  }

  /// Whether a token may follow in this state.
  bool allowed(const State& state, Token token) const noexcept {
    if (token >= vocab_size()) return false;
    const Event e = event(token);
    const Kind last = state.last;
    if (is_over(state)) return e.kind == Kind::end_of_bar;
    const bool begins_bar = last == Kind::end_of_bar || last == Kind::left || last == Kind::repeat;
    // At a position, before its notes.
    const bool begins = begins_bar || last == Kind::metre || last == Kind::position || last == Kind::tempo;
    const bool after_key = last == Kind::key || last == Kind::hold;
    const bool has_duration = last == Kind::duration || (last == Kind::key && state.duration > 0);
    // Whether the last token belongs to a note that is complete.
    const bool ends_note = last == Kind::velocity || last == Kind::onset || last == Kind::release ||
                           (has_duration && (!options_.velocities || state.velocity >= 0));
    const bool is_complete = ends_note || !(after_key || last == Kind::duration);
    // Whether no note must follow.
    const bool is_free = is_complete && last != Kind::channel && last != Kind::program;
    switch (e.kind) {
      case Kind::end_of_bar:
        return is_free && last != Kind::position;
      case Kind::metre:
        return begins_bar && e.value != state.metre && bar_steps(e.value) > 0;
      case Kind::position:
        return is_free && last != Kind::position && state.position < e.value && e.value < state.bar_steps;
      case Kind::key:
        return is_complete && e.value < state.key && state.channel >= 0;
      case Kind::hold:
        return after_key && state.held + 2 * longest() <= kMaxTimesteps;
      case Kind::duration:
        return after_key && state.held + e.value != state.duration;
      case Kind::velocity:
        return has_duration && e.value != state.velocity;
      case Kind::tempo:
        return (begins_bar || last == Kind::metre || last == Kind::position) && e.value != state.tempo;
      case Kind::repeat:
        return begins_bar && last != Kind::repeat && e.value != state.lag && e.value <= state.bars;
      case Kind::left:
        return last == Kind::end_of_bar && state.left < 0;
      case Kind::channel:
        return is_free && e.value != state.channel &&
               ((state.key == kNumKeys && last != Kind::pedal) || e.value > state.channel);
      case Kind::program:
        return (begins || last == Kind::pedal || last == Kind::channel) && state.channel >= 0 &&
               e.value != state.program;
      case Kind::pedal:
        // Also lifted and pressed again at one position.
        return (begins || last == Kind::channel || (last == Kind::pedal && state.pedal == 0)) &&
               state.channel >= 0 && e.value != state.pedal;
      case Kind::onset:
        return ends_note && last != Kind::onset && last != Kind::release && e.value != state.onset &&
               (e.value >= 0 || state.bars > 0 || state.position > 0);
      case Kind::release:
        return ends_note && last != Kind::release && e.value != state.release;
    }
    return false;
  }

  /// Whether the piece has ended: nothing but empty bars may follow.
  bool is_over(const State& state) const noexcept { return state.left == 0; }

  /// Whether the bar is like an earlier one (EventOptions::form). At its beginning, where that may change,
  /// this is false.
  bool returns(const State& state) const noexcept {
    return state.lag > 0 && state.last != Kind::end_of_bar && state.last != Kind::left;
  }

  /// Whether a token of this kind follows a key and belongs to its note.
  static constexpr bool is_of_note(Kind kind) noexcept {
    return kind == Kind::hold || kind == Kind::duration || kind == Kind::velocity || kind == Kind::onset ||
           kind == Kind::release;
  }

  /// Whether a token of kind `next` after one of kind `last` completes a note.
  static constexpr bool completes_note(Kind last, Kind next) noexcept {
    return (last == Kind::key || is_of_note(last)) && last != Kind::hold && !is_of_note(next);
  }

  /// True at the beginning of a bar.
  bool at_boundary(const State& state) const noexcept { return state.last == Kind::end_of_bar; }

  /// Writes or reads a state, and fails on one that no tokens lead to.
  void transfer(StateBytes& bytes, State& state) const noexcept;

 protected:
  static constexpr int kCommon = 3 + 3;  // 4/4

  static constexpr int metres_of(int denominator) noexcept {
    return denominator == 2 ? 3 : 3 * denominator / 2;
  }

  /// Timesteps of a bar, or 0 if they are not a whole number.
  int bar_steps(int metre_index) const noexcept {
    const auto [numerator, denominator] = metre(metre_index);
    const int steps = 4 * numerator * options_.steps_per_quarter;
    return steps % denominator == 0 ? steps / denominator : 0;
  }

 private:
  int first_value(Kind kind) const noexcept {
    if (kind == Kind::onset || kind == Kind::release) return -(options_.microtiming / 2);
    return kind == Kind::position || kind == Kind::duration || kind == Kind::left ? 1 : 0;
  }
  bool has_tokens(Kind kind) const noexcept {
    const auto index = static_cast<std::size_t>(kind);
    return first_[index + 1] > first_[index];
  }
  static Channel& other(State& state, int channel) noexcept {
    return state.others[static_cast<std::size_t>(channel)];
  }

  Options options_;
  std::array<int, 16> first_{};  // the first token of each kind, and the vocabulary's size
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/tokens/event_grammar.inc"
#endif
