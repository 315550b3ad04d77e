#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/key_set.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// Hashes of symbols.
inline std::uint64_t repeat_hash(const KeySet& keys) noexcept { return keys.hash(); }
inline std::uint64_t repeat_hash(std::integral auto number) noexcept {
  return static_cast<std::uint64_t>(number) * 0xD6E8FEB86659FD93u;
}

inline void transfer_symbol(StateBytes& state, KeySet& keys) noexcept { keys.transfer(state); }
inline void transfer_symbol(StateBytes& state, std::integral auto& number) noexcept { state.value(number); }

}  // namespace internal

/// Finds repeats in a sequence of timesteps and predicts from them: once the last `order` changes equal
/// earlier ones, what followed those is expected, until something else comes. If they occurred several times,
/// the latest occurrence is used. A change is the symbol before it, the number of timesteps for which that
/// lasted, and the symbol after it. This is the match model of compressors (Mahoney 2005), over changes.
///
/// A Symbol is the content of one timestep: its keys (KeySet), or a number. Looks back over kTimesteps. Only
/// the constructor allocates; advance() takes constant time.
template <class Symbol>
class RepeatFinder {
 public:
  static constexpr std::size_t kTimesteps = std::size_t{1} << 15;  // of the history
  static constexpr std::size_t kMaxOrder = 2;                      // of the constructor's order

  /// order  the number of changes that must be equal, 1 to kMaxOrder
  explicit RepeatFinder(std::size_t order = 1) : order_(order), history_(kTimesteps), places_(kPlaces) {}

  /// Forgets all timesteps, in constant time.
  void reset() noexcept {
    begin_ = step_;
    run_ = lag_ = length_ = changes_ = last_change_ = 0;
  }

  /// Takes the next timestep.
  ///
  /// changes  whether it differs from the one before; ignored for the first
  void advance(const Symbol& now, bool changes) noexcept {
    if (lag_ > 0 && ago(lag_) != now) lag_ = 0;
    if (changes && step_ > begin_) {
      const std::uint64_t change =
          std::rotl(internal::repeat_hash(ago(1)) ^ (run_ * 0x9E3779B97F4A7C15u), 23) +
          internal::repeat_hash(now);
      if (++changes_ >= order_) follow(order_ == 1 ? change : std::rotl(last_change_, 31) + change);
      last_change_ = change;
      run_ = 0;
    }
    history_[step_ % kTimesteps] = now;
    ++run_;
    ++step_;
  }

  /// The number of changes for which the sequence has repeated itself; 0 if it does not.
  std::size_t length() const noexcept { return lag_ > 0 ? length_ : 0; }

  /// The next timestep if the repeat continues. Only if length() is not 0.
  const Symbol& expected() const noexcept { return ago(lag_); }

  /// Writes or reads where the sequence is and what it was: its timesteps as runs of equal ones, so that a
  /// state takes some 40 bytes a change of the music, 900 kB at most for keys.
  void transfer(StateBytes& state) noexcept {
    const auto below_limit = [](std::uint64_t value) { return value < std::uint64_t{1} << 48; };
    std::uint64_t step = step_ - begin_;
    step = state.value(step, below_limit);
    if (state.is_reading()) {
      begin_ = 0;
      step_ = step;
    }
    state.value(run_, below_limit);
    state.value(lag_, [&](std::uint64_t lag) { return lag < kTimesteps && lag <= step; });
    state.value(length_, below_limit);
    state.value(changes_, below_limit);
    state.value(last_change_);
    if (state.is_measuring()) {
      state.add(kTimesteps * (sizeof(Symbol) + sizeof(std::uint16_t)));
      state.add(sizeof(std::uint32_t) + kPlaces * (sizeof(std::uint16_t) + 2 * sizeof(std::uint64_t)));
      return;
    }
    transfer_history(state, step);
    transfer_places(state, step);
  }

 private:
  static constexpr int kBits = 14;
  static constexpr std::size_t kPlaces = std::size_t{1} << kBits;

  struct Place {
    std::uint64_t changes = 0;  // their hash
    std::uint64_t step = 0;     // after them; of a place that is not taken at most begin_
  };

  bool is_taken(const Place& place) const noexcept { return place.step > begin_; }

  // step: of these two, the timesteps since reset() of what is written or read
  void transfer_history(StateBytes& state, std::uint64_t step) noexcept {
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(step, kTimesteps));
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(step_ - count + i) % kTimesteps; };
    for (std::size_t i = 0; i < count && state.ok();) {
      Symbol symbol = history_[at(i)];
      std::uint16_t run = 1;
      if (state.is_writing())
        while (i + run < count && history_[at(i + run)] == symbol) ++run;  // at most kTimesteps
      internal::transfer_symbol(state, symbol);
      run = state.value(run, [&](std::uint16_t read) { return read >= 1 && read <= count - i; });
      if (state.is_reading())
        for (std::size_t j = i; j < i + run; ++j) history_[at(j)] = symbol;
      i += run;
    }
  }

  void transfer_places(StateBytes& state, std::uint64_t step) noexcept {
    auto count = static_cast<std::uint32_t>(
        std::count_if(places_.begin(), places_.end(), [&](const Place& place) { return is_taken(place); }));
    count = state.value(count, [](std::uint32_t read) { return read <= kPlaces; });
    if (state.is_reading()) std::fill(places_.begin(), places_.end(), Place{});
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < count && state.ok(); ++i) {
      if (state.is_writing())
        while (!is_taken(places_[next])) ++next;
      auto index = static_cast<std::uint16_t>(next++);
      index = state.value(index, [](std::uint16_t read) { return read < kPlaces; });
      if (!state.ok()) return;
      Place place = places_[index];
      place.changes = state.value(place.changes);
      place.step -= begin_;
      place.step = state.value(place.step, [&](std::uint64_t read) { return 0 < read && read <= step; });
      if (state.is_reading()) places_[index] = place;
    }
  }

  // Continues the repeat, or begins one, if these changes occurred before.
  void follow(std::uint64_t changes) noexcept {
    Place& place = places_[changes * 0xD6E8FEB86659FD93u >> (64 - kBits)];
    if (lag_ > 0) {
      ++length_;
    } else if (place.changes == changes && is_taken(place) && step_ + 1 - place.step < kTimesteps) {
      lag_ = step_ + 1 - place.step;
      length_ = 1;
    }
    place = {changes, step_ + 1};
  }

  // The timestep `steps` before the next one.
  const Symbol& ago(std::uint64_t steps) const noexcept { return history_[(step_ - steps) % kTimesteps]; }

  std::size_t order_;
  std::vector<Symbol> history_;    // a ring buffer
  std::vector<Place> places_;      // the last occurrence of changes, by their hash
  std::uint64_t step_ = 0;         // timesteps so far, with those before reset()
  std::uint64_t begin_ = 0;        // those before reset()
  std::uint64_t run_ = 0;          // those since the last change
  std::uint64_t lag_ = 0;          // timesteps back to what is repeated, or 0
  std::uint64_t length_ = 0;       // changes that have been repeated
  std::uint64_t changes_ = 0;      // changes so far
  std::uint64_t last_change_ = 0;  // its hash
};

}  // namespace gruve::inline v0_2
