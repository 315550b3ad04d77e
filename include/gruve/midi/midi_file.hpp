#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// A deviation from the standard in a file, and how it was repaired.
struct Repair {
  std::uint64_t byte = 0;  // its offset in the file
  std::string what{};      // one sentence: what was found, what was done

  friend bool operator==(const Repair&, const Repair&) = default;
};

/// The contents of a Standard MIDI File: its header and its music.
struct MidiFile {
  int format = 0;    // 0 one track, 1 tracks played together, 2 independent patterns
  int division = 0;  // the header's 16-bit word, unchanged; from 0x8000 on it is an SMPTE frame rate
  Song song = {};    // what it holds of music
  std::vector<Repair> repairs{};  // the first kMaxListedRepairs, in the order in which they were found
  std::uint64_t num_repairs = 0;  // of all repairs
};

/// The most repairs that MidiFile::repairs lists.
inline constexpr std::size_t kMaxListedRepairs = 64;

/// The latest tick of an event. At 32,767 ticks per quarter note and 120 bpm that is over ten thousand years.
inline constexpr std::int64_t kMaxTicks = std::int64_t{1} << 55;

/// How a MIDI file is read.
struct MidiOptions {
  /// Repairs deviations from the standard, as listed at parse_midi, instead of refusing the file for them.
  bool repair = true;
  /// A file with more events is refused, before memory is allocated for them.
  std::uint64_t max_events = (std::numeric_limits<std::uint64_t>::max)();
  /// A file with a later event is refused; at most kMaxTicks.
  std::int64_t max_ticks = kMaxTicks;
};

}  // namespace gruve::inline v0_2
