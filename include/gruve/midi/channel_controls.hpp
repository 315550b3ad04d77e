#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2::internal {

/// Collects the programs and the pedal of a file, track after track. Only changes are kept: many pedals send
/// each of their positions, and many programs repeat themselves.
class ChannelControls {
 public:
  /// A track begins, in which nothing is known yet.
  void begin_track() noexcept {
    pedal_.fill(-1);
    program_.fill(-1);
  }

  void move_pedal(Song& song, const PedalMove& move) {
    if (std::exchange(at(pedal_, move.channel), static_cast<signed char>(move.down)) != move.down)
      song.pedal.push_back(move);
  }

  void change_program(Song& song, const ProgramChange& change) {
    if (std::exchange(at(program_, change.channel), static_cast<signed char>(change.program)) !=
        change.program)
      song.programs.push_back(change);
  }

  /// Brings all into the order of their ticks. Several tracks of one channel may say the same.
  void finish(Song& song) const {
    keep_changes(
        song.pedal, [](const PedalMove& move) { return static_cast<int>(move.down); }, 0);
    keep_changes(
        song.programs, [](const ProgramChange& change) { return change.program; }, -1);
  }

 private:
  using Values = std::array<signed char, 16>;  // of each channel; -1 if it is not known

  static signed char& at(Values& values, int channel) { return values[static_cast<std::size_t>(channel)]; }

  // value    of a change
  // initial  value before a channel's first
  template <class Change, class Value>
  static void keep_changes(std::vector<Change>& changes, Value&& value, int initial) {
    std::stable_sort(changes.begin(), changes.end(),
                     [](const Change& a, const Change& b) { return a.tick < b.tick; });
    std::array<int, 16> held;
    held.fill(initial);
    std::erase_if(changes, [&](const Change& change) {
      return std::exchange(held[static_cast<std::size_t>(change.channel)], value(change)) == value(change);
    });
  }

  Values pedal_{}, program_{};
};

}  // namespace gruve::inline v0_2::internal
