#include "gruve/corpus/fingerprint.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/midi/song.hpp"

using namespace gruve;

namespace {

// A melody by chance.
Song melody(std::uint64_t seed, int notes = 64) {
  Rng rng(seed);
  Song song;
  for (int i = 0; i < notes; ++i)
    song.notes.push_back({i * 240, i * 240 + 200, 55 + static_cast<int>(rng.below(20))});
  return song;
}

Song transposed(Song song, int semitones) {
  for (Note& note : song.notes) note.pitch += semitones;
  return song;
}

}  // namespace

TEST_CASE("A copy in another key, at another tempo and of other lengths has the same fingerprint",
          "[corpus][fingerprint]") {
  const Song song = melody(1);
  Song copy = transposed(song, 3);
  for (Note& note : copy.notes) note = {note.start * 2, note.end * 2 + 7, note.pitch, 99};
  copy.tempos = {{0, 300'000}};
  CHECK(fingerprint(copy) == fingerprint(song));
  CHECK(SongSketch::of(copy).least == SongSketch::of(song).least);
  CHECK(fingerprint(melody(2)) != fingerprint(song));
  // Drums are not transposed, and are not looked at.
  const auto with_drums = [](Song of) {
    for (std::int64_t i = 0; i < 40; ++i) of.notes.push_back({i * 480, i * 480 + 60, 36, 80, kDrumChannel});
    sort_notes(of.notes);
    return of;
  };
  CHECK(fingerprint(with_drums(song)) == fingerprint(song));
  CHECK(fingerprint(with_drums(transposed(song, -5))) == fingerprint(song));
  CHECK(SongSketch::of(with_drums(transposed(song, -5))).least == SongSketch::of(song).least);
  CHECK_FALSE(fingerprint(with_drums(melody(1, 15))));
  CHECK_FALSE(fingerprint(melody(1, 15)));
  CHECK(fingerprint(melody(1, 16)));
}

TEST_CASE("A copy with a note more or less is near, another song is not", "[corpus][fingerprint]") {
  int near = 0, other = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Song song = melody(2 * seed);
    Song more = song, less = song;
    more.notes.insert(more.notes.begin() + 20, {20 * 240 - 100, 20 * 240, 66});
    less.notes.erase(less.notes.begin() + 40);
    near += SongSketch::of(song).is_near(SongSketch::of(more)) ? 1 : 0;
    near += SongSketch::of(song).is_near(SongSketch::of(less)) ? 1 : 0;
    other += SongSketch::of(song).is_near(SongSketch::of(melody(2 * seed + 1))) ? 1 : 0;
  }
  // Of 58 runs of six intervals 52 are in both of 65: J = 0.8, over three standard errors above a half.
  CHECK(near >= 598);
  CHECK(other == 0);
  CHECK_FALSE(SongSketch::of(melody(1, 15)).is_near(SongSketch::of(melody(1, 15))));
}

TEST_CASE("Near copies are found in any number of songs, and a chain of them is no group",
          "[corpus][fingerprint]") {
  NearCopies copies;
  for (std::uint64_t i = 0; i < 500; ++i) REQUIRE(copies.add(SongSketch::of(melody(i))) == i);
  Song near = transposed(melody(77), -2);
  near.notes.erase(near.notes.begin() + 5);
  CHECK(copies.add(SongSketch::of(near)) == 77);
  CHECK(copies.add(SongSketch::of(melody(77))) == 77);
  CHECK(copies.add(SongSketch::of(melody(1000))) == 502);
  CHECK(copies.add(SongSketch{}) == 503);
  CHECK(copies.add(SongSketch{}) == 504);

  // Each of these shares four fifths with the one before, the last nothing with the first.
  NearCopies chain;
  const Song all = melody(5, 640);
  std::vector<std::size_t> first;
  for (std::ptrdiff_t i = 0; i < 40; ++i) {
    Song part;
    part.notes.assign(all.notes.begin() + 12 * i, all.notes.begin() + 12 * i + 64);
    first.push_back(chain.add(SongSketch::of(part)));
  }
  CHECK(first[1] == 0);
  CHECK(first[39] > 30);
}
