#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/midi/music.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"

namespace gruve::inline v0_2 {

/// The rules by which a song is accepted or refused. rule_name() has their sentences.
enum class Rule : std::uint8_t { accepted, not_readable, no_notes, too_long, off_grid };

inline constexpr int kNumRules = 5;  // of Rule

/// The rule's name for people, such as "notes off the grid".
constexpr std::string_view rule_name(Rule rule) noexcept {
  constexpr std::string_view kNames[kNumRules] = {"accepted", "not readable", "no notes", "too long",
                                                  "notes off the grid"};
  return kNames[static_cast<int>(rule)];
}

/// Which songs are accepted, and how notes that the encoders have no token for are changed before.
struct ScreeningOptions {
  int steps_per_quarter = 24;          // the grid
  bool keep_drums = false;             // whether notes of the drum channel are kept, as keys of the piano or,
                                       // by an encoder with channels, as drums
  bool drop_out_of_range = false;      // drop notes for which the piano has no key; otherwise they are moved
                                       // by octaves to the nearest key
  bool drop_too_short = false;         // drop notes that begin and end at the same timestep; otherwise they
                                       // last one timestep
  std::int64_t max_quarters = 20'000;  // the longest music, in quarter notes; kMaxTimesteps bounds it as well
  double max_quantisation_error = 0.5;  // the largest quantisation_error(); 0.5 accepts any
};

/// How many notes of a song are changed for the encoder, by reason.
struct NoteChanges {
  std::uint64_t notes = 0;         // in the file
  std::uint64_t drums = 0;         // dropped, since channel 10 has no pitches
  std::uint64_t out_of_range = 0;  // outside the 88 keys: dropped, or moved by octaves
  std::uint64_t too_short = 0;     // for the grid: dropped, or one timestep long

  /// Adds the notes of other songs.
  NoteChanges& operator+=(const NoteChanges& other) noexcept {
    notes += other.notes;
    drums += other.drums;
    out_of_range += other.out_of_range;
    too_short += other.too_short;
    return *this;
  }
  friend bool operator==(const NoteChanges&, const NoteChanges&) = default;
};

/// A song as it is encoded, and the verdict on it.
struct Screening {
  Rule rule = Rule::accepted;  // that refuses it, or accepted
  std::string detail{};        // one sentence about the reason; empty if accepted
  Song song{};                 // its music, with the changes that the options say
  std::int64_t begin = 0;      // tick of the original song at which that music begins
  NoteChanges changes{};       // of its notes

  /// Whether no rule refuses the song.
  bool accepted() const noexcept { return rule == Rule::accepted; }
};

namespace internal {

// The nearest key of the piano at a distance of whole octaves.
inline int folded(int pitch) noexcept {
  while (pitch < kLowestKey) pitch += 12;
  while (pitch > kHighestKey) pitch -= 12;
  return pitch;
}

}  // namespace internal

/// The mean distance of onsets from the grid, in timesteps: 0 if all are on it, about 0.25 if they are
/// unrelated to it, as in a performance without a metronome. 0 for a song without notes. Throws Error as Grid
/// does.
inline double quantisation_error(const Song& song, int steps_per_quarter) {
  const Grid grid(song.ticks_per_quarter, steps_per_quarter);
  if (song.notes.empty()) return 0;
  double sum = 0;
  for (const Note& note : song.notes)
    sum += std::abs(static_cast<double>(note.start) * steps_per_quarter /
                        static_cast<double>(song.ticks_per_quarter) -
                    static_cast<double>(grid.nearest(note.start)));
  return sum / static_cast<double>(song.notes.size());
}

/// Whether a song's onsets are unrelated to its quarter notes, as where somebody played without a metronome:
/// their mean distance from the nearest 24th of a quarter note is above 0.2 of it (0 in a score, 0.25 by
/// chance). The bars of such a song mean nothing, whatever the grid.
inline bool is_performance(const Song& song) { return quantisation_error(song, 24) > 0.2; }

/// Makes of a song what is encoded: the drum channel is dropped, then its music is taken (see music_of()),
/// and notes outside the piano's keys and notes too short for the grid are changed as the options say. Then
/// it is accepted, or refused with the reason. Linear in the notes. Throws Error as Grid does.
inline Screening screen(Song song, const ScreeningOptions& options = {}) {
  const Grid grid(song.ticks_per_quarter, options.steps_per_quarter);
  Screening result;
  result.changes.notes = song.notes.size();
  const bool is_empty = song.notes.empty();
  result.changes.drums = options.keep_drums ? 0 : std::erase_if(song.notes, [](const Note& note) {
    return note.channel == kDrumChannel;
  });
  bool is_moved = false;
  std::erase_if(song.notes, [&](Note& note) {
    if (on_piano(note.pitch)) return false;  // as most notes
    ++result.changes.out_of_range;
    note.pitch = internal::folded(note.pitch);
    is_moved = true;
    return options.drop_out_of_range;
  });
  if (is_moved) sort_notes(song.notes);
  const auto take_music = [&](Song whole) {
    Music music = music_of(std::move(whole));
    result.song = std::move(music.song);
    result.begin += music.begin;
  };
  take_music(std::move(song));
  const auto is_too_short = [&](const Note& note) { return grid.is_too_short(note.start, note.end); };
  if (options.drop_too_short) {
    result.changes.too_short = std::erase_if(result.song.notes, is_too_short);
    if (result.changes.too_short > 0) take_music(std::move(result.song));
  } else {
    result.changes.too_short = static_cast<std::uint64_t>(
        std::count_if(result.song.notes.begin(), result.song.notes.end(), is_too_short));
  }

  const auto refuse = [&](Rule rule, std::string detail) {
    result.rule = rule;
    result.detail = std::move(detail);
  };
  const std::int64_t limit = (std::min)(options.max_quarters, kMaxTimesteps / options.steps_per_quarter);
  const std::int64_t quarters = result.song.length / result.song.ticks_per_quarter;
  if (result.song.notes.empty()) {
    refuse(Rule::no_notes, is_empty ? "the song holds no notes"
                           : result.changes.drums == result.changes.notes
                               ? "all of the song's notes are drums"
                               : "all of the song's notes are dropped");
  } else if (quarters >= limit) {
    refuse(Rule::too_long, "the music is " + std::to_string(quarters) +
                               " quarter notes long, expected fewer than " + std::to_string(limit));
  } else if (options.max_quantisation_error < 0.5) {
    const double error = quantisation_error(result.song, options.steps_per_quarter);
    if (error > options.max_quantisation_error)
      refuse(Rule::off_grid, "the mean distance of onsets from the grid is " + std::to_string(error) +
                                 " timesteps, expected at most " +
                                 std::to_string(options.max_quantisation_error));
  }
  return result;
}

}  // namespace gruve::inline v0_2
