#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/midi/music.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/bar_repeats.hpp"
#include "gruve/tokens/event_features.hpp"
#include "gruve/tokens/event_grammar.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

/// The event format, the compact one: music as its notes, bar after bar, ordered by onset.
///
///   kind         tokens   meaning, with G timesteps per quarter note
///   end of bar   1        a bar ends and the next begins
///   metre        45       from this bar on: 1/2 to 3/2, 1/4 to 6/4, 1/8 to 12/8, 1/16 to 24/16
///   position     6 G - 1  timesteps from the bar's beginning to what follows
///   key          88       a note of A0 to C8 begins; at one position from the highest to the lowest
///   hold         1        the note lasts four quarters plus the duration that follows
///   duration     4 G      the note lasts 1 to 4 G timesteps
///   velocity     32       if options ask for it: level v is 4 v + 1 to 4 v + 4
///   tempo        49       if options ask for it: level t is 20 · 2^(t / 12) quarter notes per minute
///   repeat       65       if options ask for the form: the bars from here on are like those that many bars
///                         back, 1 to 64; 0 if they are like none
///   left         8        likewise: the song ends after 1 to 8 bars, this one included
///   channel      16       if options ask for channels: the notes from here on are played on it
///   program      128      likewise: the channel plays with that sound of General MIDI, a piano at first
///   pedal        2        if options ask for it: the sustain pedal is lifted, pressed
///   onset        M        with microtiming in M parts of a timestep: a note begins so many parts after its
///                         position, −M/2 to M/2 − 1
///   release      M        likewise: it ends so many parts after its duration
///
/// All but end of bar, position, key, hold and left stay in force until they change, and have a token only
/// where they change; duration, velocity, onset and release follow the key of the first note that has them.
/// Duration, velocity, program and pedal are of a channel. A song begins in 4/4, with the pedal lifted.
///
/// At a position the tokens are, where there are any: tempo; then, channel by channel, ascending: its pedal,
/// which may be lifted and pressed again, its program, its notes.
///
/// With EventOptions::form a bar begins with the number of bars that are left, if it is the eighth from the
/// end or the first of a shorter song, then with its repeat, if that changes (see bar_repeats()). So where a
/// part returns, and where a piece ends, is a token like others: learnt, drawn, or given (Outline).
/// decode() ignores these tokens.
///
/// A song on the grid is decoded as it was, except for what the format does not represent: channels, programs
/// and the pedal, if the options omit them; without channels, whose pedal it is: it is down while that of any
/// channel but the drums' is; with microtiming, notes that begin and end at one timestep, which end half a
/// timestep after it at the earliest; its length, which becomes whole bars; metres that are not in the table
/// or whose bars are not a whole number of timesteps, which become 4/4; a change of metre within a bar, which
/// takes effect at the next; velocities and tempos, which are decoded as the middle of their level, or as 80
/// and one tempo if the options omit them. A key of a channel that is struck while it sounds ends the note
/// that sounded; of two notes of one key that begin at one timestep, the longer duration and the greater
/// velocity are used.
///
/// The grammar allows what encode() can produce and nothing malformed; decode() refuses everything else.
///
/// Source: bar, position, pitch and duration are those of REMI (Huang and Yang 2020, arXiv:2002.00212);
/// tokens for instruments between the notes of one stream those of REMI+ (von Rütte et al. 2023,
/// arXiv:2201.10936).
class EventEncoder : public EventGrammar {
 public:
  using Source = Song;                 // what it encodes
  using FeatureState = EventFeatures;  // the class of its features

  static constexpr std::string_view kType = "event";  // in files

  using EventGrammar::EventGrammar;

  /// The indices of the metres that a bar of a metre is written in: one, or several where the vocabulary does
  /// not have it.
  std::vector<int> metre_tokens(const TimeSignature& metre) const {
    Song bar{.ticks_per_quarter = 16 * std::int64_t{options().steps_per_quarter}, .time_signatures = {metre}};
    bar.time_signatures.front().tick = 0;
    const std::int64_t end = Bars(bar).at(0).end;
    return bar_metres(bar, Grid(bar.ticks_per_quarter, options().steps_per_quarter),
                      std::max<std::int64_t>(1, end / 16));
  }

  /// The song's bars: as many as its length (rounded up) and its last note need, at least one. A note begins
  /// and ends at the timesteps nearest to its own start and end, halves rounded up, and lasts at least one
  /// timestep. Of several notes that sound on one key at once, each ends as the next begins, and that one
  /// sounds on to the latest of their ends. Notes outside the piano's keys are dropped; screen() moves them
  /// into it. With microtiming notes begin and end at the nearest parts of a timestep instead.
  ///
  /// A bar whose length no metre of the vocabulary has (13/8, or one that a change of metre cuts short) is
  /// written as several: 7/8 and 6/8.
  ///
  /// Throws Error if the song needs more than kMaxTimesteps, or its ticks_per_quarter is out of Grid's range.
  /// Time is that of sorting the notes.
  std::vector<Token> encode(const Song& song) const {
    const Grid grid(song.ticks_per_quarter, options().steps_per_quarter);
    const std::vector<Onset> onsets = onsets_of(song, grid);
    std::int64_t steps = grid.up(std::max<std::int64_t>(song.length, 1));
    for (const Onset& onset : onsets) steps = (std::max)(steps, onset.end + (onset.release > 0 ? 1 : 0));
    if (steps > kMaxTimesteps)
      internal::raise(Error("the song takes " + std::to_string(steps) + " timesteps, more than the " +
                            std::to_string(kMaxTimesteps) + " that can be encoded"));

    std::vector<Token> tokens;
    State state = start();
    const auto put = [&](Kind kind, int value = 0) {
      tokens.push_back(token({kind, value}));
      state = advance(state, tokens.back());
    };
    auto onset = onsets.begin();
    const std::vector<TempoChange> tempos = tempos_of(song, grid);
    auto tempo = tempos.begin();
    const std::vector<PedalLevel> pedals = pedals_of(song, grid);
    auto pedal = pedals.begin();
    const Programs programs(song, grid, options().channels);
    const std::vector<int> metres = bar_metres(song, grid, steps);
    const std::vector<int> lags = options().form ? lags_of(metres, onsets) : std::vector<int>();
    auto metre = metres.begin();
    for (std::int64_t bar = 0; bar < steps;) {
      if (options().form) {
        const std::size_t number = static_cast<std::size_t>(metre - metres.begin());
        const std::size_t most = (std::min)(metres.size(), std::size_t{kMostLeft});
        if (number + most == metres.size()) put(Kind::left, static_cast<int>(most));
        if (lags[number] != state.lag) put(Kind::repeat, lags[number]);
      }
      if (*metre != state.metre) put(Kind::metre, *metre);
      ++metre;
      const std::int64_t end = bar + state.bar_steps;
      for (;;) {
        const std::int64_t next =
            (std::min)({onset != onsets.end() ? onset->start : end, tempo != tempos.end() ? tempo->step : end,
                        pedal != pedals.end() ? pedal->step : end});
        if (next >= end) break;
        if (next > bar + state.position) put(Kind::position, static_cast<int>(next - bar));
        if (tempo != tempos.end() && tempo->step == next) put(Kind::tempo, (tempo++)->level);
        for (;;) {
          const bool has_pedal = pedal != pedals.end() && pedal->step == next;
          const bool has_onset = onset != onsets.end() && onset->start == next;
          if (!has_pedal && !has_onset) break;
          const int channel = (std::min)(has_pedal ? pedal->channel : kNumChannels,
                                         has_onset ? onset->channel : kNumChannels);
          if (channel != state.channel) put(Kind::channel, channel);
          for (; pedal != pedals.end() && pedal->step == next && pedal->channel == channel; ++pedal)
            put(Kind::pedal, pedal->is_down ? 1 : 0);
          if (!has_onset || onset->channel != channel) continue;
          if (const int program = programs.at(*onset); program != state.program) put(Kind::program, program);
          for (; onset != onsets.end() && onset->start == next && onset->channel == channel; ++onset) {
            put(Kind::key, onset->key);
            if (auto left = static_cast<int>(onset->end - onset->start); left != state.duration) {
              for (; left > longest(); left -= longest()) put(Kind::hold);
              put(Kind::duration, left);
            }
            if (options().velocities && onset->velocity != state.velocity)
              put(Kind::velocity, onset->velocity);
            if (onset->onset != state.onset) put(Kind::onset, onset->onset);
            if (onset->release != state.release) put(Kind::release, onset->release);
          }
        }
      }
      put(Kind::end_of_bar);
      bar = end;
    }
    return tokens;
  }

  /// The song that the tokens encode, ticks_per_quarter a multiple of that of the timesteps' parts near 480.
  /// A last bar that is not ended is included; a last note without its duration or velocity is not. No note
  /// sounds after the last bar.
  ///
  /// bpm  quarter notes per minute before the tokens' first tempo, 4 to 60,000,000
  ///
  /// Throws Error at the first token that is outside the vocabulary or not allowed after those before it, and
  /// on a tempo that a MIDI file cannot hold.
  Song decode(std::span<const Token> tokens, double bpm = 120) const {
    Song song = song_on_grid(options().steps_per_quarter * options().microtiming, bpm);
    const std::int64_t ticks = song.ticks_per_quarter / options().steps_per_quarter;  // of a timestep
    const std::int64_t part = ticks / options().microtiming;
    song.time_signatures.push_back({});

    // The last note of each key of each channel.
    std::vector<std::ptrdiff_t> sounding(std::size_t{kNumKeys} * (options().channels ? kNumChannels : 1), -1);
    std::int64_t bar = 0;  // the timestep at which it begins
    State state = start();
    const auto add_note = [&] {
      const std::int64_t step = bar + state.position;
      const std::int64_t start = step * ticks + state.onset * part;
      std::ptrdiff_t& last = sounding[static_cast<std::size_t>(kNumKeys * state.channel + state.key)];
      if (last >= 0) {
        Note& earlier = song.notes[static_cast<std::size_t>(last)];
        earlier.end = (std::min)(earlier.end, start);
      }
      last = static_cast<std::ptrdiff_t>(song.notes.size());
      song.notes.push_back({.start = start,
                            .end = (step + state.duration) * ticks + state.release * part,
                            .pitch = kLowestKey + state.key,
                            .velocity = options().velocities ? 4 * state.velocity + 2 : 80,
                            .channel = state.channel});
    };
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] >= vocab_size())
        internal::raise(Error("token " + std::to_string(tokens[i]) + " at position " + std::to_string(i) +
                              " is outside the vocabulary of " + std::to_string(vocab_size())));
      const Event e = event(tokens[i]);
      if (!allowed(state, tokens[i]))
        internal::raise(Error(kind_name(e.kind) + " (token " + std::to_string(tokens[i]) + ") at position " +
                              std::to_string(i) + " is not allowed " +
                              (i == 0 ? "at the beginning" : "after " + kind_name(state.last))));
      if (completes_note(state.last, e.kind)) add_note();
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
      // The notes of a position begin up to half a timestep before it.
      if (e.kind == Kind::program)
        song.programs.push_back({.tick = std::max<std::int64_t>(
                                     0, (bar + state.position) * ticks - options().microtiming / 2 * part),
                                 .channel = state.channel,
                                 .program = e.value});
      if (e.kind == Kind::pedal)
        song.pedal.push_back(
            {.tick = (bar + state.position) * ticks, .channel = state.channel, .down = e.value == 1});
      state = advance(state, tokens[i]);
    }
    if (completes_note(state.last, Kind::end_of_bar) && allowed(state, 0)) add_note();
    if (!at_boundary(state)) bar += state.bar_steps;
    song.length = bar * ticks;
    for (Note& note : song.notes) note.end = (std::min)(note.end, song.length);
    sort_notes(song.notes);
    return song;
  }

  /// The form that tokens of this encoder's grammar have: for each bar that is ended, how many bars back the
  /// one is that it is like, 0 for a new one.
  std::vector<int> form(std::span<const Token> tokens) const {
    std::vector<int> lags;
    State state = start();
    for (const Token token : tokens) {
      if (token == start_token()) lags.push_back(state.lag);
      state = advance(state, token);
    }
    return lags;
  }

  friend bool operator==(const EventEncoder& a, const EventEncoder& b) { return a.options() == b.options(); }

 private:
  struct Onset {
    std::int64_t start = 0, end = 0;   // timesteps
    int key = 0, velocity = 0;         // index and level
    int channel = 0;                   // of the note
    int onset = 0, release = 0;        // parts of a timestep, from start and end
    std::int64_t first = 0, last = 0;  // parts of a timestep, of start and end
  };

  struct PedalLevel {
    std::int64_t step;
    int channel;
    bool is_down;
  };

  struct TempoChange {
    std::int64_t step;
    int level;
  };

  /// The programs of a song's channels, from timesteps on.
  class Programs {
   public:
    Programs(const Song& song, const Grid& grid, bool used) {
      if (!used) return;
      for (const ProgramChange& change : song.programs)
        changes_[static_cast<std::size_t>(change.channel)].emplace_back(grid.nearest(change.tick),
                                                                        change.program);
    }
    /// The program that a note is played with. O(log changes).
    int at(const Onset& onset) const noexcept {
      const auto& changes = changes_[static_cast<std::size_t>(onset.channel)];
      const auto after =
          std::upper_bound(changes.begin(), changes.end(), onset.start,
                           [](std::int64_t start, const auto& change) { return start < change.first; });
      return after == changes.begin() ? 0 : (after - 1)->second;
    }

   private:
    std::array<std::vector<std::pair<std::int64_t, int>>, kNumChannels> changes_ = {};
  };

  /// The index of a metre for each bar of the song up to a number of timesteps. Bar lines are moved to the
  /// nearest sixteenth, or to what the grid has instead. A bar whose length no metre has becomes several.
  std::vector<int> bar_metres(const Song& song, const Grid& grid, std::int64_t steps) const {
    const int unit_denominator = 4 * std::gcd(options().steps_per_quarter, 4);
    const std::int64_t whole_note = std::int64_t{4} * options().steps_per_quarter;  // timesteps
    const std::int64_t unit = whole_note / unit_denominator;
    std::vector<int> metres;
    const Bars bars(song);
    std::int64_t at = 0;
    TimeSignature whole;  // the last metre that the vocabulary has for all of a bar
    int index = kCommon;  // of it
    for (Bar bar = bars.at(0); at < steps; bar = bars.at(bar.end)) {
      const std::int64_t end = (grid.nearest(bar.end) + unit / 2) / unit * unit;
      if (end <= at) continue;  // shorter than the unit
      const std::int64_t length = end - at;
      at = end;
      const auto [numerator, denominator] = std::pair(bar.metre.numerator, bar.metre.denominator);
      if (numerator != whole.numerator || denominator != whole.denominator)
        if (const auto found = metre_index_of(numerator, denominator)) {
          whole = bar.metre;
          index = *found;
        }
      if (numerator == whole.numerator && denominator == whole.denominator && bar_steps(index) == length) {
        metres.push_back(index);
        continue;
      }
      // In equal parts of the metre's own unit, where there are such.
      const auto has_unit = [&](int d) { return length * d % whole_note == 0; };
      const int d = 2 <= denominator && denominator <= 16 && has_unit(denominator) ? denominator
                    : has_unit(4)                                                  ? 4
                                                                                   : unit_denominator;
      const auto n = static_cast<int>(length * d / whole_note);
      const int least = (n + metres_of(d) - 1) / metres_of(d);
      int parts = least;
      while (parts < 2 * least && n % parts != 0) ++parts;
      if (n % parts != 0) parts = least;
      for (int i = 0; i < parts; ++i)
        metres.push_back(*metre_index_of(n / parts + (i < n % parts ? 1 : 0), d));
    }
    return metres;
  }

  /// For each bar of these metres, how far back the one is that it is like.
  std::vector<int> lags_of(const std::vector<int>& metres, const std::vector<Onset>& onsets) const {
    std::vector<BarOnsets> bars;
    bars.reserve(metres.size());
    auto onset = onsets.begin();
    std::int64_t begin = 0;
    for (const int metre : metres) {
      BarOnsets& bar = bars.emplace_back();
      bar.steps = bar_steps(metre);
      for (; onset != onsets.end() && onset->start < begin + bar.steps; ++onset)
        bar.notes.push_back(static_cast<std::uint32_t>(
            ((onset->start - begin) * kNumChannels + onset->channel) * 128 + onset->key));
      std::sort(bar.notes.begin(), bar.notes.end());
      begin += bar.steps;
    }
    return bar_repeats(bars, kFarthest);
  }

  static std::string kind_name(Kind kind) {
    constexpr const char* kNames[] = {"an end of bar", "a metre",          "a position", "a key",
                                      "a hold",        "a duration",       "a velocity", "a tempo",
                                      "a repeat",      "a number of bars", "a channel",  "a program",
                                      "a pedal",       "an onset",         "a release"};
    return kNames[static_cast<std::size_t>(kind)];
  }

  /// Ordered by start, then by channel, then from the highest key; no two of one key of a channel begin
  /// together or overlap.
  std::vector<Onset> onsets_of(const Song& song, const Grid& grid) const {
    const int parts = options().microtiming;
    const Grid fine(song.ticks_per_quarter, options().steps_per_quarter * parts);
    std::vector<Onset> onsets;
    onsets.reserve(song.notes.size());
    for (const Note& note : song.notes) {
      if (!on_piano(note.pitch)) continue;
      Onset onset{.start = grid.nearest(note.start),
                  .key = note.pitch - kLowestKey,
                  .velocity = (std::clamp(note.velocity, 1, 127) - 1) / 4,
                  .channel = options().channels ? note.channel : 0};
      if (parts > 1) {
        onset.first = fine.nearest(note.start);
        onset.start = (onset.first + parts / 2) / parts;
        onset.last = fine.nearest(note.end);
      } else {
        onset.first = onset.start;
        onset.last = grid.nearest(note.end);
      }
      onsets.push_back(onset);
    }
    std::sort(onsets.begin(), onsets.end(), [](const Onset& a, const Onset& b) {
      return std::tuple(a.start, a.channel, -a.key, -a.last, a.first) <
             std::tuple(b.start, b.channel, -b.key, -b.last, b.first);
    });
    std::vector<Onset*> sounding(std::size_t{kNumKeys} * (options().channels ? kNumChannels : 1));
    std::size_t kept = 0;
    for (Onset onset : onsets) {
      Onset*& last = sounding[static_cast<std::size_t>(kNumKeys * onset.channel + onset.key)];
      if (last != nullptr && last->start == onset.start) {
        last->velocity = (std::max)(last->velocity, onset.velocity);
        continue;
      }
      onset.last = (std::max)(onset.last, onset.first + 1);
      if (last != nullptr && last->last > onset.first)
        onset.last = (std::max)(onset.last, std::exchange(last->last, onset.first));
      onsets[kept] = onset;
      last = &onsets[kept++];
    }
    onsets.resize(kept);
    for (Onset& onset : onsets) {
      onset.end = (std::max)((onset.last + parts / 2) / parts, onset.start + 1);
      onset.onset = static_cast<int>(onset.first - onset.start * parts);
      onset.release = static_cast<int>(std::max<std::int64_t>(onset.last - onset.end * parts, -(parts / 2)));
    }
    return onsets;
  }

  /// By step, each of another level than the one before; empty if the options omit tempos.
  std::vector<TempoChange> tempos_of(const Song& song, const Grid& grid) const {
    std::vector<TempoChange> changes;
    if (!options().tempos) return changes;
    changes.push_back({0, tempo_level(120)});
    for (const Tempo& tempo : song.tempos) {
      const TempoChange change{grid.nearest(tempo.tick), tempo_level(tempo.bpm())};
      if (change.step == changes.back().step) changes.pop_back();
      if (changes.empty() || changes.back().level != change.level) changes.push_back(change);
    }
    return changes;
  }

  /// Where the pedal is pressed and where it is lifted, by step and channel; empty if the options omit it. At
  /// one timestep it is at most lifted and pressed again.
  std::vector<PedalLevel> pedals_of(const Song& song, const Grid& grid) const {
    std::vector<PedalLevel> levels;
    if (!options().pedal) return levels;
    std::bitset<kNumChannels> channels;  // with notes
    for (const Note& note : song.notes) channels.set(static_cast<std::size_t>(note.channel));
    const auto add = [&](int channel, const std::bitset<kNumChannels>& taken) {
      std::bitset<kNumChannels> down;
      for (auto move = song.pedal.begin(); move != song.pedal.end();) {
        const std::int64_t step = grid.nearest(move->tick);
        const bool was_down = down.any();
        bool is_lifted = false;
        for (; move != song.pedal.end() && grid.nearest(move->tick) == step; ++move) {
          const auto at = static_cast<std::size_t>(move->channel);
          down.set(at, move->down && taken[at]);
          is_lifted = is_lifted || down.none();
        }
        if (was_down && is_lifted) levels.push_back({step, channel, false});
        if (down.any() && (!was_down || is_lifted)) levels.push_back({step, channel, true});
      }
    };
    if (options().channels) {
      for (std::size_t channel = 0; channel < channels.size(); ++channel)
        if (channels[channel]) add(static_cast<int>(channel), std::bitset<kNumChannels>().set(channel));
      std::stable_sort(levels.begin(), levels.end(), [](const PedalLevel& a, const PedalLevel& b) {
        return std::tuple(a.step, a.channel) < std::tuple(b.step, b.channel);
      });
    } else {
      add(0, channels.reset(static_cast<std::size_t>(kDrumChannel)));
    }
    return levels;
  }
};

static_assert(MusicEncoder<EventEncoder>);

}  // namespace gruve::inline v0_1
