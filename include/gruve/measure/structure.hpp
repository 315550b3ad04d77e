#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/measure/grid_song.hpp"

namespace gruve::inline v0_2 {

/// A song cut into N frames of about a quarter note, and the contents of each. Frames divide bars evenly, so
/// that a part that is repeated some bars later has the same frames.
struct Frames {
  std::vector<double> seconds{};  // [N + 1] at which frames begin, and the end of the last
  std::vector<std::array<float, 12>>
      chroma{};  // [N] sounding time of each pitch class, normalised to length 1
  std::vector<std::array<float, 4>> onsets{};  // [N] onsets in each quarter of the frame, normalised likewise

  /// The number of frames.
  std::size_t size() const noexcept { return chroma.size(); }
};

/// The largest number of frames: 25 minutes at 60 bpm. Of a longer song only the beginning is measured,
/// because time grows with the cube.
inline constexpr std::size_t kMaxFrames = 1536;

namespace internal {

template <std::size_t Size>
void normalise(std::array<float, Size>& values) noexcept {
  float sum = 0;
  for (const float value : values) sum += value * value;
  if (sum > 0)
    for (float& value : values) value /= std::sqrt(sum);
}

/// The cosine of two arrays of length 1 or 0; 1 if both are zero, and thus equal.
template <std::size_t Size>
float cosine(const std::array<float, Size>& a, const std::array<float, Size>& b) noexcept {
  float sum = 0, any = 0;
  for (std::size_t i = 0; i < Size; ++i) {
    sum += a[i] * b[i];
    any += a[i] + b[i];
  }
  return any > 0 ? (std::min)(sum, 1.0f) : 1.0f;
}

}  // namespace internal

/// The frames of a song up to its end.
GRUVE_ONCE Frames frames_of(const GridSong& song);

/// The mean cosine from which two frames are similar.
inline constexpr float kAlike = 0.75f;

/// The similarity of two frames that are not similar: a penalty for a path through them.
inline constexpr float kUnlike = -2.0f;

/// An element of the self-similarity matrix, from the mean of the cosines of two frames' chroma and onsets:
/// kAlike to 1 are mapped to 0 to 1, lower means to kUnlike. Two silent frames have 0, so that silence is not
/// a repetition. A frame has 1 with itself.
inline float similarity(const Frames& frames, std::size_t a, std::size_t b) noexcept {
  if (a == b) return 1;
  const auto is_silent = [&](std::size_t n) {
    const auto is_zero = [](float value) { return value == 0; };
    return std::all_of(frames.chroma[n].begin(), frames.chroma[n].end(), is_zero) &&
           std::all_of(frames.onsets[n].begin(), frames.onsets[n].end(), is_zero);
  };
  if (is_silent(a) && is_silent(b)) return 0;
  const float mean = (internal::cosine(frames.chroma[a], frames.chroma[b]) +
                      internal::cosine(frames.onsets[a], frames.onsets[b])) /
                     2;
  if (mean < kAlike) return kUnlike;
  return (std::min)(1.0f, (mean - kAlike) / (1 - kAlike) + 1e-6f);  // 1 despite rounding
}

/// How much of a song is repetitions of one part of it, for parts of three lengths: 0 for none, near 1 for a
/// song that is nothing else. NaN if the song is too short to contain such a part twice.
struct StructureIndicators {
  double short_term = std::numeric_limits<double>::quiet_NaN();   // 3 to 8 s
  double middle_term = std::numeric_limits<double>::quiet_NaN();  // 8 to 15 s
  double long_term = std::numeric_limits<double>::quiet_NaN();    // 15 s and longer
};

/// The largest fitness of any part of three lengths.
///
/// A part is M of the song's N frames, M ≤ N / 2. It is placed on the song at K positions that do not
/// overlap, such that the sum σ of the similarities along them (the diagonals of the self-similarity matrix)
/// is largest. Without the part itself,
///
///   score = (σ − M) / (K M)     coverage = (K M − M) / N
///   fitness = 2 score · coverage / (score + coverage)
///
/// So a song that is one part K times has the fitness 1 − 1 / K in that part.
///
/// Time is N³ / 3 times a few operations, memory 4 N² bytes.
/// Source: indicators from Wu and Yang 2020, arXiv:2008.01307; fitness from Müller, Jiang and Grosche 2013,
/// "A Robust Fitness Measure for Capturing Repetitions in Music Recordings", without time warping, which a
/// score on a grid does not need.
GRUVE_ONCE StructureIndicators structure_indicators(const Frames& frames);

/// The same for the frames of a song.
inline StructureIndicators structure_indicators(const GridSong& song) {
  return structure_indicators(frames_of(song));
}

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/measure/structure.inc"
#endif
