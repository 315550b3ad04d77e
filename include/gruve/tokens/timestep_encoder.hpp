#pragma once

#include <algorithm>
#include <array>
#include <bit>
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
    for (const Note& note : song.notes) {
      if (!on_piano(note.pitch)) continue;
      const Held held{std::max<std::int64_t>(grid.nearest(note.start), 0), grid.nearest(note.end),
                      note.pitch - kLowestKey};
      if (held.end <= held.start) continue;
      notes.push_back(held);
      steps = std::max(steps, held.end);
    }
    if (steps > kMaxTimesteps)
      throw Error("the song takes " + std::to_string(steps) + " timesteps, more than the " +
                  std::to_string(kMaxTimesteps) + " that can be encoded");
    const auto starts_earlier = [](const Held& a, const Held& b) { return a.start < b.start; };
    if (!std::is_sorted(notes.begin(), notes.end(), starts_earlier))
      std::stable_sort(notes.begin(), notes.end(), starts_earlier);

    std::vector<Keys> changes(static_cast<std::size_t>(steps) + 1);  // the keys that begin or end there
    std::array<std::int64_t, kNumKeys> until{};                      // where each key is released
    std::int64_t held_steps = 0;
    for (const Held& note : notes) {
      std::int64_t& released = until[static_cast<std::size_t>(note.key)];
      const std::int64_t start = std::max(note.start, released);
      const std::int64_t end = std::max(start, options_.repeat_held ? note.end : note.start + 1);
      changes[static_cast<std::size_t>(start)].flip(note.key);
      changes[static_cast<std::size_t>(end)].flip(note.key);
      held_steps += end - start;
      released = end;
    }

    std::vector<Token> tokens(static_cast<std::size_t>(steps + held_steps) + kBlock);
    Token* out = tokens.data();
    Keys keys;
    Spelled spelled = spell(keys);
    for (std::int64_t step = 0; step < steps; ++step) {
      const Keys& change = changes[static_cast<std::size_t>(step)];
      if ((change.upper | change.lower) != 0) {
        keys.upper ^= change.upper;
        keys.lower ^= change.lower;
        spelled = spell(keys);
      }
      if (spelled.size > kBlock) {
        out = spell_all(keys, out);
        continue;
      }
      std::memcpy(out, &spelled.first, sizeof spelled.first);
      std::memcpy(out + kBlock / 2, &spelled.second, sizeof spelled.second);
      out += spelled.size;
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
  // A set of keys, the highest at the lowest bit.
  struct Keys {
    std::uint64_t upper = 0;  // 87 to 24
    std::uint64_t lower = 0;  // 23 to 0

    void flip(int key) noexcept {
      const int bit = kNumKeys - 1 - key;
      (bit < 64 ? upper : lower) ^= std::uint64_t{1} << bit % 64;
    }
  };

  // Most timesteps have at most so many tokens: they are written at once, the next over what is too much.
  static constexpr std::size_t kBlock = 8;

  // The tokens of a timestep as they lie in memory, in registers. Where there are more than kBlock, size says
  // no more than that.
  struct Spelled {
    std::uint64_t first = 0;   // four tokens
    std::uint64_t second = 0;  // four more, of any value where size is at most 4
    std::size_t size = 1;
  };

  // Compilers branch on the words here; arithmetic in place of these branches took a fifth longer.
  static Spelled spell(Keys keys) noexcept {
    Spelled spelled;
    keys.lower |= ~std::uint64_t{0} << (kNumKeys - 64);  // behind the keys stands the end, again and again
    const auto next = [&] {
      std::uint64_t& word = keys.upper != 0 ? keys.upper : keys.lower;
      const int bit = std::countr_zero(word) + (keys.upper != 0 ? 0 : 64);
      word &= word - 1;
      spelled.size += bit < kNumKeys ? 1 : 0;
      return static_cast<std::uint64_t>(bit < kNumKeys ? kNumKeys - 1 - bit : kEndOfStep);
    };
    for (int i = 0; i < 4; ++i) spelled.first |= next() << place(i);
    if (spelled.size > 4)
      for (int i = 0; i < 4; ++i) spelled.second |= next() << place(i);
    return spelled;
  }

  // The lowest bit of token i of four, as they lie in memory.
  static constexpr int place(int i) noexcept {
    return 16 * (std::endian::native == std::endian::little ? i : 3 - i);
  }

  // As spell(), for any number of keys. Returns the end of what it wrote.
  static Token* spell_all(Keys keys, Token* out) noexcept {
    for (; keys.upper != 0; keys.upper &= keys.upper - 1)
      *out++ = static_cast<Token>(kNumKeys - 1 - std::countr_zero(keys.upper));
    for (; keys.lower != 0; keys.lower &= keys.lower - 1)
      *out++ = static_cast<Token>(kNumKeys - 65 - std::countr_zero(keys.lower));
    *out++ = kEndOfStep;
    return out;
  }

  Options options_;
};

static_assert(MusicEncoder<TimestepEncoder>);

}  // namespace gruve
