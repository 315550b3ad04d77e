#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

/// Options of an EventEncoder.
struct EventOptions {
  int steps_per_quarter = 24;  // 1 to kMaxStepsPerQuarter
  bool velocities = false;     // encode how hard each note is struck, in 32 levels
  bool tempos = false;         // encode the tempo map, in 49 levels from 20 to 320 bpm
  bool form = false;           // encode where bars return, and how many are left at the end

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
    left
  };

  /// The meaning of a token.
  struct Event {
    Kind kind = Kind::end_of_bar;  // of the token
    int value = 0;                 // timesteps of position and duration, otherwise an index

    friend bool operator==(const Event&, const Event&) = default;
  };

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
    Kind last = Kind::end_of_bar;  // of the last token
  };

  static constexpr int kNumMetres = 3 + 6 + 12 + 24;  // of halves, quarters, eighths, sixteenths
  static constexpr int kNumVelocities = 32;           // levels
  static constexpr int kNumTempos = 49;               // levels
  static constexpr int kFarthest = 64;                // bars back to what returns
  static constexpr int kMostLeft = 8;                 // bars from which on it is known how many are left

  /// Throws Error if steps_per_quarter is out of its range.
  explicit EventGrammar(Options options = {}) : options_(options) {
    const Grid checked(1, options.steps_per_quarter);
    const int G = options.steps_per_quarter;
    const int sizes[] = {1,
                         kNumMetres,
                         6 * G - 1,
                         kNumKeys,
                         1,
                         4 * G,
                         options.velocities ? kNumVelocities : 0,
                         options.tempos ? kNumTempos : 0,
                         options.form ? kFarthest + 1 : 0,
                         options.form ? kMostLeft : 0};
    for (std::size_t i = 0; i < std::size(sizes); ++i) first_[i + 1] = first_[i] + sizes[i];
  }

  const Options& options() const noexcept { return options_; }                   // as they were given
  int vocab_size() const noexcept { return first_.back(); }                      // V
  int steps_per_quarter() const noexcept { return options_.steps_per_quarter; }  // of the grid

  /// The longest duration of one token, in timesteps; a hold adds as much.
  int longest() const noexcept { return 4 * options_.steps_per_quarter; }

  /// The meaning of a token, which must be below vocab_size().
  Event event(Token token) const noexcept {
    std::size_t kind = first_.size() - 2;
    while (first_[kind] > token) --kind;
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

  /// The number of timesteps by which the token, allowed in that state, advances.
  int steps(const State& state, Token token) const noexcept {
    const Event e = event(token);
    if (e.kind == Kind::end_of_bar) return state.bar_steps - state.position;
    return e.kind == Kind::position ? e.value - state.position : 0;
  }

  Token start_token() const noexcept { return 0; }  // an end of bar

  /// The state before the first token.
  State start() const noexcept { return {.bar_steps = 4 * options_.steps_per_quarter}; }

  /// The state after a token.
  State advance(State state, Token token) const noexcept {
    const Event e = event(token);
    switch (e.kind) {
      case Kind::end_of_bar:
        state.position = 0;
        state.key = kNumKeys;
        state.bars = std::min(state.bars + 1, kFarthest);
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
        state.held += longest();
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
    const bool after_key = last == Kind::key || last == Kind::hold;
    const bool has_duration = last == Kind::duration || (last == Kind::key && state.duration > 0);
    // Whether the last note, if the last token belongs to one, is complete.
    const bool is_complete = (last != Kind::key && last != Kind::hold && last != Kind::duration) ||
                             (has_duration && (!options_.velocities || state.velocity >= 0));
    switch (e.kind) {
      case Kind::end_of_bar:
        return is_complete && last != Kind::position;
      case Kind::metre:
        return begins_bar && e.value != state.metre && bar_steps(e.value) > 0;
      case Kind::position:
        return is_complete && last != Kind::position && state.position < e.value && e.value < state.bar_steps;
      case Kind::key:
        return is_complete && e.value < state.key;
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

  /// True at the beginning of a bar.
  bool at_boundary(const State& state) const noexcept { return state.last == Kind::end_of_bar; }

  /// Writes or reads a state, and fails on one that no tokens lead to.
  void transfer(StateBytes& bytes, State& state) const noexcept {
    const auto within = [](int low, int high) {
      return [=](int value) { return low <= value && value <= high; };
    };
    const int metre = bytes.value(state.metre, within(0, kNumMetres - 1));
    if (!bytes.ok()) return;
    const Token metre_token = token({Kind::metre, metre});
    const int steps = advance(start(), metre_token).bar_steps;
    bytes.value(state.bar_steps, [&](int value) { return value == steps && steps > 0; });
    auto last = static_cast<std::uint8_t>(state.last);
    last = bytes.value(last, within(0, static_cast<int>(Kind::left)));
    const auto kind = static_cast<Kind>(last);
    const bool in_note =
        kind == Kind::key || kind == Kind::hold || kind == Kind::duration || kind == Kind::velocity;
    bytes.value(state.position, within(0, steps - 1));
    bytes.value(state.key, within(0, in_note ? kNumKeys - 1 : kNumKeys));
    bytes.value(state.held, within(0, static_cast<int>(kMaxTimesteps)));
    bytes.value(state.duration, within(0, static_cast<int>(kMaxTimesteps)));
    bytes.value(state.velocity, within(-1, kNumVelocities - 1));
    bytes.value(state.tempo, within(-1, kNumTempos - 1));
    bytes.value(state.bars, within(0, kFarthest));
    bytes.value(state.lag, within(0, kFarthest));
    bytes.value(state.left, within(-1, kMostLeft));
    if (bytes.is_reading()) state.last = kind;
  }

 protected:
  static constexpr int kCommon = 3 + 3;  // 4/4

  static constexpr int metres_of(int denominator) noexcept {
    return denominator == 2 ? 3 : 3 * denominator / 2;
  }

  /// Empty if the vocabulary does not have the metre.
  static std::optional<int> metre_index_of(int numerator, int denominator) noexcept {
    int first = 0;
    for (int d = 2; d <= 16; first += metres_of(d), d *= 2)
      if (d == denominator && 1 <= numerator && numerator <= metres_of(d)) return first + numerator - 1;
    return std::nullopt;
  }

  /// Timesteps of a bar, or 0 if they are not a whole number.
  int bar_steps(int metre_index) const noexcept {
    const auto [numerator, denominator] = metre(metre_index);
    const int steps = 4 * numerator * options_.steps_per_quarter;
    return steps % denominator == 0 ? steps / denominator : 0;
  }

 private:
  static constexpr int first_value(Kind kind) noexcept {
    return kind == Kind::position || kind == Kind::duration || kind == Kind::left ? 1 : 0;
  }

  Options options_;
  std::array<int, 11> first_{};  // the first token of each kind, and the vocabulary's size
};

}  // namespace gruve::inline v0_1
