#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

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
  Bar at(std::int64_t tick) const;

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

/// The music of a song, and where it was.
struct Music {
  Song song = {};          // the music, from tick 0
  std::int64_t begin = 0;  // tick of the original song at which it begins
};

/// The music of a song: from the beginning of the bar of its first note to the end of its last one. Empty
/// bars before, silence and events behind are left out. The tempo and the metre that hold at its beginning
/// stand at tick 0; see tempo_map() and metre_map(). A metre of one beat, as of 1/4, that holds for more than
/// four beats is read as four: 4/4. Of a song without notes, a song of length 0. Linear in the song.
GRUVE_ONCE Music music_of(Song song);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/midi/music.inc"
#endif
