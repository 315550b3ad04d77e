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

namespace gruve::inline v0_2 {

/// A song as it is compared with others: the steps from each note to the next, independent of key and bar.
/// Notes are ordered by sixteenth, then pitch; two of one pitch at one sixteenth are one; drums are ignored.
struct NoteSteps {
  std::vector<std::uint64_t> steps{};  // [notes - 1] to the next: sixteenths · 256 + semitones + 128
  std::vector<float> seconds{};        // [notes] at which each note begins
};

/// The steps of a song. In sixteenths, not the finer grid of the other measures, so that a song is found that
/// was played or encoded less exactly.
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
  std::size_t notes = 0;  // its length; 0 if no two successive notes are in another song
  std::size_t song = 0;   // index of the corpus song that contains it too
  std::size_t here = 0;   // index of its first note in the song itself
  std::size_t there = 0;  // index of its first note in the other song
};

/// The parts of a song that other songs contain.
struct Copied {
  CopiedRun longest{};                 // of all runs
  std::vector<std::uint32_t> notes{};  // [steps] notes of the longest run from each note on, 0 for none
};

/// The notes of the longest run in [begin, end) seconds of a song that other songs contain; 0 for none.
inline std::size_t longest_copied_run(const Copied& copied, const NoteSteps& song, double begin, double end) {
  const auto place = [&](double seconds) {
    return static_cast<std::size_t>(
        std::lower_bound(song.seconds.begin(), song.seconds.end(), static_cast<float>(seconds)) -
        song.seconds.begin());
  };
  const std::size_t last = place(end);
  std::size_t longest = 0;
  for (std::size_t i = place(begin); i < (std::min)(last, copied.notes.size()); ++i)
    longest = (std::max)(longest, std::min<std::size_t>(copied.notes[i], last - i));
  return longest > 1 ? longest : 0;  // one note is not a run
}

/// The runs of notes that pieces and corpus songs share with songs of the corpus, in any key: a piece with
/// any of them, a corpus song with any other. Of several equally long runs one is reported.
///
/// identities  one for each corpus song, as fingerprint() returns them: songs of equal identity are not
///             compared with each other. If empty, all songs are different.
///
/// Returns the results of the pieces, then those of the corpus songs. Throws Error if there are 2^32 notes or
/// more. Time and memory are those of suffix_array over all notes.
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
  if (size > UINT32_MAX) internal::raise(Error("more than 4294967295 notes are too many to compare"));
  std::sort(alphabet.begin(), alphabet.end());
  alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());

  // All songs, each followed by a symbol of its own, so that no run extends into the next song.
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
  // Neighbours in the sorted order share the longest prefixes. So each suffix is compared with the nearest
  // corpus suffix of another song on either side: the last one, or the last one that is not of that song.
  struct Neighbour {
    bool exists = false;
    std::uint64_t identity = 0;
    std::size_t begin = 0;
    std::uint32_t common = 0;  // symbols in common with the current suffix
  };
  const auto sweep = [&](auto place_of, auto common_of) {
    Neighbour last, other;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::uint32_t common = i > 0 ? common_of(i) : 0;
      last.common = (std::min)(last.common, common);
      other.common = (std::min)(other.common, common);
      const std::size_t begin = suffixes.begins[place_of(i)];
      const std::size_t song = owner[begin];
      const bool is_piece = song < pieces.size();
      const bool is_last = !is_piece && last.exists && last.identity == identity(song);
      const Neighbour& found = is_last ? other : last;
      if (found.exists && found.common > 0) {
        const std::size_t here = begin - begins[song], from = owner[found.begin];
        Copied& copied = result[song];
        copied.notes[here] = (std::max)(copied.notes[here], found.common + 1);
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

}  // namespace gruve::inline v0_2
