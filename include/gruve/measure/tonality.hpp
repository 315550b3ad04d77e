#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "gruve/measure/grid_song.hpp"

namespace gruve::inline v0_2 {

/// The entropy of a histogram in bits, −Σ p log₂ p; NaN if it is empty.
inline double entropy(const std::array<double, 12>& counts) noexcept {
  double total = 0, sum = 0;
  for (const double count : counts) {
    total += count;
    if (count > 0) sum += count * std::log2(count);
  }
  return total > 0 ? std::log2(total) - sum / total : std::numeric_limits<double>::quiet_NaN();
}

/// The entropy of the pitch classes of the onsets in `num_bars` successive bars, in bits, averaged over all
/// such windows that have an onset; a window begins at every bar. 0 for one pitch class, 3.58 for all twelve.
/// NaN if the song has fewer bars.
/// Source: Wu and Yang 2020, "The Jazz Transformer on the Front Line", arXiv:2008.01307; for one window
/// MusPy's pitch_class_entropy.
inline double pitch_class_entropy(const GridSong& song, std::size_t num_bars) {
  std::vector<std::array<double, 12>> counts(song.bars.size());
  std::size_t bar = 0;
  for (const GridNote& note : song.notes) {
    while (note.begin >= song.bars[bar].end) ++bar;
    if (!note.is_drum) counts[bar][static_cast<std::size_t>(note.pitch % 12)] += 1;
  }
  double sum = 0;
  int num_windows = 0;
  for (std::size_t first = 0; first + num_bars <= counts.size(); ++first) {
    std::array<double, 12> window{};
    for (std::size_t i = first; i < first + num_bars; ++i)
      for (std::size_t c = 0; c < 12; ++c) window[c] += counts[i][c];
    const double value = entropy(window);
    if (std::isnan(value)) continue;
    sum += value;
    ++num_windows;
  }
  return sum / num_windows;  // 0 / 0 is NaN
}

/// The largest fraction of a song's notes that are in one scale. A natural minor scale has the pitch classes
/// of its relative major, so there are twelve scales. NaN without a pitched note. Source: MusPy's
/// scale_consistency, after Mogren 2016, arXiv:1611.09904.
inline double scale_consistency(const GridSong& song) {
  constexpr std::array<std::size_t, 7> kMajor{0, 2, 4, 5, 7, 9, 11};
  const std::array<double, 12> counts = song.pitch_class_counts();
  double total = 0, most = 0;
  for (const double count : counts) total += count;
  for (std::size_t root = 0; root < 12; ++root) {
    double inside = 0;
    for (const std::size_t degree : kMajor) inside += counts[(root + degree) % 12];
    most = (std::max)(most, inside);
  }
  return most / total;
}

/// An estimate of a song's key.
struct KeyEstimate {
  int tonic = 0;                                              // pitch class, 0 is C
  bool is_minor = false;                                      // otherwise major
  double clarity = std::numeric_limits<double>::quiet_NaN();  // correlation with the key's profile, or NaN
};

/// The key whose profile has the largest Pearson correlation with a histogram of pitch classes. If all
/// classes have the same weight there is none, and the clarity is NaN. Source: Krumhansl 1990, "Cognitive
/// Foundations of Musical Pitch", the probe-tone profiles of Krumhansl and Kessler 1982.
inline KeyEstimate estimate_key(const std::array<double, 12>& weights) {
  constexpr std::array<std::array<double, 12>, 2> kProfiles{
      {{6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88},
       {6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17}}};
  const auto centred = [](std::array<double, 12> values) {
    double sum = 0;
    for (const double value : values) sum += value;
    for (double& value : values) value -= sum / 12;
    return values;
  };
  const auto dot = [](const std::array<double, 12>& a, const std::array<double, 12>& b, std::size_t shift) {
    double sum = 0;
    for (std::size_t i = 0; i < 12; ++i) sum += a[(i + shift) % 12] * b[i];
    return sum;
  };
  const std::array<double, 12> x = centred(weights);
  const double size = std::sqrt(dot(x, x, 0));
  KeyEstimate best;
  if (!(size > 0)) return best;
  best.clarity = -1;
  for (std::size_t mode = 0; mode < 2; ++mode) {
    const std::array<double, 12> profile = centred(kProfiles[mode]);
    const double profile_size = std::sqrt(dot(profile, profile, 0));
    for (std::size_t tonic = 0; tonic < 12; ++tonic) {
      const double correlation = dot(x, profile, tonic) / (size * profile_size);
      if (correlation > best.clarity) best = {static_cast<int>(tonic), mode == 1, correlation};
    }
  }
  return best;
}

/// The key of a song, by the sounding time of each pitch class.
inline KeyEstimate estimate_key(const GridSong& song) {
  std::array<double, 12> durations{};
  for (const GridNote& note : song.notes)
    if (!note.is_drum)
      durations[static_cast<std::size_t>(note.pitch % 12)] += static_cast<double>(note.end - note.begin);
  return estimate_key(durations);
}

/// The key as text, such as "C major" or "F# minor"; "none" without a key.
inline std::string key_name(const KeyEstimate& key) {
  constexpr std::array<const char*, 12> kNames{"C",  "C#", "D",  "Eb", "E",  "F",
                                               "F#", "G",  "Ab", "A",  "Bb", "B"};
  if (std::isnan(key.clarity)) return "none";
  return std::string(kNames[static_cast<std::size_t>(key.tonic)]) + (key.is_minor ? " minor" : " major");
}

}  // namespace gruve::inline v0_2
