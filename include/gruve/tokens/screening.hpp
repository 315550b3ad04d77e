#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"

namespace gruve {

/// What decides about a song, by name.
enum class Rule : std::uint8_t { accepted, not_readable, no_notes, out_of_range, too_short, too_long };

inline constexpr int kNumRules = 6;

constexpr std::string_view rule_name(Rule rule) noexcept {
  constexpr std::string_view kNames[kNumRules] = {"accepted",
                                                  "not readable",
                                                  "no notes",
                                                  "note outside the piano's 88 keys",
                                                  "note too short for the grid",
                                                  "too long"};
  return kNames[static_cast<int>(rule)];
}

/// What a song must be, and what is done to make it so. Without a drop or fold one offending note refuses the
/// song.
struct ScreeningOptions {
  int steps_per_quarter = 24;          // the grid that notes must be long enough for
  bool drop_out_of_range = false;      // leave out notes that the piano has no key for
  bool fold_octaves = false;           // move them by octaves to the nearest key that it has
  bool drop_too_short = false;         // leave out notes that begin and end at the same timestep
  bool drop_drums = false;             // leave out the drum channel
  std::int64_t max_quarters = 20'000;  // the longest song, in quarter notes; kMaxTimesteps bounds it as well
};

/// The verdict on a song.
struct Screening {
  Rule rule = Rule::accepted;
  std::string detail;        // one sentence about the first offence; empty where accepted
  std::optional<Note> note;  // that offends, where it is a note that does

  bool accepted() const noexcept { return rule == Rule::accepted; }
};

/// The song with the options' drops and folds done. Its length stays.
inline Song screened(Song song, const ScreeningOptions& options) {
  const Grid grid(song.ticks_per_quarter, options.steps_per_quarter);
  std::erase_if(song.notes, [&](const Note& note) {
    return (options.drop_drums && note.channel == kDrumChannel) ||
           (options.drop_out_of_range && !options.fold_octaves && !on_piano(note.pitch)) ||
           (options.drop_too_short && grid.nearest(note.start) >= grid.nearest(note.end));
  });
  if (options.fold_octaves) {
    for (Note& note : song.notes) {
      while (note.pitch < kLowestKey) note.pitch += 12;
      while (note.pitch > kHighestKey) note.pitch -= 12;
    }
    sort_notes(song.notes);
  }
  return song;
}

/// Says whether screened(song, options) can be encoded with nothing lost but what its encoder says, and if
/// not, why. Throws Error only where Grid does.
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

  const Song kept = screened(song, options);
  if (kept.notes.empty())
    return {Rule::no_notes,
            song.notes.empty() ? "the song holds no notes" : "the song holds no notes but dropped ones",
            std::nullopt};
  for (const Note& note : kept.notes) {
    if (!on_piano(note.pitch))
      return {Rule::out_of_range,
              "note " + std::to_string(note.pitch) + " at tick " + std::to_string(note.start) +
                  (note.pitch < kLowestKey ? " lies below A0" : " lies above C8"),
              note};
    if (grid.nearest(note.start) >= grid.nearest(note.end))
      return {Rule::too_short,
              "note " + std::to_string(note.pitch) + " from tick " + std::to_string(note.start) +
                  " to tick " + std::to_string(note.end) +
                  " is too short for the grid: it begins and ends at timestep " +
                  std::to_string(grid.nearest(note.start)),
              note};
  }
  return {};
}

}  // namespace gruve
