#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/event_features.hpp"
#include "gruve/tokens/event_grammar.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

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
  std::vector<int> metre_tokens(const TimeSignature& metre) const;

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
  std::vector<Token> encode(const Song& song) const;

  /// The song that the tokens encode, ticks_per_quarter a multiple of that of the timesteps' parts near 480.
  /// A last bar that is not ended is included; a last note without its duration or velocity is not. No note
  /// sounds after the last bar.
  ///
  /// bpm  quarter notes per minute before the tokens' first tempo, 4 to 60,000,000
  ///
  /// Throws Error at the first token that is outside the vocabulary or not allowed after those before it, and
  /// on a tempo that a MIDI file cannot hold.
  Song decode(std::span<const Token> tokens, double bpm = 120) const;

  /// The form that tokens of this encoder's grammar have: for each bar that is ended, how many bars back the
  /// one is that it is like, 0 for a new one.
  std::vector<int> form(std::span<const Token> tokens) const;

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
  class Programs;

  /// The index of a metre for each bar of the song up to a number of timesteps. Bar lines are moved to the
  /// nearest sixteenth, or to what the grid has instead. A bar whose length no metre has becomes several.
  std::vector<int> bar_metres(const Song& song, const Grid& grid, std::int64_t steps) const;

  /// For each bar of these metres, how far back the one is that it is like.
  std::vector<int> lags_of(const std::vector<int>& metres, const std::vector<Onset>& onsets) const;

  static std::string kind_name(Kind kind);

  /// Ordered by start, then by channel, then from the highest key; no two of one key of a channel begin
  /// together or overlap.
  std::vector<Onset> onsets_of(const Song& song, const Grid& grid) const;

  /// By step, each of another level than the one before; empty if the options omit tempos.
  std::vector<TempoChange> tempos_of(const Song& song, const Grid& grid) const;

  /// Where the pedal is pressed and where it is lifted, by step and channel; empty if the options omit it. At
  /// one timestep it is at most lifted and pressed again.
  std::vector<PedalLevel> pedals_of(const Song& song, const Grid& grid) const;
};

static_assert(MusicEncoder<EventEncoder>);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/tokens/event_encoder.inc"
#endif
