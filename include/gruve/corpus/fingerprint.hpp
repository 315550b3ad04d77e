#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gruve/core/hash.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_1 {

/// A hash that a song shares with its copies in other keys, at other tempos or on another grid: the
/// content_hash of the intervals from each note to the next, in the order of Song::notes. Empty for songs of
/// fewer than 16 notes, since different short songs would often share it. Allocates one byte per note.
inline std::optional<std::uint64_t> fingerprint(const Song& song) {
  if (song.notes.size() < 16) return std::nullopt;
  std::vector<std::int8_t> intervals;
  intervals.reserve(song.notes.size() - 1);
  for (std::size_t i = 1; i < song.notes.size(); ++i)
    intervals.push_back(static_cast<std::int8_t>(song.notes[i].pitch - song.notes[i - 1].pitch));
  return content_hash(std::as_bytes(std::span(intervals)));
}

}  // namespace gruve::inline v0_1
