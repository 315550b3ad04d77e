#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

/// How songs are augmented in training.
struct AugmentOptions {
  int transpose = 0;    // maximum transposition in semitones, up or down, within the piano's keys; 0 to 24
  double share = 1;     // probability with which a sampled song is transposed; 0 to 1
  double stretch = 1;   // maximum factor s of times and durations, which are drawn from 1 / s to s; 1 to 2
  double velocity = 1;  // maximum factor of velocities, drawn likewise, clamped to 1 to 127; 1 to 4

  /// Whether songs are changed at all.
  bool any() const noexcept { return transpose != 0 || stretch != 1 || velocity != 1; }

  friend bool operator==(const AugmentOptions&, const AugmentOptions&) = default;
};

/// Throws Error with the name of an option that is out of range.
inline void check(const AugmentOptions& options) {
  const auto require = [](bool holds, const std::string& name, const std::string& range, double value) {
    if (!holds) throw Error(name + " must be " + range + ", not " + std::to_string(value));
  };
  require(options.transpose >= 0 && options.transpose <= 24, "transposition", "0 to 24 semitones",
          options.transpose);
  require(options.share >= 0 && options.share <= 1, "probability of a transposition", "0 to 1",
          options.share);
  require(options.stretch >= 1 && options.stretch <= 2, "time stretch", "a factor from 1 to 2",
          options.stretch);
  require(options.velocity >= 1 && options.velocity <= 4, "velocity scaling", "a factor from 1 to 4",
          options.velocity);
}

/// The song, augmented at random; drums are not transposed. All transpositions that the options and the
/// piano's keys allow are equally probable; factors are uniform on a logarithmic scale. Uses four random
/// numbers, whatever the options.
inline Song augmented(Song song, const AugmentOptions& options, Rng& rng) {
  int lowest = kHighestKey, highest = kLowestKey;
  for (const Note& note : song.notes) {
    if (note.channel == kDrumChannel) continue;
    lowest = (std::min)(lowest, note.pitch);
    highest = (std::max)(highest, note.pitch);
  }
  const int down = std::clamp(lowest - kLowestKey, 0, options.transpose);
  const int up = std::clamp(kHighestKey - highest, 0, options.transpose);
  const int shift = static_cast<int>(rng.below(static_cast<std::uint32_t>(down + up + 1))) - down;
  const int semitones = static_cast<double>(rng.uniform()) < options.share ? shift : 0;
  const auto factor = [&](double most) { return std::pow(most, 2 * static_cast<double>(rng.uniform()) - 1); };
  const double stretch = factor(options.stretch), velocity = factor(options.velocity);
  const auto stretched = [&](std::int64_t tick) {
    return static_cast<std::int64_t>(std::llround(static_cast<double>(tick) * stretch));
  };
  for (Note& note : song.notes) {
    if (note.channel != kDrumChannel) note.pitch += semitones;
    note.velocity = std::clamp(static_cast<int>(std::lround(note.velocity * velocity)), 1, 127);
    if (stretch == 1) continue;
    note.start = stretched(note.start);
    note.end = stretched(note.end);
  }
  if (stretch == 1) return song;
  for (Tempo& tempo : song.tempos) tempo.tick = stretched(tempo.tick);
  for (TimeSignature& metre : song.time_signatures) metre.tick = stretched(metre.tick);
  for (ProgramChange& change : song.programs) change.tick = stretched(change.tick);
  for (PedalMove& move : song.pedal) move.tick = stretched(move.tick);
  song.length = stretched(song.length);
  return song;
}

/// The tokens of the song that `tokens` decode to, augmented at random. Notes that stretching makes too short
/// for the grid are dropped. Returns the tokens unchanged if they are not music, or if stretching makes the
/// song longer than kMaxTimesteps.
inline std::vector<Token> augmented(const AnyEncoder& encoder, std::span<const Token> tokens,
                                    const AugmentOptions& options, Rng& rng) {
  std::vector<Token> result(tokens.begin(), tokens.end());
  if (!encoder.is_music()) return result;
  const Song song = augmented(encoder.decode_song(tokens), options, rng);
  const std::int64_t longest = kMaxTimesteps / encoder.steps_per_quarter() * song.ticks_per_quarter;
  if (song.length > 0 && song.length < longest) result = encoder.encode_song(song);
  return result;
}

}  // namespace gruve::inline v0_1
