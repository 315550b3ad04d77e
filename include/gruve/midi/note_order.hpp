#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/midi/midi_file.hpp"
#include "gruve/midi/song.hpp"

// Sorts notes as sort_notes() does, if the notes of each track already begin in order.

namespace gruve::inline v0_2::internal {

/// Start and pitch in one number, so that a comparison takes no (unpredictable) branch.
inline std::int64_t order_key(const Note& note) {
  static_assert(kMaxTicks < std::int64_t{1} << 56);
  return note.start << 7 | note.pitch;
}

/// Sorts the notes from index `first` on, which are ordered by start: only notes that begin together are
/// reordered. Most programs write them in the order of their pitches already.
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

/// Merges notes [left, right) and [right, end), neither empty, to `to`: from both ends at once, because at
/// one end each choice depends on the previous one.
inline void merge_pair(const Note* left, const Note* right, const Note* end, Note* to) {
  const Note* left_last = right - 1;
  const Note* right_last = end - 1;
  Note* back = to + (end - left);
  const auto is_earlier = [](const Note* a, const Note* b) -> std::ptrdiff_t {
    const std::int64_t key_a = order_key(*a), key_b = order_key(*b);
    if (key_a == key_b) [[unlikely]]
      return earlier(*a, *b) ? 1 : 0;
    return key_a < key_b ? 1 : 0;
  };
  while (left < left_last && right < right_last) {
    const std::ptrdiff_t is_right = is_earlier(right, left);
    *to++ = *(left + ((right - left) & -is_right));
    right += is_right;
    left += 1 - is_right;
    const std::ptrdiff_t is_left = is_earlier(right_last, left_last);
    *--back = *(right_last + ((left_last - right_last) & -is_left));
    left_last -= is_left;
    right_last -= 1 - is_left;
  }
  while (left <= left_last && right <= right_last) *to++ = is_earlier(right, left) ? *right++ : *left++;
  to = std::copy(left, left_last + 1, to);
  std::copy(right, right_last + 1, to);
}

/// Merges runs of notes, each sorted.
///
/// runs  the index at which each begins, ascending, the first 0
inline void merge_runs(std::vector<Note>& notes, std::vector<std::size_t> runs) {
  runs.push_back(notes.size());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  if (runs.size() < 3) return;
  for (std::vector<Note> merged = notes; runs.size() > 2; notes.swap(merged)) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i + 1 < runs.size(); i += 2) {
      const Note* const from = notes.data();
      Note* const to = merged.data() + runs[i];
      if (i + 2 < runs.size())
        merge_pair(from + runs[i], from + runs[i + 1], from + runs[i + 2], to);
      else
        std::copy(from + runs[i], from + runs[i + 1], to);
      runs[kept++] = runs[i];
    }
    runs[kept++] = notes.size();
    runs.resize(kept);
  }
}

}  // namespace gruve::inline v0_2::internal
