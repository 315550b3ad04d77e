#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gruve/midi/song.hpp"
#include "gruve/midi/sustain.hpp"

namespace gruve {

/// Something in a file that the standard does not allow, and what was made of it.
struct Repair {
  std::uint64_t byte = 0;  // where it stands
  std::string what{};      // one sentence

  friend bool operator==(const Repair&, const Repair&) = default;
};

/// What a Standard MIDI File says: its header and its music.
struct MidiFile {
  int format = 0;    // 0 one track, 1 tracks played together, 2 independent patterns
  int division = 0;  // the header's 16-bit word as it stands; from 0x8000 on it is an SMPTE frame rate
  Song song;
  std::vector<PedalMove> pedal{};  // in order of time; apply_sustain() lengthens the notes by them
  std::vector<Repair> repairs{};   // in the order in which they were met, at most kMaxListedRepairs
  std::uint64_t num_repairs = 0;   // all of them
};

inline constexpr std::size_t kMaxListedRepairs = 64;

/// No event is later: that is over ten thousand years.
inline constexpr std::int64_t kMaxTicks = std::int64_t{1} << 55;

struct MidiOptions {
  /// Reads on where the standard is broken, as a person would who wants the notes: see parse_midi.
  bool repair = false;
  /// A file with more is refused, before memory is taken for them.
  std::uint64_t max_events = std::numeric_limits<std::uint64_t>::max();
  /// A file with a later event is refused; at most kMaxTicks.
  std::int64_t max_ticks = kMaxTicks;
};

}  // namespace gruve
