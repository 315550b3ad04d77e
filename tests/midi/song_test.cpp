#include "gruve/midi/song.hpp"

#include <vector>

#include "catch.hpp"

using namespace gruve;

TEST_CASE("Seconds follow the tempo map", "[midi][song]") {
  // 100 ticks a quarter note; 120 bpm until tick 200, then 60 bpm, from tick 300 on 240 bpm.
  const Song song{.ticks_per_quarter = 100, .tempos = {{200, 1'000'000}, {300, 250'000}}, .length = 700};
  CHECK(seconds_at(song, 0) == 0.0);
  CHECK(seconds_at(song, 100) == Approx(0.5));
  CHECK(seconds_at(song, 200) == Approx(1.0));
  CHECK(seconds_at(song, 250) == Approx(1.5));
  CHECK(seconds_at(song, 300) == Approx(2.0));
  CHECK(duration_seconds(song) == Approx(3.0));
}

TEST_CASE("A quarter note of half a second is 120 beats a minute", "[midi][song]") {
  CHECK(Tempo{}.bpm() == Approx(120.0));
  CHECK(Tempo{0, 1'001'000}.bpm() == Approx(59.94005994));
}

TEST_CASE("Notes are sorted by start, pitch, end, channel and velocity", "[midi][song]") {
  const std::vector<Note> sorted{{0, 9, 70, 1, 0}, {1, 2, 60, 9, 0}, {1, 3, 60, 8, 0},
                                 {1, 3, 60, 7, 1}, {1, 3, 60, 8, 1}, {1, 2, 61, 1, 0}};
  std::vector<Note> notes(sorted.rbegin(), sorted.rend());
  sort_notes(notes);
  CHECK(notes == sorted);
}
