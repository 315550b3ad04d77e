#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

struct EventOptions {
  int steps_per_quarter = 24;  // 1 to kMaxStepsPerQuarter
  bool velocities = false;     // how hard each note is struck, in 32 degrees
  bool tempos = false;         // the tempo map, in 49 degrees from 20 to 320 bpm

  friend bool operator==(const EventOptions&, const EventOptions&) = default;
};

/// The compact format: music as its notes, bar after bar, in the order of their onsets.
///
///   end of bar            1 token    ends a bar, and the next begins
///   metre                 45         the bar that begins, and those after it, are of so many halves,
///   quarters,
///                                    eighths or sixteenths: 1/2 to 3/2, 1/4 to 6/4, 1/8 to 12/8, 1/16 to
///                                    24/16
///   position              6 G - 1    what follows begins so many timesteps behind the bar's beginning
///   key                   88         a note of A0 to C8 begins; at one position the highest stands first
///   hold                  1          the note lasts four quarters and the duration that follows
///   duration              4 G        the note lasts 1 to 4 G timesteps
///   velocity              32         where options ask for it: 4 v + 1 to 4 v + 4
///   tempo                 49         where options ask for it: 20 · 2^(t / 12) quarter notes per minute
///
/// with G timesteps per quarter note. Metre, duration, velocity and tempo run on: they stand only where they
/// change, the duration and velocity behind the key of the first note that has them. A song begins in 4/4.
///
/// A song on the grid comes back as it was, but for what the format can't hold: channels; its length, which
/// becomes whole bars; a metre that is none of the above or takes no whole number of timesteps, which counts
/// as 4/4; a change of metre within a bar, which counts from the next bar on; velocities and tempos, which
/// come back in the middle of their degree, or as 80 and one tempo where options leave them out. A key that
/// is struck while it sounds ends the note that sounded; of two notes of one key that begin together the
/// longer and the louder counts.
///
/// The grammar allows what encode() can give and nothing that is malformed: decode() refuses all else.
///
/// Source: bar, position, pitch and duration are those of REMI (Huang and Yang 2020, arXiv:2002.00212).
class EventEncoder {
 public:
  using Source = Song;
  using Options = EventOptions;

  static constexpr std::string_view kType = "event";

  enum class Kind : std::uint8_t { end_of_bar, metre, position, key, hold, duration, velocity, tempo };

  /// What a token says. value is an index for metre, key, velocity and tempo, and timesteps for position and
  /// duration.
  struct Event {
    Kind kind = Kind::end_of_bar;
    int value = 0;

    friend bool operator==(const Event&, const Event&) = default;
  };

  struct State {
    int bar_steps;       // of the bar
    int position = 0;    // in the bar
    int key = kNumKeys;  // the last at this position, or kNumKeys
    int held = 0;        // timesteps of the holds since the key
    int duration = 0;    // 0 where there was none
    int velocity = -1;   // -1 where there was none
    int tempo = -1;      // -1 where there was none
    int metre = kCommon;
    Kind last = Kind::end_of_bar;
  };

  static constexpr int kNumMetres = 3 + 6 + 12 + 24;
  static constexpr int kNumVelocities = 32;
  static constexpr int kNumTempos = 49;

  /// Throws Error where steps_per_quarter is out of its range.
  explicit EventEncoder(Options options = {}) : options_(options) {
    const Grid checked(1, options.steps_per_quarter);
    const int G = options.steps_per_quarter;
    const int sizes[] = {1,
                         kNumMetres,
                         6 * G - 1,
                         kNumKeys,
                         1,
                         4 * G,
                         options.velocities ? kNumVelocities : 0,
                         options.tempos ? kNumTempos : 0};
    for (std::size_t i = 0; i < std::size(sizes); ++i) first_[i + 1] = first_[i] + sizes[i];
  }

  const Options& options() const noexcept { return options_; }
  int vocab_size() const noexcept { return first_.back(); }
  int steps_per_quarter() const noexcept { return options_.steps_per_quarter; }

  /// The longest duration that one token says, and what a hold adds.
  int longest() const noexcept { return 4 * options_.steps_per_quarter; }

  /// token must be below vocab_size().
  Event event(Token token) const noexcept {
    std::size_t kind = first_.size() - 2;
    while (first_[kind] > token) --kind;
    const int value = token - first_[kind];
    return {static_cast<Kind>(kind), value + first_value(static_cast<Kind>(kind))};
  }

  Token token(Event event) const noexcept {
    return static_cast<Token>(first_[static_cast<std::size_t>(event.kind)] + event.value -
                              first_value(event.kind));
  }

  /// {numerator, denominator} of a metre token's value.
  static constexpr std::pair<int, int> metre(int index) noexcept {
    int denominator = 2;
    for (int most = 3; index >= most; most = metres_of(denominator)) {
      index -= most;
      denominator *= 2;
    }
    return {index + 1, denominator};
  }

  /// How many timesteps the music moves on by this token.
  int steps(const State& state, Token token) const noexcept {
    const Event e = event(token);
    if (e.kind == Kind::end_of_bar) return state.bar_steps - state.position;
    return e.kind == Kind::position ? e.value - state.position : 0;
  }

  Token start_token() const noexcept { return 0; }
  State start() const noexcept { return {.bar_steps = 4 * options_.steps_per_quarter}; }

  State advance(State state, Token token) const noexcept {
    const Event e = event(token);
    switch (e.kind) {
      case Kind::end_of_bar:
        state.position = 0;
        state.key = kNumKeys;
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
    }
    state.last = e.kind;
    return state;
  }

  bool allowed(const State& state, Token token) const noexcept {
    if (token >= vocab_size()) return false;
    const Event e = event(token);
    const Kind last = state.last;
    const bool after_key = last == Kind::key || last == Kind::hold;
    const bool has_duration = last == Kind::duration || (last == Kind::key && state.duration > 0);
    // Whether the note, if one stands last, has all that it needs.
    const bool is_complete = (last != Kind::key && last != Kind::hold && last != Kind::duration) ||
                             (has_duration && (!options_.velocities || state.velocity >= 0));
    switch (e.kind) {
      case Kind::end_of_bar:
        return is_complete && last != Kind::position;
      case Kind::metre:
        return last == Kind::end_of_bar && e.value != state.metre && bar_steps(e.value) > 0;
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
        return (last == Kind::end_of_bar || last == Kind::metre || last == Kind::position) &&
               e.value != state.tempo;
    }
    return false;
  }

  /// True at the beginning of a bar.
  bool at_boundary(const State& state) const noexcept { return state.last == Kind::end_of_bar; }

  /// The song's bars, as many as its length takes (rounded up) and all of the last note, at least one. A note
  /// begins and ends at the timesteps nearest to its own, halves up. Notes outside the piano's keys, and
  /// those that round to no timestep at all, are left out: screen() says beforehand whether a song has any.
  ///
  /// Throws Error where the song takes more than kMaxTimesteps, or its ticks_per_quarter is out of Grid's
  /// range.
  std::vector<Token> encode(const Song& song) const {
    const Grid grid(song.ticks_per_quarter, options_.steps_per_quarter);
    const std::vector<Onset> onsets = onsets_of(song, grid);
    std::int64_t steps = grid.up(std::max<std::int64_t>(song.length, 1));
    for (const Onset& onset : onsets) steps = std::max(steps, onset.end);
    if (steps > kMaxTimesteps)
      throw Error("the song takes " + std::to_string(steps) + " timesteps, more than the " +
                  std::to_string(kMaxTimesteps) + " that can be encoded");

    std::vector<Token> tokens;
    State state = start();
    const auto put = [&](Kind kind, int value = 0) {
      tokens.push_back(token({kind, value}));
      state = advance(state, tokens.back());
    };
    auto onset = onsets.begin();
    auto change = song.time_signatures.begin();
    const std::vector<TempoChange> tempos = tempos_of(song, grid);
    auto tempo = tempos.begin();
    for (std::int64_t bar = 0; bar < steps;) {
      int metre = state.metre;
      for (; change != song.time_signatures.end() && grid.nearest(change->tick) <= bar; ++change)
        metre = metre_index(*change);
      if (metre != state.metre) put(Kind::metre, metre);
      const std::int64_t end = bar + state.bar_steps;
      for (;;) {
        const std::int64_t next =
            std::min(onset != onsets.end() ? onset->start : end, tempo != tempos.end() ? tempo->step : end);
        if (next >= end) break;
        if (next > bar + state.position) put(Kind::position, static_cast<int>(next - bar));
        if (tempo != tempos.end() && tempo->step == next) put(Kind::tempo, (tempo++)->degree);
        for (; onset != onsets.end() && onset->start == next; ++onset) {
          put(Kind::key, onset->key);
          if (auto left = static_cast<int>(onset->end - onset->start); left != state.duration) {
            for (; left > longest(); left -= longest()) put(Kind::hold);
            put(Kind::duration, left);
          }
          if (options_.velocities && onset->velocity != state.velocity) put(Kind::velocity, onset->velocity);
        }
      }
      put(Kind::end_of_bar);
      bar = end;
    }
    return tokens;
  }

  /// The song that the tokens spell, ticks_per_quarter a multiple of steps_per_quarter near 480. A last bar
  /// that is not ended counts; a last note that lacks its duration or velocity doesn't. No note sounds beyond
  /// the last bar.
  ///
  /// bpm  quarter notes per minute before the tokens' first tempo, 4 to 60,000,000
  /// Throws Error at the first token that is outside the vocabulary or may not stand where it does, and on a
  /// tempo that a MIDI file can't hold.
  Song decode(std::span<const Token> tokens, double bpm = 120) const {
    Song song = song_on_grid(options_.steps_per_quarter, bpm);
    const std::int64_t ticks = song.ticks_per_quarter / options_.steps_per_quarter;  // of a timestep
    song.time_signatures.push_back({});

    std::array<std::ptrdiff_t, kNumKeys> sounding;  // the last note of each key
    sounding.fill(-1);
    std::int64_t bar = 0;  // the timestep at which it begins
    State state = start();
    const auto add_note = [&] {
      const std::int64_t start = bar + state.position;
      std::ptrdiff_t& last = sounding[static_cast<std::size_t>(state.key)];
      if (last >= 0) {
        Note& earlier = song.notes[static_cast<std::size_t>(last)];
        earlier.end = std::min(earlier.end, start * ticks);
      }
      last = static_cast<std::ptrdiff_t>(song.notes.size());
      song.notes.push_back({.start = start * ticks,
                            .end = (start + state.duration) * ticks,
                            .pitch = kLowestKey + state.key,
                            .velocity = options_.velocities ? 4 * state.velocity + 2 : 80});
    };
    // A note is known once what follows it is no part of it.
    const auto ends_note = [&](const State& before, Kind next) {
      if (next == Kind::hold || next == Kind::duration || next == Kind::velocity) return false;
      return before.last == Kind::key || before.last == Kind::duration || before.last == Kind::velocity;
    };
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] >= vocab_size())
        throw Error("token " + std::to_string(tokens[i]) + " at position " + std::to_string(i) +
                    " is outside the vocabulary of " + std::to_string(vocab_size()));
      const Event e = event(tokens[i]);
      if (!allowed(state, tokens[i]))
        throw Error(kind_name(e.kind) + " (token " + std::to_string(tokens[i]) + ") at position " +
                    std::to_string(i) + " can't stand there, " +
                    (i == 0 ? "at the beginning" : "behind " + kind_name(state.last)));
      if (ends_note(state, e.kind)) add_note();
      if (e.kind == Kind::end_of_bar) bar += state.bar_steps;
      if (e.kind == Kind::metre) {
        const auto [numerator, denominator] = metre(e.value);
        if (bar == 0) song.time_signatures.clear();
        song.time_signatures.push_back(
            {.tick = bar * ticks, .numerator = numerator, .denominator = denominator});
      }
      if (e.kind == Kind::tempo) {
        if (bar + state.position == 0) song.tempos.clear();
        song.tempos.push_back({.tick = (bar + state.position) * ticks,
                               .microseconds_per_quarter = std::llround(60e6 / tempo_bpm(e.value))});
      }
      state = advance(state, tokens[i]);
    }
    if (ends_note(state, Kind::end_of_bar) && allowed(state, 0)) add_note();
    if (!at_boundary(state)) bar += state.bar_steps;
    song.length = bar * ticks;
    for (Note& note : song.notes) note.end = std::min(note.end, song.length);
    sort_notes(song.notes);
    return song;
  }

  friend bool operator==(const EventEncoder& a, const EventEncoder& b) { return a.options_ == b.options_; }

 private:
  static constexpr int kCommon = 3 + 3;  // 4/4

  struct Onset {
    std::int64_t start, end;  // timesteps
    int key, velocity;        // index and degree
  };

  struct TempoChange {
    std::int64_t step;
    int degree;
  };

  static constexpr int metres_of(int denominator) noexcept {
    return denominator == 2 ? 3 : 3 * denominator / 2;
  }

  static int metre_index_of(int numerator, int denominator) noexcept {
    int first = 0;
    for (int d = 2; d <= 16; first += metres_of(d), d *= 2)
      if (d == denominator && 1 <= numerator && numerator <= metres_of(d)) return first + numerator - 1;
    return kCommon;
  }

  /// Timesteps of a bar, or 0 where they are no whole number.
  int bar_steps(int metre_index) const noexcept {
    const auto [numerator, denominator] = metre(metre_index);
    const int steps = 4 * numerator * options_.steps_per_quarter;
    return steps % denominator == 0 ? steps / denominator : 0;
  }

  int metre_index(const TimeSignature& change) const noexcept {
    const int index = metre_index_of(change.numerator, change.denominator);
    return bar_steps(index) > 0 ? index : kCommon;
  }

  static constexpr int first_value(Kind kind) noexcept {
    return kind == Kind::position || kind == Kind::duration ? 1 : 0;
  }

  static double tempo_bpm(int degree) { return 20 * std::exp2(degree / 12.0); }

  static int tempo_degree(double bpm) {
    return static_cast<int>(std::clamp(std::round(12 * std::log2(bpm / 20)), 0.0, kNumTempos - 1.0));
  }

  static std::string kind_name(Kind kind) {
    constexpr const char* kNames[] = {"an end of bar", "a metre",    "a position", "a key",
                                      "a hold",        "a duration", "a velocity", "a tempo"};
    return kNames[static_cast<std::size_t>(kind)];
  }

  /// By start, the highest first; no two of a key begin together or overlap.
  static std::vector<Onset> onsets_of(const Song& song, const Grid& grid) {
    std::vector<Onset> onsets;
    onsets.reserve(song.notes.size());
    for (const Note& note : song.notes) {
      const Onset onset{grid.nearest(note.start), grid.nearest(note.end), note.pitch - kLowestKey,
                        (std::clamp(note.velocity, 1, 127) - 1) / 4};
      if (on_piano(note.pitch) && onset.end > onset.start) onsets.push_back(onset);
    }
    std::sort(onsets.begin(), onsets.end(), [](const Onset& a, const Onset& b) {
      return std::tuple(a.start, -a.key, -a.end) < std::tuple(b.start, -b.key, -b.end);
    });
    std::array<Onset*, kNumKeys> sounding{};
    std::size_t kept = 0;
    for (const Onset onset : onsets) {
      Onset*& last = sounding[static_cast<std::size_t>(onset.key)];
      if (last != nullptr && last->start == onset.start) {
        last->velocity = std::max(last->velocity, onset.velocity);
        continue;
      }
      if (last != nullptr) last->end = std::min(last->end, onset.start);
      onsets[kept] = onset;
      last = &onsets[kept++];
    }
    onsets.resize(kept);
    return onsets;
  }

  /// By step, each of another degree than the one before; none where they are left out.
  std::vector<TempoChange> tempos_of(const Song& song, const Grid& grid) const {
    std::vector<TempoChange> changes;
    if (!options_.tempos) return changes;
    changes.push_back({0, tempo_degree(120)});
    for (const Tempo& tempo : song.tempos) {
      const TempoChange change{grid.nearest(tempo.tick), tempo_degree(tempo.bpm())};
      if (change.step == changes.back().step) changes.pop_back();
      if (changes.empty() || changes.back().degree != change.degree) changes.push_back(change);
    }
    return changes;
  }

  Options options_;
  std::array<int, 9> first_{};  // the first token of each kind, and the vocabulary's size
};

static_assert(MusicEncoder<EventEncoder>);

}  // namespace gruve
