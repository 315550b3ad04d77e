#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gruve/core/state_bytes.hpp"

namespace gruve::inline v0_2 {

/// Estimates the key of music while its notes come: the one of the 24 keys whose profile (Krumhansl and
/// Kessler 1982) correlates best with the pitch classes of the last notes, each of which weighs 127/128 of
/// the next one. In integers, so that it is the same on every machine. Allocates nothing.
class RunningKey {
 public:
  static constexpr int kKeys = 24;

  /// Forgets all notes.
  void reset() noexcept {
    weights_.fill(0);
    key_ = -1;
  }

  /// Takes a note of a pitch class, 0 to 11.
  void advance(int pitch_class) noexcept {
    for (std::int32_t& weight : weights_) weight -= weight >> kMemory;
    weights_[static_cast<std::size_t>(pitch_class)] += 1 << 14;
    find();
  }

  /// The pitch class of the tonic, plus 12 in minor; -1 before the first note.
  int key() const noexcept { return key_; }

  /// Writes or reads the state.
  void transfer(StateBytes& state) noexcept {
    state.values(std::span(weights_), [](std::int32_t weight) { return 0 <= weight && weight <= 1 << 23; });
    state.value(key_, [](int key) { return -1 <= key && key < kKeys; });
  }

 private:
  static constexpr int kMemory = 7;  // 128 notes

  // 1,000 times the profiles, with mean 0 and length 1.
  static constexpr std::array<std::array<std::int32_t, 12>, 2> kProfiles = {
      {{655, -286, -1, -263, 205, 139, -220, 390, -250, 41, -273, -138},
       {655, -257, -47, 418, -277, -45, -292, 260, 68, -255, -92, -135}}};

  void find() noexcept {
    std::int64_t best = INT64_MIN;
    for (int key = 0; key < kKeys; ++key) {
      const auto& profile = kProfiles[static_cast<std::size_t>(key / 12)];
      std::int64_t fit = 0;
      for (std::size_t degree = 0; degree < 12; ++degree)
        fit += std::int64_t{profile[degree]} * weights_[(degree + static_cast<std::size_t>(key)) % 12];
      if (fit <= best) continue;
      best = fit;
      key_ = key;
    }
  }

  std::array<std::int32_t, 12> weights_{};
  int key_ = -1;
};

}  // namespace gruve::inline v0_2
