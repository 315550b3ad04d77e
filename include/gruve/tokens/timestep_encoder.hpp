#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_features.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Options of a TimestepEncoder.
struct TimestepOptions {
  int steps_per_quarter = 24;  // 1 to kMaxStepsPerQuarter
  bool repeat_held = true;     // a held key is repeated in each timestep in which it sounds

  friend bool operator==(const TimestepOptions&, const TimestepOptions&) = default;
};

/// The timestep format: music as a list of the keys that sound in each timestep.
///
/// 0–87  the piano keys A0 to C8 (MIDI 21 to 108), in a timestep from the highest to the lowest
/// 88    ends the timestep
///
/// At 24 timesteps per quarter note a C major triad held for two timesteps, then one of silence, is
/// 46 43 39 88 46 43 39 88 88.
///
/// Not represented: velocities, channels, tempo, metre, and a key struck again during or at the end of its
/// previous note (with repeat_held the two notes become one; without it all notes last one timestep).
///
/// The grammar's state is the last token of the timestep, kEndOfStep at its beginning: after a key only lower
/// keys or kEndOfStep may follow.
class TimestepEncoder {
 public:
  using Source = Song;                    // what it encodes
  using State = int;                      // of the grammar: the last token of the timestep
  using Options = TimestepOptions;        // of the constructor
  using FeatureState = TimestepFeatures;  // the class of its features

  static constexpr std::string_view kType = "timestep";  // in files
  static constexpr Token kEndOfStep = kNumKeys;          // the token that ends a timestep, 88

  /// Throws Error if steps_per_quarter is out of its range.
  explicit TimestepEncoder(Options options = {}) : options_(options) { Grid(1, options.steps_per_quarter); }

  const Options& options() const noexcept { return options_; }                   // as they were given
  int vocab_size() const noexcept { return kNumKeys + 1; }                       // V = 89
  int steps_per_quarter() const noexcept { return options_.steps_per_quarter; }  // of the grid

  /// The number of timesteps by which the token advances: 1 for kEndOfStep, otherwise 0.
  int steps(State, Token token) const noexcept { return token == kEndOfStep ? 1 : 0; }

  Token start_token() const noexcept { return kEndOfStep; }           // 88, as if a timestep had just ended
  State start() const noexcept { return kEndOfStep; }                 // the state before the first token
  State advance(State, Token token) const noexcept { return token; }  // the state after a token

  /// Whether a token may follow: kEndOfStep, or a key below the last one of the timestep.
  bool allowed(State state, Token token) const noexcept {
    return token == kEndOfStep || (token < kEndOfStep && token < state);
  }
  bool at_boundary(State state) const noexcept { return state == kEndOfStep; }  // after each timestep

  /// The song's timesteps: as many as its length (rounded up) and its last note need. A note begins and ends
  /// at the timesteps nearest to its own start and end, halves rounded up, at timestep 0 at the earliest, and
  /// lasts at least one timestep. Notes outside the piano's keys are dropped; screen() moves them into it.
  ///
  /// Throws Error if the song needs more than kMaxTimesteps, or its ticks_per_quarter is out of Grid's range.
  /// Time and memory are linear in notes and timesteps.
  std::vector<Token> encode(const Song& song) const;

  /// The number of tokens that encode() gives: the timesteps, and those of each key that sounds. It grows
  /// with the time for which keys are held, not with their notes: 88 keys held for an hour are millions of
  /// tokens. Throws Error if ticks_per_quarter is out of Grid's range. Time and memory are linear in the
  /// notes.
  std::uint64_t encoded_size(const Song& song) const;

  /// The song that the tokens encode: velocity 80, one tempo, ticks_per_quarter a multiple of
  /// steps_per_quarter near 480. A key in consecutive timesteps is one note (without repeat_held: one note
  /// per timestep). The keys of a timestep may be in any order, and repeated; a last timestep that is not
  /// ended is included.
  ///
  /// bpm  quarter notes per minute, 4 to 60,000,000
  ///
  /// Throws Error on a token outside the vocabulary, or on a tempo that a MIDI file cannot hold.
  Song decode(std::span<const Token> tokens, double bpm = 120) const;

  friend bool operator==(const TimestepEncoder&, const TimestepEncoder&) = default;

 private:
  struct KeySpan {
    std::int64_t start, end;  // timesteps
    int key;
  };
  struct HeldKeys {
    std::vector<KeySpan> notes = {};  // by their starts
    std::int64_t steps = 0;      // of the song
    int highest = 0;             // key
  };

  HeldKeys held_keys(const Song& song) const;

  // Calls a function with the timesteps [start, end) in which each note sounds that no note of its key did
  // before, and with the key. Returns the sum of end - start.
  template <class Function>
  std::int64_t for_each_span(const std::vector<KeySpan>& notes, const Function& function) const {
    std::array<std::int64_t, kNumKeys> until{};  // where each key is released
    std::int64_t held_steps = 0;
    for (const KeySpan& note : notes) {
      std::int64_t& released = until[static_cast<std::size_t>(note.key)];
      const std::int64_t start = (std::max)(note.start, released);
      const std::int64_t end = (std::max)(start, options_.repeat_held ? note.end : note.start + 1);
      function(start, end, note.key);
      held_steps += end - start;
      released = end;
    }
    return held_steps;
  }

  Options options_;
};

static_assert(MusicEncoder<TimestepEncoder>);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/tokens/timestep_encoder.inc"
#endif
