#pragma once

#include <cstddef>
#include <cstdint>

#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/repeat_finder.hpp"

namespace gruve::inline v0_2 {

/// Finds repeats of one voice, a key or none in each timestep, in any transposition: a tune over other
/// chords, a sequence, a fugue's subject. In silence the voice stays on its key. Allocates in its constructor
/// only.
class VoiceRepeats {
 public:
  VoiceRepeats() : intervals_(2) {}  // no timestep yet

  /// Forgets all timesteps.
  void reset() noexcept {
    intervals_.reset();
    key_ = -1;
  }

  /// Takes the next timestep.
  ///
  /// key  0 to kNumKeys − 1, or -1 for silence
  void advance(int key) noexcept {
    const int interval = key < 0 || key_ < 0 ? 0 : key - key_;
    if (key >= 0) key_ = key;
    intervals_.advance(static_cast<std::int8_t>(interval), interval != 0);
  }

  /// The number of changes of its key for which the voice has repeated itself; 0 if it does not.
  std::size_t length() const noexcept {
    if (intervals_.length() == 0) return 0;
    const int next = key_ + intervals_.expected();
    return next >= 0 && next < kNumKeys ? intervals_.length() : 0;
  }

  /// Its key in the next timestep if the repeat continues. Only if length() is not 0.
  int expected() const noexcept { return key_ + intervals_.expected(); }

  /// Writes or reads the state.
  void transfer(StateBytes& state) noexcept {
    intervals_.transfer(state);
    state.value(key_, [](int key) { return -1 <= key && key < kNumKeys; });
  }

 private:
  RepeatFinder<std::int8_t> intervals_;  // each from the timestep before
  int key_ = -1;                         // the last one, -1 before the first
};

}  // namespace gruve::inline v0_2
