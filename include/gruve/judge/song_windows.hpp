#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gruve/midi/music.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"

namespace gruve::inline v0_2 {

/// How long the windows are that a song is cut into.
struct WindowLength {
  int bars = 0;        // whole bars; 0 for seconds
  double seconds = 0;  // the bars that begin in so many seconds
};

/// The notes of a song that begin in [begin, end) ticks, as a song from tick 0, with the tempo and the metre
/// that hold there. What sounds at the end is cut there.
inline Song excerpt(const Song& song, std::int64_t begin, std::int64_t end) {
  Song part{.ticks_per_quarter = song.ticks_per_quarter};
  const auto shift = [&](auto map, auto& to) {
    for (auto change : map) {
      if (change.tick >= end) break;
      change.tick = std::max<std::int64_t>(0, change.tick - begin);
      if (!to.empty() && change.tick == 0) to.clear();
      to.push_back(change);
    }
  };
  shift(tempo_map(song), part.tempos);
  shift(metre_map(song), part.time_signatures);
  for (Note note : song.notes) {
    if (note.start < begin || note.start >= end) continue;
    note.end = (std::min)(note.end, end) - begin;
    note.start -= begin;
    part.notes.push_back(note);
  }
  part.length = end - begin;
  return part;
}

/// Cuts the music of a song into windows one after another, from its first bar. What is left at the end, and
/// a window without a note, is dropped: of a number of bars what is shorter, of seconds what is shorter than
/// half.
inline std::vector<Song> song_windows(const Song& whole, WindowLength length) {
  const Song song = music_of(whole).song;
  const Bars bars(song);
  const Timeline timeline(song);
  std::vector<Song> windows;
  std::int64_t begin = 0;
  while (begin < song.length) {
    std::int64_t end = begin;
    int count = 0;
    const double from = timeline.seconds(begin);
    while (end < song.length &&
           (length.bars > 0 ? count < length.bars : timeline.seconds(end) - from < length.seconds - 1e-9)) {
      end = bars.at(end).end;
      ++count;
    }
    const bool is_whole = length.bars > 0
                              ? count == length.bars
                              : timeline.seconds((std::min)(end, song.length)) - from >= length.seconds / 2;
    if (is_whole) {
      windows.push_back(excerpt(song, begin, end));
      if (windows.back().notes.empty()) windows.pop_back();
    }
    begin = end;
  }
  return windows;
}

}  // namespace gruve::inline v0_2
