#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "gruve/midi/song.hpp"

namespace gruve::inline v0_1 {

namespace internal {

// What holds where: the last of several changes at one tick, without changes to what holds already; the first
// entry is at tick 0.
template <class Change>
std::vector<Change> holding(std::span<const Change> changes) {
  std::vector<Change> map = {Change{}};
  for (Change change : changes) {
    change.tick = std::max<std::int64_t>(change.tick, 0);
    if (change.tick == map.back().tick) map.pop_back();
    Change same = change;
    if (!map.empty()) same.tick = map.back().tick;
    if (map.empty() || !(same == map.back())) map.push_back(change);
  }
  return map;
}

}  // namespace internal

/// The tempo that holds from each tick on: the last of several at one tick, none that changes nothing, 120
/// bpm before the song's first. The first entry is at tick 0.
inline std::vector<Tempo> tempo_map(const Song& song) {
  return internal::holding(std::span<const Tempo>(song.tempos));
}

/// The metre that holds from each tick on, likewise; 4/4 before the song's first. So a metre that is stated
/// again within a bar begins no bar.
inline std::vector<TimeSignature> metre_map(const Song& song) {
  return internal::holding(std::span<const TimeSignature>(song.time_signatures));
}

/// A bar of a song.
struct Bar {
  std::int64_t begin = 0;    // tick
  std::int64_t end = 0;      // tick at which the next bar begins
  TimeSignature metre = {};  // that holds in it, from the tick at which it began to hold
};

/// The bars of a song, one after another to any tick. A change of metre begins a bar, so that the bar before
/// it may be shorter than its metre. Bars whose length is not a whole number of ticks begin at the tick at or
/// before their exact place.
class Bars {
 public:
  /// Copies the song's metre map.
  explicit Bars(const Song& song) {
    for (const TimeSignature& metre : metre_map(song)) stretches_.emplace_back(metre, song.ticks_per_quarter);
  }

  /// The bar in which a tick is, tick >= 0. O(log number of metres).
  Bar at(std::int64_t tick) const {
    tick =
        std::clamp<std::int64_t>(tick, 0, std::int64_t{1} << 60);  // beyond that the next bar would overflow
    const auto after = std::upper_bound(
        stretches_.begin() + 1, stretches_.end(), tick,
        [](std::int64_t value, const Stretch& stretch) { return value < stretch.metre.tick; });
    const Stretch& stretch = *(after - 1);
    const std::int64_t first = stretch.metre.tick;
    std::int64_t number = stretch.bars(tick - first);
    std::int64_t next = first + stretch.ticks(number + 1);
    if (next <= tick) {  // where bars are no whole number of ticks, the next one may begin at this tick
      ++number;
      next = first + stretch.ticks(number + 1);
    }
    Bar found{.begin = first + stretch.ticks(number), .end = next, .metre = stretch.metre};
    if (after != stretches_.end()) found.end = (std::min)(found.end, after->metre.tick);
    return found;
  }

 private:
  // Where one metre holds. The ticks of a bar are a fraction, at least one tick.
  struct Stretch {
    TimeSignature metre;
    std::int64_t numerator, denominator;

    Stretch(const TimeSignature& from, std::int64_t ticks_per_quarter)
        : metre(from),
          numerator(std::int64_t{4} * (std::max)(1, from.numerator) *
                    std::max<std::int64_t>(1, ticks_per_quarter)),
          denominator((std::max)(1, from.denominator)) {
      const std::int64_t divisor = std::gcd(numerator, denominator);
      numerator /= divisor;
      denominator /= divisor;
      if (numerator < denominator) numerator = denominator = 1;
    }

    // Whole bars in a number of ticks; in parts, which cannot overflow.
    std::int64_t bars(std::int64_t ticks) const {
      if (denominator == 1) return ticks / numerator;
      return ticks / numerator * denominator + ticks % numerator * denominator / numerator;
    }
    // Ticks of a number of bars.
    std::int64_t ticks(std::int64_t bars) const {
      if (denominator == 1) return bars * numerator;
      return bars / denominator * numerator + bars % denominator * numerator / denominator;
    }
  };

  std::vector<Stretch> stretches_ = {};  // not empty, the first from tick 0
};

namespace internal {

// The metres of a song that ends at a tick. One of a single beat (1/4) that holds for more than four beats
// says where beats are, not where bars begin: programs write it that know no more. It becomes one of four
// beats.
inline std::vector<TimeSignature> metres_of_bars(const Song& song, std::int64_t end) {
  std::vector<TimeSignature> metres = metre_map(song);
  for (std::size_t i = 0; i < metres.size(); ++i) {
    if (metres[i].numerator != 1) continue;
    const std::int64_t until = i + 1 < metres.size() ? metres[i + 1].tick : end;
    // Four beats take 16 quarters / denominator.
    if ((until - metres[i].tick) / 16 * metres[i].denominator > song.ticks_per_quarter)
      metres[i].numerator = 4;
  }
  // One that now states what holds already begins no bar.
  const auto is_stated = [](const TimeSignature& a, const TimeSignature& b) {
    return a.numerator == b.numerator && a.denominator == b.denominator;
  };
  metres.erase(std::unique(metres.begin(), metres.end(), is_stated), metres.end());
  return metres;
}

}  // namespace internal

/// The music of a song, and where it was.
struct Music {
  Song song = {};          // the music, from tick 0
  std::int64_t begin = 0;  // tick of the original song at which it begins
};

/// The music of a song: from the beginning of the bar of its first note to the end of its last one. Empty
/// bars before, silence and events behind are left out. The tempo and the metre that hold at its beginning
/// stand at tick 0; see tempo_map() and metre_map(). A metre of one beat, as of 1/4, that holds for more than
/// four beats is read as four: 4/4. Of a song without notes, a song of length 0. Linear in the song.
inline Music music_of(Song song) {
  Music music;
  std::int64_t end = 0;
  for (const Note& note : song.notes) end = (std::max)(end, note.end);
  std::vector<Tempo> tempos = tempo_map(song);
  std::vector<TimeSignature> metres = internal::metres_of_bars(song, end);
  song.time_signatures = metres;
  const Bars bars(song);
  if (!song.notes.empty()) music.begin = bars.at(std::max<std::int64_t>(0, song.notes.front().start)).begin;
  const auto shift = [&](auto& map) {
    // What holds at the beginning is at tick 0; what begins at the end or behind it is never heard.
    std::erase_if(map, [&](const auto& change) { return change.tick >= end && change.tick > music.begin; });
    auto first = map.begin();
    while (first + 1 != map.end() && (first + 1)->tick <= music.begin) ++first;
    map.erase(map.begin(), first);
    for (auto& change : map) change.tick = std::max<std::int64_t>(0, change.tick - music.begin);
  };
  shift(tempos);
  shift(metres);
  const auto shift_channels = [&](auto& changes) {
    std::array<bool, 16> has_any{};
    for (auto change = changes.end(); change != changes.begin();) {
      --change;
      bool& has_later = has_any[static_cast<std::size_t>(change->channel & 15)];
      const bool is_over = change->tick >= end || (change->tick <= music.begin && has_later);
      if (change->tick <= music.begin) has_later = true;
      change->tick = is_over ? -1 : std::max<std::int64_t>(0, change->tick - music.begin);
    }
    std::erase_if(changes, [](const auto& change) { return change.tick < 0; });
    std::stable_sort(changes.begin(), changes.end(),
                     [](const auto& a, const auto& b) { return a.tick < b.tick; });
  };
  shift_channels(song.programs);
  shift_channels(song.pedal);
  for (Note& note : song.notes) {
    note.start -= music.begin;
    note.end -= music.begin;
  }
  song.tempos = std::move(tempos);
  song.time_signatures = std::move(metres);
  song.length = std::max<std::int64_t>(0, end - music.begin);
  music.song = std::move(song);
  return music;
}

}  // namespace gruve::inline v0_1
