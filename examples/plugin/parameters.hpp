// What a user can set. The LV2 description, the CLAP parameters and the state are made from this table.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace companion {

inline constexpr char kUri[] = "urn:gruve:companion";  // of the LV2 plug-in
inline constexpr char kId[] = "gruve.companion";       // of the CLAP plug-in
inline constexpr char kName[] = "gruve companion";

/// A parameter of the plug-in.
struct Parameter {
  const char* symbol;  // an identifier that never changes: sessions store it
  const char* name;
  float lowest, highest, initial;
  bool is_integer = false;
  std::span<const char* const> choices = {};  // names of the values 0, 1, …
};

inline constexpr const char* kFollows[] = {"plays alone", "answers"};
// "any", then names that gruve::scale_from_name() has.
// clang-format off
inline constexpr const char* kKeys[] = {
    "any",     "C major",  "C# major", "D major", "Eb major", "E major", "F major", "F# major", "G major",
    "Ab major", "A major", "Bb major", "B major", "C minor",  "C# minor", "D minor", "Eb minor", "E minor",
    "F minor", "F# minor", "G minor",  "G# minor", "A minor", "Bb minor", "B minor"};

inline constexpr Parameter kParameters[] = {
    {"temperature", "Temperature", 0.2f, 2, 0.8f},           // below 1 probable tokens become more probable
    {"density", "Notes per quarter", 1, 24, 24, true},       // at most; 24 for any number
    {"key", "Key", 0, 24, 0, true, kKeys},                   // that notes may begin on
    {"follow", "Follow", 0, 1, 0, true, kFollows},           // see Companion
    {"bars", "Bars of an answer", 1, 16, 2, true},           // before it listens again
    {"seed", "Seed", 0, 9999, 1, true},                      // of the random numbers: another seed, another piece
};
// clang-format on
enum : std::size_t { kTemperature, kDensity, kKey, kFollow, kBars, kSeed, kNumParameters };
static_assert(std::size(kParameters) == kNumParameters);

}  // namespace companion
