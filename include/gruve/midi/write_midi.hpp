#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <tuple>
#include <vector>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_1 {

namespace internal {

/// An event of a track with its absolute tick. Events of one tick are ordered by rank.
struct MidiEvent {
  enum Rank : std::uint8_t { kMeta, kControl, kNoteOff, kZeroLengthNote, kNoteOn, kEndOfTrack };

  std::int64_t tick;
  Rank rank;
  std::uint8_t size = 0;
  std::array<std::uint8_t, 7> bytes{};

  MidiEvent(std::int64_t at, Rank order, std::initializer_list<std::int64_t> values) : tick(at), rank(order) {
    for (const std::int64_t value : values) bytes[size++] = static_cast<std::uint8_t>(value);
  }
};

inline void require_midi_range(const char* what, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return;
  throw Error(std::string(what) + " is " + std::to_string(value) + ", a MIDI file holds " +
              std::to_string(least) + " to " + std::to_string(most));
}

inline std::vector<MidiEvent> midi_events(const Song& song) {
  constexpr std::int64_t kLatest = std::int64_t{1} << 60;
  using enum MidiEvent::Rank;
  std::vector<MidiEvent> events;
  events.reserve(2 * song.notes.size() + song.tempos.size() + song.time_signatures.size() +
                 song.programs.size() + song.pedal.size() + 1);
  std::int64_t length = song.length;

  require_midi_range("song length", song.length, 0, kLatest);
  for (const TimeSignature& metre : song.time_signatures) {
    require_midi_range("time signature's tick", metre.tick, 0, kLatest);
    require_midi_range("time signature's numerator", metre.numerator, 1, 255);
    require_midi_range("time signature's denominator", metre.denominator, 1, 256);
    const auto denominator = static_cast<unsigned>(metre.denominator);
    if (!std::has_single_bit(denominator)) {
      throw Error("time signature's denominator is " + std::to_string(denominator) +
                  ", expected a power of two");
    }
    // The last two bytes are for metronomes: 24 MIDI clocks a click, 8 notated 32nd notes a quarter note.
    events.push_back(
        {metre.tick, kMeta, {0xFF, 0x58, 4, metre.numerator, std::countr_zero(denominator), 24, 8}});
    length = (std::max)(length, metre.tick);
  }
  for (const Tempo& tempo : song.tempos) {
    const std::int64_t microseconds = tempo.microseconds_per_quarter;
    require_midi_range("tempo's tick", tempo.tick, 0, kLatest);
    require_midi_range("tempo in microseconds per quarter note", microseconds, 1, 0xFFFFFF);
    events.push_back(
        {tempo.tick, kMeta, {0xFF, 0x51, 3, microseconds >> 16, microseconds >> 8, microseconds}});
    length = (std::max)(length, tempo.tick);
  }
  for (const ProgramChange& change : song.programs) {
    require_midi_range("program change's tick", change.tick, 0, kLatest);
    require_midi_range("program change's channel", change.channel, 0, 15);
    require_midi_range("program", change.program, 0, 127);
    events.push_back({change.tick, kControl, {0xC0 + change.channel, change.program}});
    length = (std::max)(length, change.tick);
  }
  for (const PedalMove& move : song.pedal) {
    require_midi_range("pedal's tick", move.tick, 0, kLatest);
    require_midi_range("pedal's channel", move.channel, 0, 15);
    events.push_back({move.tick, kControl, {0xB0 + move.channel, 64, move.down ? 127 : 0}});
    length = (std::max)(length, move.tick);
  }
  for (const Note& note : song.notes) {
    require_midi_range("note's start", note.start, 0, kLatest);
    require_midi_range("note's end", note.end, note.start, kLatest);
    require_midi_range("note's pitch", note.pitch, 0, 127);
    require_midi_range("note's velocity", note.velocity, 1, 127);
    require_midi_range("note's channel", note.channel, 0, 15);
    const bool takes_time = note.end > note.start;
    events.push_back({note.start,
                      takes_time ? kNoteOn : kZeroLengthNote,
                      {0x90 + note.channel, note.pitch, note.velocity}});
    events.push_back(
        {note.end, takes_time ? kNoteOff : kZeroLengthNote, {0x80 + note.channel, note.pitch, 64}});
    length = (std::max)(length, note.end);
  }
  events.push_back({length, kEndOfTrack, {0xFF, 0x2F, 0}});
  std::stable_sort(events.begin(), events.end(), [](const MidiEvent& a, const MidiEvent& b) {
    return std::tie(a.tick, a.rank) < std::tie(b.tick, b.rank);
  });
  return events;
}

}  // namespace internal

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
inline std::vector<std::byte> midi_bytes(const Song& song) {
  internal::require_midi_range("ticks per quarter note", song.ticks_per_quarter, 1, 0x7FFF);
  std::vector<std::byte> bytes;
  const auto put = [&](std::initializer_list<std::int64_t> values) {
    for (const std::int64_t value : values) bytes.push_back(static_cast<std::byte>(value & 0xFF));
  };
  put({'M', 'T', 'h', 'd', 0, 0, 0, 6, 0, 0, 0, 1, song.ticks_per_quarter >> 8, song.ticks_per_quarter});
  put({'M', 'T', 'r', 'k', 0, 0, 0, 0});  // the length is filled in last
  const std::size_t content = bytes.size();

  std::int64_t tick = 0;
  for (const internal::MidiEvent& event : internal::midi_events(song)) {
    const std::int64_t delta = event.tick - tick;
    internal::require_midi_range("gap between two events in ticks", delta, 0, 0x0FFFFFFF);
    for (int shift = 21; shift > 0; shift -= 7) {
      if (delta >> shift != 0) put({0x80 | delta >> shift});
    }
    put({delta & 0x7F});
    for (std::size_t i = 0; i < event.size; ++i) put({event.bytes[i]});
    tick = event.tick;
  }

  const auto length = static_cast<std::int64_t>(bytes.size() - content);
  internal::require_midi_range("track length in bytes", length, 0, 0xFFFFFFFF);
  for (std::size_t i = 0; i < 4; ++i)
    bytes[content - 4 + i] = static_cast<std::byte>(length >> (24 - 8 * i) & 0xFF);
  return bytes;
}

/// Writes the song as a MIDI file, complete or not at all. Throws Error as midi_bytes and AtomicFile do.
inline void write_midi(const Song& song, const std::filesystem::path& path) {
  write_file(path, midi_bytes(song));
}

}  // namespace gruve::inline v0_1
