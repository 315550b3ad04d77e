#pragma once

#include <cstddef>
#include <cstdint>

#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/repeat_finder.hpp"

namespace gruve {

/// Follows one voice, a key or none in each timestep, where it repeats itself on the same key or another: a
/// tune over other chords, a sequence, a fugue's subject. Where it is silent it stays on its key.
class VoiceRepeats {
 public:
  VoiceRepeats() : intervals_(2) {}

  /// To where no timestep has been.
  void reset() noexcept {
    intervals_.reset();
    key_ = -1;
  }

  /// @param key  of the next timestep, 0 to kNumKeys − 1, or -1 for none
  void advance(int key) noexcept {
    const int interval = key < 0 || key_ < 0 ? 0 : key - key_;
    if (key >= 0) key_ = key;
    intervals_.advance(static_cast<std::int8_t>(interval), interval != 0);
  }

  /// For how many changes of its key the voice has repeated itself; 0 where it does not.
  std::size_t length() const noexcept {
    if (intervals_.length() == 0) return 0;
    const int next = key_ + intervals_.expected();
    return next >= 0 && next < kNumKeys ? intervals_.length() : 0;
  }
  /// Its key in the next timestep if it still does so. Only where length() is not 0.
  int expected() const noexcept { return key_ + intervals_.expected(); }

  void transfer(StateBytes& state) noexcept {
    intervals_.transfer(state);
    state.value(key_, [](int key) { return -1 <= key && key < kNumKeys; });
  }

 private:
  RepeatFinder<std::int8_t> intervals_;  // from the timestep before
  int key_ = -1;                         // the last one, -1 before the first
};

}  // namespace gruve
