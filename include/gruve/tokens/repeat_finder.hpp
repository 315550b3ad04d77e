#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/tokens/key_set.hpp"

namespace gruve {

/// Follows music, timestep by timestep, where it repeats what it was before: once it changes as it did
/// somewhere before (the same keys for as many timesteps, then the same other keys), what came then is
/// expected to come again, until something else does. Of several places it is the last. The match model of
/// compressors (Mahoney 2005), over chords.
///
/// Looks back over kTimesteps. Only the constructor allocates.
class RepeatFinder {
 public:
  static constexpr std::size_t kTimesteps = std::size_t{1} << 15;

  RepeatFinder() : history_(kTimesteps), places_(kPlaces) {}

  /// To where no timestep has been.
  void reset() noexcept {
    std::fill(places_.begin(), places_.end(), Place{});
    step_ = run_ = lag_ = 0;
    length_ = 0;
  }

  /// Takes the keys of the next timestep.
  void advance(const KeySet& now) noexcept {
    if (lag_ > 0 && ago(lag_) != now) lag_ = 0;
    const bool changes = step_ == 0 || ago(1) != now;
    if (changes && step_ > 0) {
      // A run of equal timesteps has ended. The place is behind this timestep.
      const std::uint64_t change = std::rotl(ago(1).hash() ^ (run_ * 0x9E3779B97F4A7C15u), 23) + now.hash();
      Place& place = places_[change * 0xD6E8FEB86659FD93u >> (64 - kBits)];
      if (lag_ > 0) {
        ++length_;
      } else if (place.change == change && place.step > 0 && step_ + 1 - place.step < kTimesteps) {
        lag_ = step_ + 1 - place.step;
        length_ = 1;
      }
      place = {change, step_ + 1};
    }
    history_[step_ % kTimesteps] = now;
    run_ = changes ? 1 : run_ + 1;
    ++step_;
  }

  /// For how many changes the music has repeated itself; 0 where it does not.
  std::size_t length() const noexcept { return lag_ > 0 ? length_ : 0; }
  /// The keys of the next timestep if it still does so, none where it does not.
  KeySet expected() const noexcept { return lag_ > 0 ? ago(lag_) : KeySet(); }

 private:
  static constexpr int kBits = 14;
  static constexpr std::size_t kPlaces = std::size_t{1} << kBits;

  struct Place {
    std::uint64_t change = 0;  // its hash
    std::size_t step = 0;      // behind it, or 0 for none
  };

  // Timesteps before the next one.
  const KeySet& ago(std::size_t steps) const noexcept { return history_[(step_ - steps) % kTimesteps]; }

  std::vector<KeySet> history_;  // round and round
  std::vector<Place> places_;    // where the music last changed in one way, by the hash of the change
  std::size_t step_ = 0;         // timesteps so far
  std::size_t run_ = 0;          // those equal to the last one, in a row
  std::size_t lag_ = 0;          // how long ago what is repeated was, or 0
  std::size_t length_ = 0;
};

}  // namespace gruve
