#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/midi/music.hpp"
#include "gruve/midi/note_order.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// A song of which a fraction of the notes, each drawn on its own, is moved: one half of these by 1 to 6
/// semitones up or down, the other half by 1 to 4 sixteenths earlier or later. Drums are moved in time only.
inline Song with_moved_notes(Song song, double share, Rng& rng) {
  const std::int64_t sixteenth = std::max<std::int64_t>(1, song.ticks_per_quarter / 4);
  for (Note& note : song.notes) {
    const bool is_moved = static_cast<double>(rng.uniform()) < share;
    const bool in_time = rng.below(2) == 0 || note.channel == kDrumChannel;
    const int sign = rng.below(2) == 0 ? -1 : 1;
    const auto most = static_cast<int>(rng.below(in_time ? 4 : 6)) + 1;
    if (!is_moved) continue;
    if (in_time) {
      const std::int64_t start =
          std::max<std::int64_t>(0, note.start + std::int64_t{sign} * most * sixteenth);
      note.end += start - note.start;
      note.start = start;
    } else {
      // A key outside the piano moves to the other side.
      const int pitch = note.pitch + sign * most;
      note.pitch = pitch < 21 || pitch > 108 ? note.pitch - sign * most : pitch;
    }
  }
  sort_notes(song.notes);
  return song;
}

namespace internal {

// The bar of each note's beginning, and the bars up to the last note.
inline std::vector<Bar> bars_of_notes(const Song& song, std::vector<std::size_t>& bar_of_note) {
  const Bars bars(song);
  std::vector<Bar> all;
  for (const Note& note : song.notes) {
    while (all.empty() || all.back().end <= note.start)
      all.push_back(bars.at(all.empty() ? 0 : all.back().end));
    bar_of_note.push_back(all.size() - 1);
  }
  return all;
}

}  // namespace internal

/// A song whose bars are in random order; bars of one length change places with each other. A note belongs to
/// the bar that it begins in, and keeps its length.
inline Song with_shuffled_bars(Song song, Rng& rng) {
  std::vector<std::size_t> bar_of_note;
  const std::vector<Bar> bars = internal::bars_of_notes(song, bar_of_note);
  std::map<std::int64_t, std::vector<std::size_t>> by_length;
  for (std::size_t i = 0; i < bars.size(); ++i) by_length[bars[i].end - bars[i].begin].push_back(i);
  std::vector<std::size_t> place(bars.size());
  for (const auto& [length, members] : by_length) {
    std::vector<std::size_t> order = members;
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[rng.below(static_cast<std::uint32_t>(i))]);
    for (std::size_t i = 0; i < members.size(); ++i) place[members[i]] = order[i];
  }
  for (std::size_t n = 0; n < song.notes.size(); ++n) {
    const std::int64_t shift = bars[place[bar_of_note[n]]].begin - bars[bar_of_note[n]].begin;
    song.notes[n].start += shift;
    song.notes[n].end += shift;
    song.length = (std::max)(song.length, song.notes[n].end);
  }
  sort_notes(song.notes);
  return song;
}

/// A song of which a fraction of the bars, each drawn on its own, is transposed by 1 to 6 semitones up or
/// down. A note that would leave the piano stays.
inline Song with_shifted_keys(Song song, double share, Rng& rng) {
  std::vector<std::size_t> bar_of_note;
  const std::vector<Bar> bars = internal::bars_of_notes(song, bar_of_note);
  std::vector<int> shifts;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const bool is_shifted = static_cast<double>(rng.uniform()) < share;
    const int sign = rng.below(2) == 0 ? -1 : 1;
    const auto semitones = static_cast<int>(rng.below(6)) + 1;
    shifts.push_back(is_shifted ? sign * semitones : 0);
  }
  for (std::size_t n = 0; n < song.notes.size(); ++n) {
    Note& note = song.notes[n];
    const int pitch = note.pitch + shifts[bar_of_note[n]];
    if (note.channel != kDrumChannel && pitch >= 21 && pitch <= 108) note.pitch = pitch;
  }
  sort_notes(song.notes);
  return song;
}

}  // namespace gruve::inline v0_2
