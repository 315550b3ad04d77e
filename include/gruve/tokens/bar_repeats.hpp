#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gruve::inline v0_2 {

/// The onsets of a bar.
struct BarOnsets {
  std::int64_t steps = 0;                 // length of the bar, in timesteps
  std::vector<std::uint32_t> notes = {};  // position, channel and key of each note as one number, ascending
};

/// Whether two bars are alike: as long, and at least three fifths of the notes of both begin in both at the
/// same position on the same key. Bars without notes are alike.
inline bool are_alike(const BarOnsets& a, const BarOnsets& b) {
  if (a.steps != b.steps) return false;
  const std::size_t sizes = a.notes.size() + b.notes.size();
  if (8 * (std::min)(a.notes.size(), b.notes.size()) < 3 * sizes) return sizes == 0;  // cannot be
  std::size_t common = 0;
  for (auto x = a.notes.begin(), y = b.notes.begin(); x != a.notes.end() && y != b.notes.end();) {
    common += *x == *y ? 1 : 0;
    const bool next_x = *x <= *y, next_y = *y <= *x;
    x += next_x ? 1 : 0;
    y += next_y ? 1 : 0;
  }
  return 8 * common >= 3 * sizes;  // 3/5 of the union, which has sizes - common notes
}

/// Where the bars of a piece return: for each bar the number of bars back to the one that it is like, 0 if it
/// is new. A return goes on, at the same distance, as long as bars are alike. Where one begins, the distance
/// is that of the longest return of those up to `farthest` bars; of equally long ones, the shortest distance.
inline std::vector<int> bar_repeats(const std::vector<BarOnsets>& bars, int farthest) {
  constexpr std::size_t kLongest = 32;  // bars by which returns are compared
  std::vector<int> lags(bars.size(), 0);
  std::size_t lag = 0;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (lag > 0 && are_alike(bars[i], bars[i - lag])) {
      lags[i] = static_cast<int>(lag);
      continue;
    }
    lag = 0;
    if (bars[i].notes.empty()) continue;
    std::size_t longest = 0;
    const std::size_t most = (std::min)(i, static_cast<std::size_t>(farthest));
    for (std::size_t back = 1; back <= most && longest < kLongest; ++back) {
      std::size_t length = 0;
      while (length < kLongest && i + length < bars.size() &&
             are_alike(bars[i + length], bars[i + length - back]))
        ++length;
      if (length <= longest) continue;
      longest = length;
      lag = back;
    }
    lags[i] = static_cast<int>(lag);
  }
  return lags;
}

}  // namespace gruve::inline v0_2
