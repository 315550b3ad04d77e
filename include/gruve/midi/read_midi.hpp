#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/midi/midi_file.hpp"

namespace gruve::inline v0_2 {

/// Reads the bytes of a Standard MIDI File into one Song.
///
/// Notes      Within a track, channel and pitch, a note-off (or a note-on of velocity 0) ends the note that
///            has sounded longest: first in, first out. A note-off with nothing to end is ignored. All notes
///            off (controller 123, and 124 to 127, which include it) and all sound off (120) end the
///            channel's notes in the track; 120 and 121 also lift its sustain pedal.
/// Times      Ticks, counted from 0 in each track. Tempos and time signatures of all tracks are merged into
///            one map each. song.length is the latest end of a track.
/// SMPTE      A division in frames per second becomes one "quarter note" per second: ticks_per_quarter is
///            frames per second times ticks per frame, with a single tempo of 1 s (29 frames: 30 in 1.001 s),
///            and tempo events are ignored.
/// Skipped    All other channel, meta and system exclusive events; unknown chunks; header bytes after the
///            first 6.
/// Containers The MIDI file in a RIFF file of type RMID (.rmi) or in a MacBinary file is read, and what the
///            container has besides is skipped. Neither is a repair.
///
/// Accepted with a repair in the list, whatever the options: a track without an end-of-track event; bytes
/// after it, which are read if they are events to the end of the chunk, otherwise skipped; bytes after the
/// last chunk; more tracks than the header says, which are read; notes that are never ended. These end with
/// their track, after 16 quarter notes at the latest; one that begins as the track ends lasts a quarter note.
/// Any number of tracks in format 0 is accepted, too.
///
/// With options.repair, which is the default, each of these is listed with its byte as well:
///
/// Header     It may follow other bytes. A wrong length is read as 6 if a track follows there; a format above
///            2 is read as 1.
/// Chunks     Fewer tracks than the header says are accepted; bytes between tracks that are not a chunk are
///            skipped. A track longer or shorter than its length ends at its end-of-track event, or where the
///            next track begins.
/// Events     A note with a key above 127 is dropped; a velocity above 127 becomes 127. A running status
///            continues across meta and system exclusive events. Status bytes 0xF1 to 0xFE are skipped with
///            the data bytes that they have in a live stream. A malformed tempo or time signature is dropped.
/// The rest   If an event cannot be parsed, or the file ends in it, the rest of its track is dropped, and the
///            notes that sound there are never ended.
///
/// Without it these are refused, with an Error that names the byte: a missing or short header, fewer tracks
/// than the header says, a chunk or event that runs past its end, a data byte above 127 or without a status
/// byte before it (meta and system exclusive events end a running status), a status byte that has no meaning
/// in a file, a variable-length quantity longer than 4 bytes, a tempo or time signature of a wrong length or
/// with a zero in it, a denominator above 2^8.
///
/// Always refused: a file without "MThd", with what it is instead where that is known; one with fewer than 14
/// bytes of header; one with a division that defines no time; one of format 2 with several tracks, which are
/// pieces of their own.
///
/// file       the name that Errors begin with
///
/// Time is linear in the bytes, except for sorting the notes; memory is at most about 32 times the bytes,
/// whatever they claim. Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0", RP-001, 1996.
GRUVE_ONCE MidiFile parse_midi(std::span<const std::byte> bytes, const std::string& file,
                               const MidiOptions& options = {});

/// Reads a MIDI file, as parse_midi does. Also throws Error if the file is missing or cannot be read.
GRUVE_ONCE MidiFile read_midi(const std::filesystem::path& path, const MidiOptions& options = {});

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/midi/read_midi.inc"
#endif
