#include "gruve/measure/copying.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"

using namespace gruve;

namespace {

std::vector<std::uint32_t> random_text(std::size_t size, std::uint32_t letters, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::uint32_t> text(size);
  for (auto& letter : text) letter = rng.below(letters);
  return text;
}

// Notes on sixteenths: random pitches and distances.
std::vector<Note> random_notes(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Note> notes;
  std::int64_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    at += 6 * (1 + rng.below(3));
    notes.push_back({.start = at, .end = at + 6, .pitch = 40 + static_cast<int>(rng.below(40))});
  }
  return notes;
}

NoteSteps steps_of(std::vector<Note> notes) {
  sort_notes(notes);
  return note_steps(on_grid({.ticks_per_quarter = 24, .notes = std::move(notes)}));
}

}  // namespace

TEST_CASE("Suffixes are in order and their common beginnings counted", "[measure][suffixes]") {
  // b a n a n a: the suffixes are a, ana, anana, banana, na, nana.
  const std::vector<std::uint32_t> banana{'b', 'a', 'n', 'a', 'n', 'a'};
  const SuffixArray suffixes = suffix_array(banana);
  CHECK(suffixes.begins == std::vector<std::uint32_t>{5, 3, 1, 0, 4, 2});
  CHECK(suffixes.common == std::vector<std::uint32_t>{0, 1, 3, 0, 0, 2});
  CHECK(suffix_array({}).begins.empty());
  CHECK(suffix_array(std::vector<std::uint32_t>{0}).begins == std::vector<std::uint32_t>{0});
}

TEST_CASE("Suffixes of any text are sorted as plain comparison sorts them", "[measure][suffixes]") {
  for (const std::size_t size : {2u, 17u, 300u, 3000u})
    for (const std::uint32_t letters : {1u, 2u, 5u, 3'000'000'000u}) {
      CAPTURE(size, letters);
      const auto text = random_text(size, letters, size + letters);
      std::vector<std::uint32_t> expected(size);
      std::iota(expected.begin(), expected.end(), 0u);
      std::sort(expected.begin(), expected.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::lexicographical_compare(text.begin() + a, text.end(), text.begin() + b, text.end());
      });
      const SuffixArray suffixes = suffix_array(text);
      CHECK(suffixes.begins == expected);
      for (std::size_t i = 1; i < size; ++i) {
        const auto a = text.begin() + expected[i - 1], b = text.begin() + expected[i];
        const auto differ = std::mismatch(a, text.end(), b, text.end());
        REQUIRE(suffixes.common[i] == differ.second - b);
      }
    }
}

TEST_CASE("A run taken from a song is found in another key, at another place, held otherwise",
          "[measure][copying]") {
  const std::vector<NoteSteps> corpus = {steps_of(random_notes(300, 1)), steps_of(random_notes(300, 2))};
  // Notes 100 to 139 of the second song, up a fourth and two quarter notes and a sixteenth later, amid
  // others.
  const std::vector<Note> source = random_notes(300, 2);
  std::vector<Note> notes = random_notes(50, 3);
  const std::int64_t shift = notes.back().start + 54 - source[100].start;
  for (std::size_t i = 100; i < 140; ++i)
    notes.push_back({source[i].start + shift, source[i].start + shift + 3, source[i].pitch + 5});
  notes.push_back({notes.back().start + 96, notes.back().start + 100, 100});
  const std::vector<NoteSteps> pieces = {steps_of(notes)};
  const auto runs = find_copied(pieces, corpus);
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].longest.notes == 40);
  CHECK(runs[0].longest.song == 1);
  CHECK(runs[0].longest.here == 50);
  CHECK(runs[0].longest.there == 100);
  CHECK(runs[1].longest.notes < 8);  // the corpus's songs have nothing in common but chance
  CHECK(runs[1].longest.song == 1);
  CHECK(runs[2].longest.song == 0);
}

TEST_CASE("Small deviations in time, doubled notes and drums don't break a run", "[measure][copying]") {
  const std::vector<NoteSteps> corpus = {steps_of(random_notes(60, 1))};
  std::vector<Note> notes = random_notes(60, 1);
  for (std::size_t i = 0; i < notes.size(); ++i) notes[i].start += static_cast<std::int64_t>(i % 4) - 2;
  notes.push_back(notes[20]);
  notes.push_back({.start = 7, .end = 30, .pitch = 38, .channel = kDrumChannel});
  const std::vector<NoteSteps> pieces = {steps_of(notes)};
  CHECK(find_copied(pieces, corpus)[0].longest.notes == 60);
}

TEST_CASE("Songs that are the same are not compared with each other", "[measure][copying]") {
  std::vector<Note> other = random_notes(80, 5);
  for (std::size_t i = 0; i < 20; ++i)
    other[i + 30] = {5000 + 12 * static_cast<std::int64_t>(i), 5006 + 12 * static_cast<std::int64_t>(i),
                     60 + static_cast<int>(i)};
  std::vector<Note> scale;
  for (int i = 0; i < 20; ++i) scale.push_back({12 * i, 12 * i + 6, 50 + i});
  const std::vector<NoteSteps> corpus = {steps_of(random_notes(80, 4)), steps_of(random_notes(80, 4)),
                                         steps_of(other), steps_of(scale)};
  const auto all = find_copied({}, corpus);
  CHECK(all[0].longest.notes == 80);
  const std::vector<std::uint64_t> identities = {7, 7, 8, 9};
  const auto runs = find_copied({}, corpus, identities);
  CHECK(runs[0].longest.notes < 8);
  CHECK(runs[1].longest.notes < 8);
  CHECK(runs[2].longest.notes == 20);
  CHECK(runs[2].longest.song == 3);
  CHECK(runs[3].longest.notes == 20);
  // A piece is compared with all of them, whatever it is itself.
  const std::vector<NoteSteps> pieces = {steps_of(random_notes(80, 4))};
  CHECK(find_copied(pieces, corpus, identities)[0].longest.notes == 80);
}

TEST_CASE("Runs are as long as comparing every two places finds them", "[measure][copying]") {
  // Few steps, so that long runs happen; songs 0 and 3 are the same by decree.
  std::vector<NoteSteps> songs(7);
  for (std::size_t i = 0; i < songs.size(); ++i) {
    for (const std::uint32_t step : random_text(40 + 10 * i, 3, 100 + i)) songs[i].steps.push_back(step);
    songs[i].seconds.resize(songs[i].steps.size() + 1);
  }
  const std::size_t num_pieces = 2;
  const std::span<const NoteSteps> all(songs);
  const std::vector<std::uint64_t> identities = {0, 1, 2, 0, 4};
  const auto runs = find_copied(all.first(num_pieces), all.subspan(num_pieces), identities);
  for (std::size_t a = 0; a < songs.size(); ++a) {
    CAPTURE(a);
    std::size_t longest = 0;
    std::vector<std::uint32_t> from(songs[a].steps.size());
    const auto common = [&](std::size_t i, std::size_t b, std::size_t j) {
      std::size_t length = 0;
      while (i + length < songs[a].steps.size() && j + length < songs[b].steps.size() &&
             songs[a].steps[i + length] == songs[b].steps[j + length])
        ++length;
      return length;
    };
    for (std::size_t b = num_pieces; b < songs.size(); ++b) {
      if (a == b || (a >= num_pieces && identities[a - num_pieces] == identities[b - num_pieces])) continue;
      for (std::size_t i = 0; i < songs[a].steps.size(); ++i)
        for (std::size_t j = 0; j < songs[b].steps.size(); ++j) {
          const std::size_t length = common(i, b, j);
          longest = std::max(longest, length);
          if (length > 0) from[i] = std::max(from[i], static_cast<std::uint32_t>(length + 1));
        }
    }
    CHECK(runs[a].notes == from);
    CHECK(runs[a].longest.notes == longest + 1);
    const CopiedRun& run = runs[a].longest;
    CHECK(common(run.here, run.song + num_pieces, run.there) == longest);
  }
}

TEST_CASE("A run is cut where the seconds end that it is looked for in", "[measure][copying]") {
  // Notes a second apart, of which 3 to 9 stand elsewhere.
  NoteSteps song;
  for (int i = 0; i < 12; ++i) song.seconds.push_back(static_cast<float>(i));
  song.steps.resize(11);
  const Copied copied{.longest = {7, 0, 3, 0}, .notes = {0, 0, 0, 7, 6, 5, 4, 3, 2, 0, 0}};
  CHECK(longest_copied_run(copied, song, 0, 12) == 7);
  CHECK(longest_copied_run(copied, song, 0, 6) == 3);   // notes 3, 4 and 5
  CHECK(longest_copied_run(copied, song, 6, 12) == 4);  // 6 to 9
  CHECK(longest_copied_run(copied, song, 2, 4) == 0);
  CHECK(longest_copied_run(copied, song, 20, 30) == 0);
  CHECK(longest_copied_run({}, {}, 0, 30) == 0);
}
