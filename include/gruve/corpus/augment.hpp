#pragma once

#include <span>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

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
GRUVE_ONCE void check(const AugmentOptions& options);

/// The song, augmented at random; drums are not transposed. All transpositions that the options and the
/// piano's keys allow are equally probable; factors are uniform on a logarithmic scale. Uses four random
/// numbers, whatever the options.
GRUVE_ONCE Song augmented(Song song, const AugmentOptions& options, Rng& rng);

/// The tokens of the song that `tokens` decode to, augmented at random. Notes that stretching makes too short
/// for the grid are dropped. Returns the tokens unchanged if they are not music, or if stretching makes the
/// song longer than kMaxTimesteps.
GRUVE_ONCE std::vector<Token> augmented(const AnyEncoder& encoder, std::span<const Token> tokens,
                                        const AugmentOptions& options, Rng& rng);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/augment.inc"
#endif
