#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "gruve/core/mapped_file.hpp"
#include "gruve/midi/midi_file.hpp"
#include "gruve/midi/midi_parser.hpp"

namespace gruve::inline v0_1 {

/// Reads the bytes of a Standard MIDI File of format 0, 1 or 2 into one Song.
///
/// Notes      Within a track, channel and pitch, a note-off (or a note-on of velocity 0) ends the note that
///            has sounded longest: first in, first out. A note that still sounds at the end of its track ends
///            there. A note-off with nothing to end is ignored.
/// Times      Ticks, counted from 0 in each track; so the patterns of a format 2 file are overlaid. Tempos
///            and time signatures of all tracks are merged into one map each. song.length is the latest end
///            of a track.
/// SMPTE      A division in frames per second becomes one "quarter note" per second: ticks_per_quarter is
///            frames per second times ticks per frame, with a single tempo of 1 s (29 frames: 30 in 1.001 s),
///            and tempo events are ignored.
/// Skipped    All other channel, meta and system exclusive events; unknown chunks; header bytes after the
///            first 6.
/// Accepted   though not in the standard, and listed as repairs: a track without an end-of-track event; bytes
///            after the end-of-track event; bytes after the last chunk; more tracks than the header says,
///            which are read; notes that are never ended. Any number of tracks in format 0 is accepted, too.
/// Refused    Everything else, with an Error that names the byte: a missing or short header, fewer tracks
///            than the header says, a chunk or event that runs past its end, a data byte above 127 or without
///            a status byte before it (meta and system exclusive events end a running status), a status byte
///            that has no meaning in a file, a variable-length quantity longer than 4 bytes, a tempo or time
///            signature of a wrong length or with a zero in it, a denominator above 2^8.
///
/// With options.repair less is refused, and each of these is listed with its byte:
///
/// Header     It may follow other bytes, as in a RIFF (RMID) file. A wrong length is read as 6 if a track
///            follows there; a format above 2 is read as 1.
/// Chunks     Fewer tracks than the header says are accepted; bytes between tracks that are not a chunk are
///            skipped. A track longer or shorter than its length ends at its end-of-track event, or where the
///            next track begins.
/// Events     A note with a key above 127 is dropped; a velocity above 127 becomes 127. A running status
///            continues across meta and system exclusive events. Status bytes 0xF1 to 0xFE are skipped with
///            the data bytes that they have in a live stream. A malformed tempo or time signature is dropped.
/// The rest   If an event cannot be parsed, or the file ends in it, the rest of its track is dropped. Notes
///            that sound there end at the tick of the last complete event; notes that begin with it get no
///            length.
///
/// A file without "MThd", with fewer than 14 bytes of header, or with a division that defines no time is
/// refused in either mode.
///
/// file       the name that Errors begin with
///
/// Time is linear in the bytes, except for sorting the notes; memory is at most about 32 times the bytes,
/// whatever they claim. Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0", RP-001, 1996.
inline MidiFile parse_midi(std::span<const std::byte> bytes, const std::string& file,
                           const MidiOptions& options = {}) {
  return internal::MidiParser(bytes, file, options).parse();
}

/// Reads a MIDI file, as parse_midi does. Also throws Error if the file is missing or cannot be read.
inline MidiFile read_midi(const std::filesystem::path& path, const MidiOptions& options = {}) {
  const MappedFile file(path);
  return parse_midi(file.bytes(), file.path(), options);
}

}  // namespace gruve::inline v0_1
