#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "gruve/midi/song.hpp"

namespace gruve {

/// The sustain pedal (controller 64) of a channel is pressed or lifted.
struct PedalMove {
  std::int64_t tick = 0;
  int channel = 0;
  bool down = false;  // a value of 64 or more

  friend bool operator==(const PedalMove&, const PedalMove&) = default;
};

/// Lengthens the notes whose keys are let go while the pedal of their channel is down: to where it is lifted,
/// the key is struck again or the song ends.
///
/// moves  in order of time
inline void apply_sustain(Song& song, std::span<const PedalMove> moves) {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  for (int channel = 0; channel < 16; ++channel) {
    std::vector<std::pair<std::int64_t, bool>> changes;  // where it goes down or up, in turns, down first
    for (const PedalMove& move : moves) {
      const bool is_down = !changes.empty() && changes.back().second;
      if (move.channel == channel && move.down != is_down) changes.emplace_back(move.tick, move.down);
    }
    if (changes.empty()) continue;
    std::array<std::int64_t, 128> next_onset;
    next_onset.fill(kNever);
    for (std::size_t i = song.notes.size(); i-- > 0;) {
      Note& note = song.notes[i];
      if (note.channel != channel) continue;
      // What is done at the tick where the key is let go counts.
      const auto after = std::upper_bound(changes.begin(), changes.end(), std::pair(note.end, true));
      if (after != changes.begin() && std::prev(after)->second) {
        const std::int64_t lifted = after != changes.end() ? after->first : song.length;
        const std::int64_t struck = next_onset[static_cast<std::size_t>(note.pitch)];
        note.end = std::max(note.end, std::min(lifted, struck));
      }
      next_onset[static_cast<std::size_t>(note.pitch)] = note.start;
    }
  }
  sort_notes(song.notes);
}

}  // namespace gruve
