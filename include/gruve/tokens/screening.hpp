#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"

namespace gruve::inline v0_1 {

/// The rules by which a song is accepted or refused. rule_name() has their sentences.
enum class Rule : std::uint8_t {
  accepted,
  not_readable,
  no_notes,
  out_of_range,
  too_short,
  too_long,
  off_grid
};

inline constexpr int kNumRules = 7;  // of Rule

/// The rule's name for people, such as "note too short for the grid".
constexpr std::string_view rule_name(Rule rule) noexcept {
  constexpr std::string_view kNames[kNumRules] = {"accepted",
                                                  "not readable",
                                                  "no notes",
                                                  "note outside the piano's 88 keys",
                                                  "note too short for the grid",
                                                  "too long",
                                                  "notes off the grid"};
  return kNames[static_cast<int>(rule)];
}

/// Which songs are accepted, and which notes are changed before. Without a drop or fold, one offending note
/// refuses the song.
struct ScreeningOptions {
  int steps_per_quarter = 24;           // the grid on which notes must be long enough
  bool drop_out_of_range = false;       // drop notes for which the piano has no key
  bool fold_octaves = false;            // move them by octaves to the nearest key of the piano
  bool drop_too_short = false;          // drop notes that begin and end at the same timestep
  bool drop_drums = false;              // drop the drum channel
  std::int64_t max_quarters = 20'000;   // the longest song, in quarter notes; kMaxTimesteps bounds it as well
  double max_quantisation_error = 0.5;  // the largest quantisation_error(); 0.5 accepts any
};

/// The verdict on a song.
struct Screening {
  Rule rule = Rule::accepted;  // that refuses it, or accepted
  std::string detail;          // one sentence about the first offence; empty if accepted
  std::optional<Note> note;    // the offending note, if a note offends

  /// Whether no rule refuses the song.
  bool accepted() const noexcept { return rule == Rule::accepted; }
};

namespace internal {

inline bool is_dropped(const Note& note, bool is_too_short, const ScreeningOptions& options) noexcept {
  return (options.drop_drums && note.channel == kDrumChannel) ||
         (options.drop_out_of_range && !options.fold_octaves && !on_piano(note.pitch)) ||
         (options.drop_too_short && is_too_short);
}

// The nearest key of the piano at a distance of whole octaves.
inline int folded(int pitch) noexcept {
  while (pitch < kLowestKey) pitch += 12;
  while (pitch > kHighestKey) pitch -= 12;
  return pitch;
}

}  // namespace internal

/// The song with the notes dropped and folded that the options say. Its length stays. Throws Error as Grid
/// does.
inline Song screened(Song song, const ScreeningOptions& options) {
  const Grid grid(song.ticks_per_quarter, options.steps_per_quarter);
  std::erase_if(song.notes, [&](const Note& note) {
    const bool is_too_short = options.drop_too_short && grid.is_too_short(note.start, note.end);
    return internal::is_dropped(note, is_too_short, options);
  });
  if (options.fold_octaves) {
    for (Note& note : song.notes) note.pitch = internal::folded(note.pitch);
    sort_notes(song.notes);
  }
  return song;
}

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

/// Whether screened(song, options) can be encoded without losing more than its encoder documents, and if not,
/// why. Linear in the notes. Throws Error as Grid does.
inline Screening screen(const Song& song, const ScreeningOptions& options = {}) {
  const Grid grid(song.ticks_per_quarter, options.steps_per_quarter);
  std::int64_t end = song.length;
  for (const Note& note : song.notes) end = std::max(end, note.end);
  const std::int64_t limit = std::min(options.max_quarters, kMaxTimesteps / options.steps_per_quarter);
  if (end / song.ticks_per_quarter >= limit)
    return {Rule::too_long,
            "the song ends at tick " + std::to_string(end) + ", " +
                std::to_string(end / song.ticks_per_quarter) +
                " quarter notes from its beginning, expected fewer than " + std::to_string(limit),
            std::nullopt};

  bool is_empty = true;
  for (const Note& note : song.notes) {
    const bool is_too_short = grid.is_too_short(note.start, note.end);
    const bool is_drum = options.drop_drums && note.channel == kDrumChannel;
    if (!is_too_short && on_piano(note.pitch) && !is_drum) {  // as for most notes
      is_empty = false;
      continue;
    }
    if (internal::is_dropped(note, is_too_short, options)) continue;
    is_empty = false;
    if (!on_piano(options.fold_octaves ? internal::folded(note.pitch) : note.pitch))
      return {Rule::out_of_range,
              "note " + std::to_string(note.pitch) + " at tick " + std::to_string(note.start) +
                  (note.pitch < kLowestKey ? " is below A0" : " is above C8"),
              note};
    if (is_too_short)
      return {Rule::too_short,
              "note " + std::to_string(note.pitch) + " from tick " + std::to_string(note.start) +
                  " to tick " + std::to_string(note.end) +
                  " is too short for the grid: it begins and ends at timestep " +
                  std::to_string(grid.nearest(note.start)),
              note};
  }
  if (is_empty)
    return {Rule::no_notes,
            song.notes.empty() ? "the song holds no notes" : "all of the song's notes are dropped",
            std::nullopt};
  if (options.max_quantisation_error < 0.5) {
    const double error = quantisation_error(song, options.steps_per_quarter);
    if (error > options.max_quantisation_error)
      return {Rule::off_grid,
              "the mean distance of onsets from the grid is " + std::to_string(error) +
                  " timesteps, expected at most " + std::to_string(options.max_quantisation_error),
              std::nullopt};
  }
  return {};
}

}  // namespace gruve::inline v0_1
