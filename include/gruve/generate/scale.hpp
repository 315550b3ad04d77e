#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gruve/core/error.hpp"

namespace gruve::inline v0_1 {

/// A set of pitch classes: bit 0 is C, bit 1 C sharp, and so on to bit 11, B.
using PitchClasses = std::uint16_t;

/// All twelve pitch classes.
inline constexpr PitchClasses kAllPitchClasses = 0xFFF;

/// Whether a set has the pitch class of a MIDI key number.
constexpr bool has_pitch(PitchClasses classes, int pitch) noexcept {
  return (classes >> pitch % 12 & 1) != 0;
}

/// The pitch classes of a scale: a tonic and a mode, as in "C major", "f# dorian" or "Bb harmonic-minor".
/// Throws Error with the list of modes on any other name.
inline PitchClasses scale_from_name(const std::string& name) {
  struct Mode {
    std::string_view name;
    std::array<int, 7> semitones;  // above the tonic; filled up with 0 if the mode has fewer than seven
  };
  static constexpr Mode kModes[] = {
      {"major", {0, 2, 4, 5, 7, 9, 11}},          {"minor", {0, 2, 3, 5, 7, 8, 10}},
      {"harmonic-minor", {0, 2, 3, 5, 7, 8, 11}}, {"dorian", {0, 2, 3, 5, 7, 9, 10}},
      {"phrygian", {0, 1, 3, 5, 7, 8, 10}},       {"lydian", {0, 2, 4, 6, 7, 9, 11}},
      {"mixolydian", {0, 2, 4, 5, 7, 9, 10}},     {"pentatonic", {0, 2, 4, 7, 9, 0, 0}},
      {"whole-tone", {0, 2, 4, 6, 8, 10, 0}}};
  static constexpr std::string_view kLetters = "C D EF G A B";  // one semitone per character

  const std::size_t space = name.find(' ');
  const std::string tonic = name.substr(0, space);
  const char letter = tonic.empty() ? '\0' : static_cast<char>(tonic[0] & ~0x20);
  const std::size_t natural = kLetters.find(letter);
  const std::string_view accidental = tonic.empty() ? std::string_view() : std::string_view(tonic).substr(1);
  if (natural != std::string_view::npos && space != std::string::npos &&
      (accidental.empty() || accidental == "#" || accidental == "b")) {
    const int root = static_cast<int>(natural) + (accidental == "#" ? 1 : accidental == "b" ? 11 : 0);
    for (const Mode& mode : kModes) {
      if (name.substr(space + 1) != mode.name) continue;
      PitchClasses classes = 0;
      for (const int semitone : mode.semitones)
        classes = static_cast<PitchClasses>(classes | 1 << (root + semitone) % 12);
      return classes;
    }
  }
  std::string modes;
  for (const Mode& mode : kModes) modes += (modes.empty() ? "" : ", ") + std::string(mode.name);
  throw Error("\"" + name + "\" is not a scale: expected a tonic, such as C, F# or Bb, and one of " + modes);
}

}  // namespace gruve::inline v0_1
