#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/midi/midi_file.hpp"
#include "gruve/midi/song.hpp"

/// The order of sort_notes() for notes of which each track's begin in order already.
namespace gruve::internal {

/// By start, then pitch: one number, so that to compare takes no branch, which would be a guess.
inline std::int64_t order_key(const Note& note) {
  static_assert(kMaxTicks < std::int64_t{1} << 56);
  return note.start << 7 | note.pitch;
}

/// Sorts the notes from index `first` on, which begin in order: those that begin together, wherever they
/// aren't. Most writers put them in the order of their pitches.
inline void sort_chords(std::vector<Note>& song_notes, std::size_t first) {
  const std::size_t last = song_notes.size();
  Note* const notes = song_notes.data();
  std::int64_t before = -1;
  for (std::size_t i = first; i < last; ++i) {
    const std::int64_t now = order_key(notes[i]);
    const bool in_order = now > before || earlier(notes[i - 1], notes[i]);
    before = now;
    if (in_order) continue;
    std::size_t begin = i - 1, end = i + 1;
    while (begin > first && notes[begin - 1].start == notes[i].start) --begin;
    while (end < last && notes[end].start == notes[i].start) ++end;
    std::sort(notes + begin, notes + end, [](const Note& a, const Note& b) { return earlier(a, b); });
    i = end - 1;
    before = order_key(notes[i]);
  }
}

/// Merges notes [left, right) and [right, end) by their keys to the same place of `to`: from both ends at
/// once, since each choice waits for the one before it at its end.
inline void merge_pair(const Note* notes, std::size_t left, std::size_t right, std::size_t end, Note* to) {
  std::size_t left_end = right;
  Note* front = to + left;
  Note* back = to + end;
  const auto take_first = [&] {
    const std::size_t is_right = order_key(notes[right]) < order_key(notes[left]);
    *front++ = notes[left + (right - left) * is_right];
    right += is_right;
    left += 1 - is_right;
  };
  while (left_end - left > 1 && end - right > 1) {
    take_first();
    const std::size_t is_left = order_key(notes[end - 1]) < order_key(notes[left_end - 1]);
    left_end -= is_left;
    end -= 1 - is_left;
    *--back = notes[end + (left_end - end) * is_left];
  }
  while (left != left_end && right != end) take_first();
  front = std::copy(notes + left, notes + left_end, front);
  std::copy(notes + right, notes + end, front);
}

/// Merges runs of notes, each in order.
///
/// runs  where each begins, ascending, the first at 0
inline void merge_runs(std::vector<Note>& notes, std::vector<std::size_t> runs) {
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  if (runs.size() < 2) return;
  runs.push_back(notes.size());
  for (std::vector<Note> merged = notes; runs.size() > 2; notes.swap(merged)) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i + 1 < runs.size(); i += 2) {
      const std::size_t end = runs[std::min(i + 2, runs.size() - 1)];
      merge_pair(notes.data(), runs[i], runs[i + 1], end, merged.data());
      runs[kept++] = runs[i];
    }
    runs[kept++] = notes.size();
    runs.resize(kept);
  }
  sort_chords(notes, 0);
}

}  // namespace gruve::internal
