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

/// How songs are varied while a model is trained on them.
struct AugmentOptions {
  int transpose = 0;    // up to so many semitones up or down, as far as the piano's keys allow; at most 24
  double share = 1;     // of the times that a song comes up, in which it is transposed; 0 to 1
  double stretch = 1;   // times and durations by a factor of up to this, or of as little as 1 / this; 1 to 2
  double velocity = 1;  // velocities likewise, within 1 to 127; 1 to 4

  bool any() const noexcept { return transpose != 0 || stretch != 1 || velocity != 1; }

  friend bool operator==(const AugmentOptions&, const AugmentOptions&) = default;
};

/// Throws Error naming the option that is out of its range.
inline void check(const AugmentOptions& options) {
  const auto require = [](bool holds, const std::string& name, const std::string& range, double value) {
    if (!holds) throw Error(name + " must be " + range + ", not " + std::to_string(value));
  };
  require(options.transpose >= 0 && options.transpose <= 24, "transposition", "0 to 24 semitones",
          options.transpose);
  require(options.share >= 0 && options.share <= 1, "share of transpositions", "0 to 1", options.share);
  require(options.stretch >= 1 && options.stretch <= 2, "time stretch", "a factor from 1 to 2",
          options.stretch);
  require(options.velocity >= 1 && options.velocity <= 4, "velocity scaling", "a factor from 1 to 4",
          options.velocity);
}

/// The song varied at random: all transpositions that the options and the piano's keys allow are equally
/// probable, factors are so on a logarithmic scale. Four random numbers are used whatever the options.
inline Song augmented(Song song, const AugmentOptions& options, Rng& rng) {
  int lowest = kHighestKey, highest = kLowestKey;
  for (const Note& note : song.notes) {
    lowest = std::min(lowest, note.pitch);
    highest = std::max(highest, note.pitch);
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
    note.pitch += semitones;
    note.velocity = std::clamp(static_cast<int>(std::lround(note.velocity * velocity)), 1, 127);
    if (stretch == 1) continue;
    note.start = stretched(note.start);
    note.end = stretched(note.end);
  }
  if (stretch == 1) return song;
  for (Tempo& tempo : song.tempos) tempo.tick = stretched(tempo.tick);
  for (TimeSignature& metre : song.time_signatures) metre.tick = stretched(metre.tick);
  song.length = stretched(song.length);
  return song;
}

/// The tokens of the song that `tokens` decode to, varied at random; notes that a stretch makes too short for
/// the grid are dropped. The tokens as they are where they are not music, or where stretching makes the song
/// longer than can be encoded.
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
