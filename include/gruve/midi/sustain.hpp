#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// Lengthens the notes whose keys are released while the pedal of their channel is down: until the pedal is
/// lifted, the key is struck again or the song ends; 16 quarter notes where the pedal is never lifted.
/// O(notes · log moves).
///
/// The song's pedal is empty then; its notes are in the order of sort_notes, before and after.
inline void apply_sustain(Song& song) {
  constexpr std::int64_t kNever = (std::numeric_limits<std::int64_t>::max)();
  for (int channel = 0; channel < 16; ++channel) {
    std::vector<std::pair<std::int64_t, bool>> changes;  // down and up alternately, down first
    for (const PedalMove& move : song.pedal) {
      const bool is_down = !changes.empty() && changes.back().second;
      if (move.channel == channel && move.down != is_down) changes.emplace_back(move.tick, move.down);
    }
    if (changes.empty()) continue;
    std::array<std::int64_t, 128> next_onset;
    next_onset.fill(kNever);
    for (std::size_t i = song.notes.size(); i-- > 0;) {
      Note& note = song.notes[i];
      if (note.channel != channel) continue;
      // A move at the very tick at which the key is released takes effect.
      const auto after = std::upper_bound(changes.begin(), changes.end(), std::pair(note.end, true));
      if (after != changes.begin() && std::prev(after)->second) {
        const std::int64_t lifted = after != changes.end()
                                        ? after->first
                                        : (std::min)(song.length, note.end + 16 * song.ticks_per_quarter);
        const std::int64_t struck = next_onset[static_cast<std::size_t>(note.pitch)];
        note.end = (std::max)(note.end, (std::min)(lifted, struck));
      }
      next_onset[static_cast<std::size_t>(note.pitch)] = note.start;
    }
  }
  song.pedal.clear();
  sort_notes(song.notes);
}

}  // namespace gruve::inline v0_2
