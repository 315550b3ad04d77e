#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_features.hpp"
#include "gruve/tokens/timestep_writer.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

struct TimestepOptions {
  int steps_per_quarter = 24;  // 1 to kMaxStepsPerQuarter
  bool repeat_held = true;     // a held key stands in each timestep that it sounds in, not only at its onset

  friend bool operator==(const TimestepOptions&, const TimestepOptions&) = default;
};

/// The format this project is named for: music as a list of the keys that sound in each timestep.
///
///   0-87   the piano keys A0 to C8 (MIDI 21 to 108); in a timestep the highest stands first
///   88     ends the timestep
///
/// At 24 timesteps per quarter note a C major triad held for two timesteps, then one of silence, is
/// 46 43 39 88 46 43 39 88 88.
///
/// What it can't hold: velocities, channels, tempo, metre, and a key struck again while or as soon as it
/// sounded (with repeat_held two such notes become one; without it all notes last one timestep).
///
/// The grammar's state is the last token of the timestep, kEndOfStep at its beginning: after a key only lower
/// keys or kEndOfStep may follow.
class TimestepEncoder {
 public:
  using Source = Song;
  using State = int;
  using Options = TimestepOptions;
  using FeatureState = TimestepFeatures;

  static constexpr std::string_view kType = "timestep";
  static constexpr Token kEndOfStep = kNumKeys;

  /// Throws Error where steps_per_quarter is out of its range.
  explicit TimestepEncoder(Options options = {}) : options_(options) { Grid(1, options.steps_per_quarter); }

  const Options& options() const noexcept { return options_; }
  int vocab_size() const noexcept { return kNumKeys + 1; }
  int steps_per_quarter() const noexcept { return options_.steps_per_quarter; }

  /// How many timesteps the music moves on by this token: 1 at kEndOfStep, else 0.
  int steps(State, Token token) const noexcept { return token == kEndOfStep ? 1 : 0; }

  Token start_token() const noexcept { return kEndOfStep; }
  State start() const noexcept { return kEndOfStep; }
  State advance(State, Token token) const noexcept { return token; }
  bool allowed(State state, Token token) const noexcept {
    return token == kEndOfStep || (token < kEndOfStep && token < state);
  }
  bool at_boundary(State state) const noexcept { return state == kEndOfStep; }

  /// The song's timesteps, as many as its length takes (rounded up) and all of the last note. A note begins
  /// and ends at the timesteps nearest to its own, halves up, the first at the earliest. Notes outside the
  /// piano's keys, and those that round to no timestep at all, are left out: screen() says beforehand whether
  /// a song has any.
  ///
  /// Throws Error where the song takes more than kMaxTimesteps, or its ticks_per_quarter is out of Grid's
  /// range.
  std::vector<Token> encode(const Song& song) const {
    struct Held {
      std::int64_t start, end;  // timesteps
      int key;
    };
    const Grid grid(song.ticks_per_quarter, options_.steps_per_quarter);
    std::int64_t steps = grid.up(std::max<std::int64_t>(song.length, 0));
    std::vector<Held> notes;
    notes.reserve(song.notes.size());
    int highest = 0;
    for (const Note& note : song.notes) {
      if (!on_piano(note.pitch)) continue;
      const Held held{std::max<std::int64_t>(grid.nearest(note.start), 0), grid.nearest(note.end),
                      note.pitch - kLowestKey};
      if (held.end <= held.start) continue;
      notes.push_back(held);
      highest = std::max(highest, held.key);
      steps = std::max(steps, held.end);
    }
    if (steps > kMaxTimesteps)
      throw Error("the song takes " + std::to_string(steps) + " timesteps, more than the " +
                  std::to_string(kMaxTimesteps) + " that can be encoded");
    const auto starts_earlier = [](const Held& a, const Held& b) { return a.start < b.start; };
    if (!std::is_sorted(notes.begin(), notes.end(), starts_earlier))
      std::stable_sort(notes.begin(), notes.end(), starts_earlier);

    internal::TimestepWriter writer(static_cast<std::size_t>(steps), highest);
    std::array<std::int64_t, kNumKeys> until{};  // where each key is released
    std::int64_t held_steps = 0;
    for (const Held& note : notes) {
      std::int64_t& released = until[static_cast<std::size_t>(note.key)];
      const std::int64_t start = std::max(note.start, released);
      const std::int64_t end = std::max(start, options_.repeat_held ? note.end : note.start + 1);
      writer.flip(static_cast<std::size_t>(start), note.key);
      writer.flip(static_cast<std::size_t>(end), note.key);
      held_steps += end - start;
      released = end;
    }
    return writer.write(static_cast<std::size_t>(steps + held_steps));
  }

  /// The song that the tokens spell: velocity 80, one tempo, ticks_per_quarter a multiple of
  /// steps_per_quarter near 480. A key in consecutive timesteps is one note (without repeat_held: one of a
  /// single timestep each). The keys of a timestep may stand in any order and twice; a last timestep that is
  /// not ended counts.
  ///
  /// bpm  quarter notes per minute, 4 to 60,000,000
  /// Throws Error on a token outside the vocabulary or a tempo that a MIDI file can't hold.
  Song decode(std::span<const Token> tokens, double bpm = 120) const {
    Song song = song_on_grid(options_.steps_per_quarter, bpm);
    const std::int64_t ticks = song.ticks_per_quarter / options_.steps_per_quarter;  // of a timestep

    struct Held {
      std::int64_t first = -2, last = -2;  // timesteps in which the key stood; -2 where it hasn't yet
    };
    std::array<Held, kNumKeys> held;
    const auto release = [&](std::size_t key) {
      if (held[key].last >= 0)
        song.notes.push_back({.start = held[key].first * ticks,
                              .end = (held[key].last + 1) * ticks,
                              .pitch = kLowestKey + static_cast<int>(key)});
    };
    std::int64_t step = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const Token token = tokens[i];
      if (token > kEndOfStep)
        throw Error("token " + std::to_string(token) + " at position " + std::to_string(i) +
                    " is outside the vocabulary of " + std::to_string(vocab_size()));
      if (token == kEndOfStep) {
        ++step;
        continue;
      }
      Held& key = held[token];
      if (key.last == step) continue;
      if (!options_.repeat_held || key.last != step - 1) {
        release(token);
        key.first = step;
      }
      key.last = step;
    }
    for (std::size_t key = 0; key < held.size(); ++key) release(key);
    sort_notes(song.notes);
    if (!tokens.empty() && tokens.back() != kEndOfStep) ++step;
    song.length = step * ticks;
    return song;
  }

  friend bool operator==(const TimestepEncoder&, const TimestepEncoder&) = default;

 private:
  Options options_;
};

static_assert(MusicEncoder<TimestepEncoder>);

}  // namespace gruve
