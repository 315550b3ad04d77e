#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"
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
  /// and ends at the timesteps nearest to its own, halves up. Notes outside the piano's keys, and those that
  /// round to no timestep at all, are left out: screen() says beforehand whether a song has any.
  ///
  /// Throws Error where the song takes more than kMaxTimesteps, or its ticks_per_quarter is out of Grid's
  /// range.
  std::vector<Token> encode(const Song& song) const {
    struct Held {
      std::int64_t start, end;
      Token key;
    };
    const Grid grid(song.ticks_per_quarter, options_.steps_per_quarter);
    std::int64_t steps = grid.up(std::max<std::int64_t>(song.length, 0));
    std::vector<Held> notes;
    notes.reserve(song.notes.size());
    std::int64_t held_steps = 0;
    for (const Note& note : song.notes) {
      const Held held{grid.nearest(note.start), grid.nearest(note.end), key_of(note.pitch)};
      if (held.key == kEndOfStep || held.end <= held.start) continue;
      notes.push_back(held);
      steps = std::max(steps, held.end);
      held_steps += held.end - held.start;
    }
    if (steps > kMaxTimesteps)
      throw Error("the song takes " + std::to_string(steps) + " timesteps, more than the " +
                  std::to_string(kMaxTimesteps) + " that can be encoded");
    const auto starts_earlier = [](const Held& a, const Held& b) { return a.start < b.start; };
    if (!std::is_sorted(notes.begin(), notes.end(), starts_earlier))
      std::stable_sort(notes.begin(), notes.end(), starts_earlier);

    // Most timesteps have at most eight tokens: those are written at once, the next over what is too much.
    constexpr std::size_t kBlock = 8;
    std::vector<Token> tokens(static_cast<std::size_t>(steps + std::min(held_steps, kNumKeys * steps)) +
                              kBlock);
    Token* out = tokens.data();
    // From one timestep in which something begins or ends to the next, all timesteps are alike.
    std::array<Token, kNumKeys + 1> alike{};
    std::size_t size = 0;                        // keys in it, the end behind them not counted
    std::array<std::int64_t, kNumKeys> until{};  // the timestep at which each key is released
    auto next = notes.begin();
    for (std::int64_t step = 0; step < steps;) {
      std::int64_t end = steps;
      std::size_t kept = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const Token key = alike[i];
        const bool sounds = until[key] > step;
        alike[kept] = key;
        kept += sounds ? 1 : 0;
        end = std::min(end, sounds ? until[key] : steps);
      }
      size = kept;
      for (; next != notes.end() && next->start <= step; ++next) {
        const bool sounds = until[next->key] > step;
        until[next->key] = std::max(until[next->key], next->end);
        end = std::min(end, until[next->key]);
        if (sounds) continue;
        std::size_t at = size++;
        for (; at > 0 && alike[at - 1] < next->key; --at) alike[at] = alike[at - 1];
        alike[at] = next->key;
      }
      if (next != notes.end()) end = std::min(end, next->start);
      alike[size] = kEndOfStep;
      if (!options_.repeat_held && size > 0) end = step + 1;
      const std::size_t count = size + 1;
      if (count <= kBlock) {
        std::array<Token, kBlock> block;
        std::copy_n(alike.begin(), kBlock, block.begin());
        for (; step < end; ++step, out += count) std::memcpy(out, block.data(), sizeof block);
      } else {
        for (; step < end; ++step, out += count) std::memcpy(out, alike.data(), count * sizeof(Token));
      }
      if (options_.repeat_held) continue;
      size = 0;
      until.fill(0);
    }
    tokens.resize(static_cast<std::size_t>(out - tokens.data()));
    return tokens;
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
  // The token of a MIDI key number; kEndOfStep where the piano has no such key.
  static Token key_of(int pitch) noexcept {
    return on_piano(pitch) ? static_cast<Token>(pitch - kLowestKey) : kEndOfStep;
  }

  Options options_;
};

static_assert(MusicEncoder<TimestepEncoder>);

}  // namespace gruve
