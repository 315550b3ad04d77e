#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "gruve/core/mapped_file.hpp"
#include "gruve/midi/midi_file.hpp"
#include "gruve/midi/midi_parser.hpp"

namespace gruve {

/// Reads the bytes of a Standard MIDI File of format 0, 1 or 2 into one Song.
///
/// Notes      Within a track, channel and pitch, a note-off (or a note-on of velocity 0) ends the note that
///            has sounded longest: first in, first out. A note that still sounds at the end of its track ends
///            there. A note-off with nothing to end is ignored.
/// Times      Ticks, counted from 0 in each track; so the patterns of a format 2 file lie on top of each
///            other. Tempos and time signatures of all tracks are one map each. song.length is the latest end
///            of a track.
/// SMPTE      A division in frames per second becomes one "quarter note" a second: ticks_per_quarter is
///            frames per second times ticks per frame, with a single tempo of 1 s (29 frames: 30 in 1.001 s),
///            and tempo events do not count.
/// Skipped    All other channel, meta and system exclusive events; unknown chunks; what a header has beyond 6
///            bytes.
/// Accepted   though not in the standard, and listed as repairs: a track with no end-of-track event; bytes
///            after the end-of-track event; bytes after the last chunk; more tracks than the header promises,
///            which are read; notes that are never ended. Any number of tracks in format 0 is accepted, too.
/// Refused    All else, with an Error that names the byte: a header that is none, fewer tracks than promised,
///            a chunk or event that runs past its end, a data byte above 127 or with no status byte before it
///            (meta and system exclusive events end a running status), a status byte that has no meaning in a
///            file, a variable-length quantity longer than 4 bytes, a tempo or time signature of a wrong
///            length or with a zero in it, a denominator above 2^8.
///
/// With options.repair less is refused, and each of these is listed with its byte:
///
/// Header     It may stand behind other bytes, as in a RIFF (RMID) file. A length that is wrong counts as 6
///            where a track follows; a format above 2 counts as 1.
/// Chunks     Fewer tracks than promised; what is no chunk between two tracks is skipped. A track longer or
///            shorter than its length ends where its end-of-track event stands, or the next track begins.
/// Events     A data byte above 127: a note with such a key is left out, such a velocity is 127. A running
///            status goes on over meta and system exclusive events. Status bytes 0xF1 to 0xFE, as in a live
///            stream, are skipped with the data bytes that they have there. A tempo or time signature that is
///            none is left out.
/// The rest   Where an event makes no sense, or the file ends in it, the rest of its track is left out. Notes
///            that sound there end at the tick of the last whole event, which leaves those no length that
///            begin with it.
///
/// What has no "MThd", no 14 bytes of header, or a division that gives no time is refused all the same.
///
/// file       stands in the Errors
/// Time is linear in the bytes but for sorting the notes; memory at most some 32 times the bytes, whatever
/// they claim. Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0", RP-001, 1996.
inline MidiFile parse_midi(std::span<const std::byte> bytes, const std::string& file,
                           const MidiOptions& options = {}) {
  return internal::MidiParser(bytes, file, options).parse();
}

/// As parse_midi, from a file. Throws Error where it is missing or can't be read, too.
inline MidiFile read_midi(const std::filesystem::path& path, const MidiOptions& options = {}) {
  const MappedFile file(path);
  return parse_midi(file.bytes(), file.path(), options);
}

}  // namespace gruve
