#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gruve/core/error.hpp"

namespace gruve::inline v0_2 {

/// A set of pitch classes: bit 0 is C, bit 1 C sharp, and so on to bit 11, B.
using PitchClasses = std::uint16_t;

/// All twelve pitch classes.
inline constexpr PitchClasses kAllPitchClasses = 0xFFF;

/// Whether a set has the pitch class of a MIDI key number.
constexpr bool has_pitch(PitchClasses classes, int pitch) noexcept {
  return (classes >> pitch % 12 & 1) != 0;
}

/// The pitch classes of a scale: a tonic and a mode, as in "C major", "f# dorian", "B♭ harmonic minor", "Am"
/// or "Cmaj". Upper and lower case and spaces do not matter, but "m" alone is minor and "M" major. Throws
/// Error with the list of modes on any other name.
inline PitchClasses scale_from_name(const std::string& name) {
  struct Mode {
    std::string_view name;
    std::array<int, 7> semitones;  // above the tonic; filled up with 0 if the mode has fewer than seven
    std::string_view other_name = {};
  };
  static constexpr Mode kModes[] = {{"major", {0, 2, 4, 5, 7, 9, 11}, "maj"},
                                    {"minor", {0, 2, 3, 5, 7, 8, 10}, "min"},
                                    {"harmonic-minor", {0, 2, 3, 5, 7, 8, 11}, "harmonicminor"},
                                    {"dorian", {0, 2, 3, 5, 7, 9, 10}},
                                    {"phrygian", {0, 1, 3, 5, 7, 8, 10}},
                                    {"lydian", {0, 2, 4, 6, 7, 9, 11}},
                                    {"mixolydian", {0, 2, 4, 5, 7, 9, 10}},
                                    {"pentatonic", {0, 2, 4, 7, 9, 0, 0}},
                                    {"minor-pentatonic", {0, 3, 5, 7, 10, 0, 0}, "minorpentatonic"},
                                    {"blues", {0, 3, 5, 6, 7, 10, 0}},
                                    {"whole-tone", {0, 2, 4, 6, 8, 10, 0}, "wholetone"}};
  static constexpr std::string_view kLetters = "C D EF G A B";  // one semitone per character

  std::string text;
  for (const char c : name)
    if (c != ' ') text += c;
  const auto take = [&](std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.erase(0, prefix.size());
    return true;
  };
  const char letter = text.empty() ? '\0' : static_cast<char>(text[0] & ~0x20);
  const std::size_t natural = kLetters.find(letter);
  if (letter != ' ' && natural != std::string_view::npos) {
    text.erase(0, 1);
    int root = static_cast<int>(natural);
    if (take("#") || take("\u266F"))
      ++root;
    else if ((text != "blues" && take("b")) || take("\u266D"))
      root += 11;
    if (text == "m") text = "minor";
    if (text == "M") text = "major";
    for (char& c : text)
      if ('A' <= c && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    for (const Mode& mode : kModes) {
      if (text != mode.name && (text != mode.other_name || text.empty())) continue;
      PitchClasses classes = 0;
      for (const int semitone : mode.semitones)
        classes = static_cast<PitchClasses>(classes | 1 << (root + semitone) % 12);
      return classes;
    }
  }
  std::string modes;
  for (const Mode& mode : kModes) modes += (modes.empty() ? "" : ", ") + std::string(mode.name);
  internal::raise(
      Error("\"" + name + "\" is not a scale: expected a tonic, such as C, F# or Bb, and one of " + modes));
}

}  // namespace gruve::inline v0_2
