#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "gruve/measure/grid_song.hpp"
#include "gruve/measure/tonality.hpp"

namespace gruve::inline v0_2 {

/// The bars of a phrase, for the measures of form and loudness: the length that most phrases have in
/// classical and popular music.
inline constexpr std::size_t kPhraseBars = 4;

/// How much of a song returns literally. A bar is the set of its onsets: of each the sixteenth of the bar,
/// and the key. Bars without onsets are not counted.
struct Returns {
  double bars = std::numeric_limits<double>::quiet_NaN();     // share of the bars that occur twice or more
  double phrases = std::numeric_limits<double>::quiet_NaN();  // share of the bars that are in kPhraseBars
                                                              // bars in succession that occur twice or more
  std::size_t longest =
      0;  // bars of the longest passage that equals an earlier one which it does not overlap
};

/// The returns of a song; the shares are NaN if it has no onset. Time is O(bars²), so of a song of more than
/// 8,192 bars (four hours) the first are looked at.
inline Returns returns_of(const GridSong& song) {
  constexpr std::int64_t kSixteenth = kMeasureSteps / 4;
  // Each bar as a number: equal for equal bars, 0 for those without onsets.
  std::vector<std::vector<std::pair<std::int64_t, int>>> onsets(song.bars.size());
  std::size_t bar = 0;
  for (const GridNote& note : song.notes) {
    while (note.begin >= song.bars[bar].end) ++bar;
    onsets[bar].emplace_back((note.begin - song.bars[bar].begin + kSixteenth / 2) / kSixteenth,
                             note.pitch + (note.is_drum ? 128 : 0));
  }
  std::map<std::vector<std::pair<std::int64_t, int>>, std::size_t> numbers;
  std::vector<std::size_t> bars;
  for (auto& each : onsets) {
    std::sort(each.begin(), each.end());
    each.erase(std::unique(each.begin(), each.end()), each.end());
    bars.push_back(each.empty() ? 0 : numbers.try_emplace(std::move(each), numbers.size() + 1).first->second);
  }

  Returns result;
  const std::size_t N = (std::min)(bars.size(), std::size_t{8192});
  std::vector<bool> returns(N), is_of_phrase(N);
  for (std::size_t lag = 1; lag < N; ++lag) {
    std::size_t run = 0;  // successive bars that equal those `lag` bars before
    for (std::size_t i = lag; i < N; ++i) {
      if (bars[i] != bars[i - lag]) {
        run = 0;
        continue;
      }
      ++run;
      if (bars[i] == 0) {
        // A rest inside a passage is part of it; rests alone are none.
        if (run == 1) run = 0;
        continue;
      }
      returns[i] = returns[i - lag] = true;
      result.longest = (std::max)(result.longest, (std::min)(run, lag));
      if (run < kPhraseBars || lag < kPhraseBars) continue;
      for (std::size_t k = i + 1 - kPhraseBars; k <= i; ++k) is_of_phrase[k] = is_of_phrase[k - lag] = true;
    }
  }
  std::size_t filled = 0, returning = 0, in_phrases = 0;
  for (std::size_t i = 0; i < N; ++i) {
    if (bars[i] == 0) continue;
    ++filled;
    returning += returns[i] ? 1 : 0;
    in_phrases += is_of_phrase[i] ? 1 : 0;
  }
  if (filled == 0) return result;
  result.bars = static_cast<double>(returning) / static_cast<double>(filled);
  result.phrases = static_cast<double>(in_phrases) / static_cast<double>(filled);
  return result;
}

/// Whether a song ends on its tonic: 1 if the lowest note that sounds in its last sixteenth is the tonic of
/// its key, otherwise 0. NaN without a key. The key is that of estimate_key().
inline double ends_on_tonic(const GridSong& song, const KeyEstimate& key) {
  if (!(key.clarity > -1)) return std::numeric_limits<double>::quiet_NaN();
  std::int64_t end = 0;
  for (const GridNote& note : song.notes)
    if (!note.is_drum) end = (std::max)(end, note.end);
  int bass = (std::numeric_limits<int>::max)();
  for (const GridNote& note : song.notes)
    if (!note.is_drum && note.end > end - kMeasureSteps / 4) bass = (std::min)(bass, note.pitch);
  return bass % 12 == key.tonic ? 1 : 0;
}

}  // namespace gruve::inline v0_2
