#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/midi/song.hpp"

namespace gruve {

/// What a Standard MIDI File says: its header and its music.
struct MidiFile {
  int format = 0;    // 0 one track, 1 tracks played together, 2 independent patterns
  int division = 0;  // the header's 16-bit word as it stands; from 0x8000 on it is an SMPTE frame rate
  Song song;
};

namespace internal {

/// One pass over the bytes of a Standard MIDI File; what it accepts is written at parse_midi.
class MidiParser {
 public:
  MidiParser(std::span<const std::byte> bytes, const std::string& file)
      : bytes_(reinterpret_cast<const std::uint8_t*>(bytes.data())), size_(bytes.size()), file_(file) {
    sounding_.fill({kNone, kNone});
  }

  MidiFile parse() {
    std::size_t at = read_header();
    while (size_ - at >= 8) {
      const bool is_track = has_name(at, "MTrk");
      const std::size_t length = big_endian(at + 4, 4);
      const std::size_t content = at + 8;
      if (length > size_ - content) {
        if (!is_track && found_tracks_ >= promised_tracks_) break;  // not a chunk: bytes after the last one
        fail(content, (is_track ? "track length " : "chunk length ") + std::to_string(length) +
                          " runs past the end of the file (" + std::to_string(size_ - content) +
                          " bytes remain)");
      }
      if (is_track) read_track(content, content + length);
      at = content + length;
    }
    if (found_tracks_ < promised_tracks_) {
      fail(at, "the file ends after " + std::to_string(found_tracks_) + " of the " +
                   std::to_string(promised_tracks_) + " tracks that its header promises");
    }
    Song& song = result_.song;
    const auto by_tick = [](const auto& a, const auto& b) { return a.tick < b.tick; };
    std::stable_sort(song.tempos.begin(), song.tempos.end(), by_tick);
    std::stable_sort(song.time_signatures.begin(), song.time_signatures.end(), by_tick);
    sort_notes(song.notes);
    return std::move(result_);
  }

 private:
  // Where the reader stands in a track. Local to read_track, so that it lives in registers.
  struct Track {
    std::size_t at;
    std::size_t end;
    std::size_t event;      // where the present event begins, its delta time included
    std::int64_t tick = 0;  // below 2^58: a track has less than 2^32 bytes, and 2^28 ticks take five of them
  };

  // The notes of one key that sound, oldest first: a list through their unused ends (see note_on).
  struct Sounding {
    std::int64_t first;
    std::int64_t last;
  };

  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  /// Returns where the first chunk after the header begins.
  std::size_t read_header() {
    if (size_ >= 4 && !has_name(0, "MThd"))
      fail(0, "found " + quoted(0) + ", expected \"MThd\": not a MIDI file");
    if (size_ < 14) fail(0, "the file has " + std::to_string(size_) + " bytes, a MIDI header takes 14");
    const std::size_t length = big_endian(4, 4);
    if (length < 6) fail(4, "header length " + std::to_string(length) + ", expected at least 6");
    if (length > size_ - 8) {
      fail(8, "header length " + std::to_string(length) + " runs past the end of the file (" +
                  std::to_string(size_ - 8) + " bytes remain)");
    }
    result_.format = static_cast<int>(big_endian(8, 2));
    if (result_.format > 2) fail(8, "format " + std::to_string(result_.format) + ", expected 0, 1 or 2");
    promised_tracks_ = big_endian(10, 2);
    result_.division = static_cast<int>(big_endian(12, 2));
    read_division();
    return 8 + length;
  }

  void read_division() {
    Song& song = result_.song;
    if (result_.division == 0) fail(12, "division of 0 ticks per quarter note, expected 1 to 32767");
    if (result_.division < 0x8000) {
      song.ticks_per_quarter = result_.division;
      return;
    }
    const int frames_per_second = 256 - (result_.division >> 8);  // the upper byte is negative
    const int ticks_per_frame = result_.division & 0xFF;
    const bool drops_frames = frames_per_second == 29;  // 30000 / 1001 = 29.97 frames a second
    if (frames_per_second != 24 && frames_per_second != 25 && frames_per_second != 30 && !drops_frames) {
      fail(12, "SMPTE division of " + std::to_string(frames_per_second) +
                   " frames per second, expected 24, 25, 29 or 30");
    }
    if (ticks_per_frame == 0) fail(13, "SMPTE division of 0 ticks per frame, expected 1 to 255");
    is_smpte_ = true;
    song.ticks_per_quarter = (drops_frames ? 30 : frames_per_second) * ticks_per_frame;
    song.tempos.push_back({.tick = 0, .microseconds_per_quarter = drops_frames ? 1'001'000 : 1'000'000});
  }

  void read_track(std::size_t begin, std::size_t end) {
    ++found_tracks_;
    const std::size_t first_note = result_.song.notes.size();
    Track track{.at = begin, .end = end, .event = begin};
    int running_status = 0;  // 0 where there is none
    bool ended = false;
    while (!ended && track.at < track.end) {
      track.event = track.at;
      track.tick += variable_length(track);
      int status = next(track);
      if (status >= 0xF0) {
        running_status = 0;
        ended = read_system_event(track, status);
        continue;
      }
      if (status < 0x80) {
        if (running_status == 0) {
          fail(track.at - 1,
               "data byte " + hex(status) + " where a status byte is needed, with no running status");
        }
        status = running_status;
        --track.at;
      }
      running_status = status;
      const int kind = status & 0xF0;
      const int channel = status & 0x0F;
      const int data = data_byte(track);
      if (kind == 0xC0 || kind == 0xD0)
        continue;  // program change, channel pressure: the only ones of one byte
      const int second = data_byte(track);
      if (kind == 0x90 && second > 0) {
        note_on({.start = track.tick, .pitch = data, .velocity = second, .channel = channel});
      } else if (kind == 0x80 || kind == 0x90) {
        note_off(track.tick, channel, data);
      }
    }
    end_notes(first_note, track.tick);
    result_.song.length = std::max(result_.song.length, track.tick);
  }

  /// Meta and system exclusive events. Returns whether it was the end of the track.
  bool read_system_event(Track& track, int status) {
    if (status != 0xFF && status != 0xF0 && status != 0xF7) {
      fail(track.at - 1, "status byte " + hex(status) + " has no meaning in a MIDI file");
    }
    const int type = status == 0xFF ? next(track) : -1;
    const std::size_t length = variable_length(track);
    if (length > track.end - track.at) {
      fail(track.event, (status == 0xFF ? "meta event " + hex(type) : "system exclusive event") +
                            " of length " + std::to_string(length) + " runs past the end of its track (" +
                            std::to_string(track.end - track.at) + " bytes remain)");
    }
    if (type == 0x51) read_tempo(track, length);
    if (type == 0x58) read_time_signature(track, length);
    track.at += length;
    return type == 0x2F;
  }

  void read_tempo(const Track& track, std::size_t length) {
    if (length != 3) fail(track.event, "tempo of length " + std::to_string(length) + ", expected 3");
    const auto microseconds = static_cast<std::int64_t>(big_endian(track.at, 3));
    if (microseconds == 0) fail(track.at, "tempo of 0 microseconds per quarter note, expected at least 1");
    if (!is_smpte_) result_.song.tempos.push_back({track.tick, microseconds});
  }

  void read_time_signature(const Track& track, std::size_t length) {
    if (length != 4) fail(track.event, "time signature of length " + std::to_string(length) + ", expected 4");
    const int numerator = bytes_[track.at];
    const int power = bytes_[track.at + 1];
    if (numerator == 0) fail(track.at, "time signature with numerator 0, expected 1 to 255");
    if (power > 8) {
      fail(track.at + 1,
           "time signature with denominator 2^" + std::to_string(power) + ", expected 2^0 to 2^8");
    }
    result_.song.time_signatures.push_back({track.tick, numerator, 1 << power});
  }

  // While a note sounds, its end holds the bitwise complement of the index of the next note of its key that
  // sounds, which is negative. So each note-on and note-off takes constant time and no memory beside the
  // notes.
  void note_on(Note note) {
    auto& notes = result_.song.notes;
    Sounding& sounding = sounding_of(note.channel, note.pitch);
    const auto index = static_cast<std::int64_t>(notes.size());
    if (sounding.first == kNone) {
      sounding.first = index;
    } else {
      notes[static_cast<std::size_t>(sounding.last)].end = ~index;
    }
    sounding.last = index;
    note.end = ~kNone;
    notes.push_back(note);
  }

  void note_off(std::int64_t tick, int channel, int pitch) {
    Sounding& sounding = sounding_of(channel, pitch);
    if (sounding.first == kNone) return;
    Note& note = result_.song.notes[static_cast<std::size_t>(sounding.first)];
    sounding.first = ~note.end;
    note.end = tick;
  }

  /// Ends at `tick` what still sounds of the notes from index `first` on.
  void end_notes(std::size_t first, std::int64_t tick) {
    auto& notes = result_.song.notes;
    for (std::size_t i = first; i < notes.size(); ++i) {
      if (notes[i].end >= 0) continue;
      notes[i].end = tick;
      sounding_of(notes[i].channel, notes[i].pitch).first = kNone;
    }
  }

  Sounding& sounding_of(int channel, int pitch) {
    return sounding_[static_cast<std::size_t>(channel * 128 + pitch)];
  }

  std::uint8_t next(Track& track) const {
    if (track.at == track.end) fail(track.event, "event runs past the end of its track");
    return bytes_[track.at++];
  }

  int data_byte(Track& track) const {
    const int byte = next(track);
    if (byte > 127) fail(track.at - 1, "data byte " + hex(byte) + ", expected 0x00 to 0x7F");
    return byte;
  }

  std::uint32_t variable_length(Track& track) const {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const std::uint8_t byte = next(track);
      value = value << 7 | (byte & 0x7Fu);
      if (byte < 0x80) return value;
    }
    fail(track.at - 4, "variable-length quantity is longer than 4 bytes");
  }

  std::size_t big_endian(std::size_t at, std::size_t count) const {
    std::size_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes_[at + i];
    return value;
  }

  bool has_name(std::size_t at, const char* name) const { return std::equal(name, name + 4, bytes_ + at); }

  /// The four bytes at `at` as text where they are printable, else as numbers.
  std::string quoted(std::size_t at) const {
    std::string text;
    std::string numbers = "bytes";
    for (std::size_t i = at; i < at + 4; ++i) {
      if (bytes_[i] >= 0x20 && bytes_[i] < 0x7F) text += static_cast<char>(bytes_[i]);
      numbers += " " + hex(bytes_[i]);
    }
    return text.size() == 4 ? "\"" + text + "\"" : numbers;
  }

  static std::string hex(int byte) {
    const char* digits = "0123456789ABCDEF";
    return {'0', 'x', digits[byte >> 4], digits[byte & 15]};
  }

  [[noreturn]] void fail(std::size_t byte, const std::string& reason) const {
    throw Error(file_, byte, reason);
  }

  const std::uint8_t* bytes_;
  std::size_t size_;
  const std::string& file_;
  std::size_t promised_tracks_ = 0;
  std::size_t found_tracks_ = 0;
  bool is_smpte_ = false;
  std::array<Sounding, 16 * 128> sounding_;
  MidiFile result_;
};

}  // namespace internal

/// Reads the bytes of a Standard MIDI File of format 0, 1 or 2 into one Song.
///
/// Notes      Within a track, channel and pitch, a note-off (or a note-on of velocity 0) ends the note that
/// has sounded
///            longest: first in, first out. A note that still sounds at the end of its track ends there. A
///            note-off with nothing to end is ignored.
/// Times      Ticks, counted from 0 in each track; so the patterns of a format 2 file lie on top of each
/// other.
///            Tempos and time signatures of all tracks are one map each. song.length is the latest end of a
///            track.
/// SMPTE      A division in frames per second becomes one "quarter note" a second: ticks_per_quarter is
/// frames per
///            second times ticks per frame, with a single tempo of 1 s (29 frames: 30 in 1.001 s), and tempo
///            events do not count.
/// Skipped    All other channel, meta and system exclusive events; unknown chunks; what a header has beyond 6
/// bytes. Accepted   though not in the standard: a track with no end-of-track event; bytes after the
/// end-of-track event; bytes
///            after the last chunk; more tracks than the header promises, which are read; any number in
///            format 0.
/// Refused    All else, with an Error that names the byte: a header that is none, fewer tracks than promised,
/// a chunk or
///            event that runs past its end, a data byte above 127 or with no status byte before it (meta and
///            system exclusive events end a running status), a status byte that has no meaning in a file, a
///            variable-length quantity longer than 4 bytes, a tempo or time signature of a wrong length or
///            with a zero in it, a denominator above 2^8.
///
/// file       stands in the Errors
/// Time is linear in the bytes but for sorting the notes; memory at most some 32 times the bytes, whatever
/// they claim. Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0", RP-001, 1996.
inline MidiFile parse_midi(std::span<const std::byte> bytes, const std::string& file) {
  return internal::MidiParser(bytes, file).parse();
}

/// As parse_midi, from a file. Throws Error where it is missing or can't be read, too.
inline MidiFile read_midi(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_midi(file.bytes(), file.path());
}

}  // namespace gruve
