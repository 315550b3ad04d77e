#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/measure/grid_song.hpp"
#include "gruve/measure/suffix_array.hpp"

namespace gruve {

/// A song as it is looked for in others: what leads from each note to the next, whatever the key and the bar.
/// Notes are ordered by sixteenth, then pitch; two of one key at one sixteenth are one; drums don't count.
struct NoteSteps {
  /// [notes - 1] from each note to the next: sixteenths · 256 + semitones + 128
  std::vector<std::uint64_t> steps{};
  std::vector<float> seconds{};  // [notes] at which each begins
};

/// Sixteenths, not the finer grid of the other measures: so a song is found again that was played, or
/// encoded, less exactly.
inline NoteSteps note_steps(const GridSong& song) {
  constexpr std::int64_t kSixteenth = kMeasureSteps / 4;
  struct Place {
    std::int64_t sixteenth;
    int pitch;
    std::int64_t step;
    bool operator<(const Place& other) const noexcept {
      return sixteenth != other.sixteenth ? sixteenth < other.sixteenth : pitch < other.pitch;
    }
  };
  std::vector<Place> places;
  for (const GridNote& note : song.notes)
    if (!note.is_drum) places.push_back({(note.begin + kSixteenth / 2) / kSixteenth, note.pitch, note.begin});
  std::stable_sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end(),
                           [](const Place& a, const Place& b) {
                             return a.sixteenth == b.sixteenth && a.pitch == b.pitch;
                           }),
               places.end());
  NoteSteps result;
  for (std::size_t i = 0; i < places.size(); ++i) {
    result.seconds.push_back(static_cast<float>(song.seconds_at(places[i].step)));
    if (i == 0) continue;
    result.steps.push_back(static_cast<std::uint64_t>(places[i].sixteenth - places[i - 1].sixteenth) * 256 +
                           static_cast<std::uint64_t>(places[i].pitch - places[i - 1].pitch + 128));
  }
  return result;
}

/// The longest run of notes that a song has in common with others.
struct CopiedRun {
  std::size_t notes = 0;  // 0 where not even two in a row are in any other
  std::size_t song = 0;   // of the corpus, which has it too
  std::size_t here = 0;   // the run's first note in the song itself
  std::size_t there = 0;  // and in the other
};

/// What of a song stands in others.
struct Copied {
  CopiedRun longest{};
  std::vector<std::uint32_t> notes{};  // [steps] in the longest run from each note on, 0 for none
};

/// The longest run of notes within some seconds of a song that stands in others.
inline std::size_t longest_copied_run(const Copied& copied, const NoteSteps& song, double begin, double end) {
  const auto place = [&](double seconds) {
    return static_cast<std::size_t>(
        std::lower_bound(song.seconds.begin(), song.seconds.end(), static_cast<float>(seconds)) -
        song.seconds.begin());
  };
  const std::size_t last = place(end);
  std::size_t longest = 0;
  for (std::size_t i = place(begin); i < std::min(last, copied.notes.size()); ++i)
    longest = std::max(longest, std::min<std::size_t>(copied.notes[i], last - i));
  return longest > 1 ? longest : 0;  // one note is no run
}

/// Of every song the runs of notes that stand in a song of the corpus too, in any key: of a piece in any
/// song, of a corpus song in any other. Where several are equally long, one of them.
///
/// identities  of the corpus's songs, as fingerprint() gives them: songs of the same one are not compared
/// with
///             each other. Where there are none, all songs are different.
/// Returns first those of the pieces, then those of the corpus.
/// Throws Error where there are 2^32 notes or more. Time is that of suffix_array.
inline std::vector<Copied> find_copied(std::span<const NoteSteps> pieces, std::span<const NoteSteps> corpus,
                                       std::span<const std::uint64_t> identities = {}) {
  const std::size_t num_songs = pieces.size() + corpus.size();
  const auto song_at = [&](std::size_t i) -> const NoteSteps& {
    return i < pieces.size() ? pieces[i] : corpus[i - pieces.size()];
  };
  std::vector<std::uint64_t> alphabet;
  std::vector<std::size_t> begins;  // in the text, of each song
  std::size_t size = 0;
  for (std::size_t i = 0; i < num_songs; ++i) {
    begins.push_back(size);
    size += song_at(i).steps.size() + 1;
    alphabet.insert(alphabet.end(), song_at(i).steps.begin(), song_at(i).steps.end());
  }
  if (size > UINT32_MAX) throw Error("more than 4294967295 notes are too many to compare");
  std::sort(alphabet.begin(), alphabet.end());
  alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());

  // All songs, each with an end of its own, so that nothing in common runs over it.
  std::vector<std::uint32_t> text, owner;
  for (std::size_t i = 0; i < num_songs; ++i) {
    for (const std::uint64_t step : song_at(i).steps)
      text.push_back(static_cast<std::uint32_t>(
          num_songs + 1 +
          static_cast<std::size_t>(std::lower_bound(alphabet.begin(), alphabet.end(), step) -
                                   alphabet.begin())));
    text.push_back(static_cast<std::uint32_t>(i + 1));
    owner.resize(text.size(), static_cast<std::uint32_t>(i));
  }
  const SuffixArray suffixes = suffix_array(text);

  const auto identity = [&](std::size_t song) {
    return identities.empty() ? static_cast<std::uint64_t>(song) : identities[song - pieces.size()];
  };
  std::vector<Copied> result(num_songs);
  for (std::size_t i = 0; i < num_songs; ++i) result[i].notes.resize(song_at(i).steps.size());
  // Of all suffixes the nearest in the order have the most in common. So each is compared with the nearest
  // one of the corpus on either side that is of another song: the last one, or the last that isn't of the
  // last's song.
  struct Neighbour {
    bool exists = false;
    std::uint64_t identity = 0;
    std::size_t begin = 0;
    std::uint32_t common = 0;  // with the suffix that is looked at
  };
  const auto sweep = [&](auto place_of, auto common_of) {
    Neighbour last, other;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::uint32_t common = i > 0 ? common_of(i) : 0;
      last.common = std::min(last.common, common);
      other.common = std::min(other.common, common);
      const std::size_t begin = suffixes.begins[place_of(i)];
      const std::size_t song = owner[begin];
      const bool is_piece = song < pieces.size();
      const bool is_last = !is_piece && last.exists && last.identity == identity(song);
      const Neighbour& found = is_last ? other : last;
      if (found.exists && found.common > 0) {
        const std::size_t here = begin - begins[song], from = owner[found.begin];
        Copied& copied = result[song];
        copied.notes[here] = std::max(copied.notes[here], found.common + 1);
        if (found.common + std::size_t{1} > copied.longest.notes)
          copied.longest = {found.common + std::size_t{1}, from - pieces.size(), here,
                            found.begin - begins[from]};
      }
      if (is_piece) continue;
      if (!is_last) other = last;
      last = {true, identity(song), begin, UINT32_MAX};
    }
  };
  const std::size_t n = text.size();
  sweep([](std::size_t i) { return i; }, [&](std::size_t i) { return suffixes.common[i]; });
  sweep([n](std::size_t i) { return n - 1 - i; }, [&](std::size_t i) { return suffixes.common[n - i]; });
  return result;
}

}  // namespace gruve
