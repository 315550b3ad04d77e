#pragma once

#include <algorithm>
#include <cstdint>

#include "gruve/midi/song.hpp"

namespace gruve::inline v0_1 {

// clang-format off
/// Replaces the beginning of a continued song with the primer's original notes: the encoder may have dropped
/// some of their detail (velocities, repeated keys). Allocates the notes of the result.
///
/// continued  decoded from the primer's tokens and those generated after them
/// primer     the song that the primer's tokens were encoded from, in its own ticks
/// cut        tick of `continued` at which the primer ends. Notes of the primer that begin later are dropped;
///            notes that sound at that tick end where `continued` ends them
// clang-format on
inline Song with_primer(Song continued, const Song& primer, std::int64_t cut) {
  const auto scaled = [&](std::int64_t tick) {
    return (tick * continued.ticks_per_quarter + primer.ticks_per_quarter / 2) / primer.ticks_per_quarter;
  };
  const auto held_until = [&](int pitch) {
    std::int64_t end = cut;
    for (const Note& note : continued.notes)
      if (note.pitch == pitch && note.start < cut) end = std::max(end, note.end);
    return end;
  };
  std::vector<Note> notes;
  for (Note note : primer.notes) {
    note.start = scaled(note.start);
    note.end = scaled(note.end);
    if (note.start >= cut) continue;
    if (note.end >= cut) note.end = held_until(note.pitch);
    notes.push_back(note);
  }
  for (const Note& note : continued.notes)
    if (note.start >= cut) notes.push_back(note);
  sort_notes(notes);
  continued.notes = std::move(notes);
  return continued;
}

}  // namespace gruve::inline v0_1
