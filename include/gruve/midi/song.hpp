#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

namespace gruve::inline v0_2 {

/// One note. Times are ticks of its song, so that reading and writing lose nothing.
struct Note {
  std::int64_t start = 0;  // tick at which it begins
  std::int64_t end = 0;    // tick at which it ends, >= start
  int pitch = 60;          // MIDI key number, 0 to 127; 60 is middle C
  int velocity = 80;       // 1 to 127
  int channel = 0;         // 0 to 15; 9 is the drum channel of General MIDI

  friend bool operator==(const Note&, const Note&) = default;
};

/// The channel on which General MIDI puts drums ("channel 10").
inline constexpr int kDrumChannel = 9;

/// A change of tempo: from `tick` on a quarter note lasts microseconds_per_quarter.
struct Tempo {
  std::int64_t tick = 0;                            // at which it takes effect
  std::int64_t microseconds_per_quarter = 500'000;  // 1 to 2^24 - 1

  /// Quarter notes per minute.
  double bpm() const noexcept { return 60e6 / static_cast<double>(microseconds_per_quarter); }

  friend bool operator==(const Tempo&, const Tempo&) = default;
};

/// A change of metre: from `tick` on it is numerator / denominator.
struct TimeSignature {
  std::int64_t tick = 0;  // at which it takes effect
  int numerator = 4;      // 1 to 255
  int denominator = 4;    // a power of two, 1 to 256

  friend bool operator==(const TimeSignature&, const TimeSignature&) = default;
};

/// A channel plays with another sound of General MIDI from a tick on.
struct ProgramChange {
  std::int64_t tick = 0;  // at which it takes effect
  int channel = 0;        // 0 to 15
  int program = 0;        // 0 to 127; 0 is a piano

  friend bool operator==(const ProgramChange&, const ProgramChange&) = default;
};

/// The sustain pedal (controller 64) of a channel is pressed or lifted.
struct PedalMove {
  std::int64_t tick = 0;  // at which it moves
  int channel = 0;        // 0 to 15
  bool down = false;      // pressed: a controller value of 64 or more

  friend bool operator==(const PedalMove&, const PedalMove&) = default;
};

/// A piece of music: notes on a grid of ticks, with its tempo and metre, its sounds and its pedal.
struct Song {
  std::int64_t ticks_per_quarter = 480;             // at least 1
  std::vector<Note> notes = {};                     // in the order of sort_notes
  std::vector<Tempo> tempos = {};                   // by tick; 120 bpm before the first
  std::vector<TimeSignature> time_signatures = {};  // by tick; 4/4 before the first
  std::vector<ProgramChange> programs = {};         // by tick; program 0 before a channel's first
  std::vector<PedalMove> pedal = {};                // by tick; lifted before a channel's first
  std::int64_t length = 0;                          // ticks from the beginning to the end, silence included

  friend bool operator==(const Song&, const Song&) = default;
};

/// The order of notes in a Song: by start, then pitch, end, channel, velocity.
inline bool earlier(const Note& a, const Note& b) noexcept {
  if (a.start != b.start) return a.start < b.start;
  if (a.pitch != b.pitch) return a.pitch < b.pitch;
  return std::tie(a.end, a.channel, a.velocity) < std::tie(b.end, b.channel, b.velocity);
}

/// Brings notes into the order of a Song.
inline void sort_notes(std::vector<Note>& notes) {
  // A lambda, because the function itself would be called through a pointer.
  std::sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) { return earlier(a, b); });
}

/// Seconds from the beginning of the song to a tick, by its tempo map. O(number of tempos); for many ticks
/// use a Timeline.
inline double seconds_at(const Song& song, std::int64_t tick) {
  double microseconds = 0;
  std::int64_t at = 0;
  std::int64_t tempo = 500'000;
  for (const Tempo& change : song.tempos) {
    if (change.tick >= tick) break;
    microseconds += static_cast<double>(change.tick - at) * static_cast<double>(tempo);
    at = change.tick;
    tempo = change.microseconds_per_quarter;
  }
  microseconds += static_cast<double>(tick - at) * static_cast<double>(tempo);
  return microseconds / 1e6 / static_cast<double>(song.ticks_per_quarter);
}

/// Seconds from the beginning of the song to its end.
inline double duration_seconds(const Song& song) { return seconds_at(song, song.length); }

}  // namespace gruve::inline v0_2
