#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// A song as the bytes of a Standard MIDI File: format 0, all channels in one track, which ends at
/// song.length or, if that is later, at the last event. Equal songs give equal bytes.
///
/// parse_midi returns the same song (its notes in the order of sort_notes), with one exception that a track
/// cannot express: if two notes of one channel and pitch overlap and the later one ends first, their ends are
/// exchanged. Which pitches sound when stays the same.
///
/// At one tick the metre and tempo come first, then programs and pedal, then the ends of notes, then notes of
/// no length, then the beginnings. Throws Error if a MIDI file cannot hold a value: ticks_per_quarter outside
/// 1 to 32767, a negative time or an end before its start, a gap of 2^28 ticks or more, a pitch, velocity,
/// channel, tempo or metre outside its range.
GRUVE_ONCE std::vector<std::byte> midi_bytes(const Song& song);

/// Writes the song as a MIDI file, complete or not at all. Throws Error as midi_bytes and AtomicFile do.
GRUVE_ONCE void write_midi(const Song& song, const std::filesystem::path& path);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/midi/write_midi.inc"
#endif
