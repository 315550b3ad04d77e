#include "gruve/tokens/screening.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace gruve;

namespace {

Song song_of(std::vector<Note> notes) {
  Song song;
  song.notes = std::move(notes);
  for (const Note& note : song.notes) song.length = std::max(song.length, note.end);
  return song;
}

}  // namespace

TEST_CASE("A song in range and on the grid is accepted", "[tokens][screening]") {
  const Screening verdict = screen(song_of({{0, 20, 21}, {0, 20, 108}}));
  CHECK(verdict.accepted());
  CHECK(verdict.detail.empty());
  CHECK_FALSE(verdict.note);
}

TEST_CASE("The rules have the names that reports print", "[tokens][screening]") {
  CHECK(rule_name(Rule::accepted) == "accepted");
  CHECK(rule_name(Rule::not_readable) == "not readable");
  CHECK(rule_name(Rule::no_notes) == "no notes");
  CHECK(rule_name(Rule::out_of_range) == "note outside the piano's 88 keys");
  CHECK(rule_name(Rule::too_short) == "note too short for the grid");
  CHECK(rule_name(Rule::too_long) == "too long");
}

TEST_CASE("One note outside the piano's keys refuses the song, unless it is dropped or folded",
          "[tokens][screening]") {
  const Song high = song_of({{0, 20, 60}, {480, 500, 109}});
  const Screening verdict = screen(high);
  CHECK(verdict.rule == Rule::out_of_range);
  CHECK(verdict.detail == "note 109 at tick 480 is above C8");
  CHECK(verdict.note == high.notes[1]);
  CHECK(screen(song_of({{0, 20, 20}})).detail == "note 20 at tick 0 is below A0");

  CHECK(screen(high, {.drop_out_of_range = true}).accepted());
  CHECK(screened(high, {.drop_out_of_range = true}).notes == std::vector<Note>{{0, 20, 60}});
  CHECK(screened(high, {.drop_out_of_range = true}).length == 500);

  // 109 is folded to 97; 0 up to 24, the first multiple of 12 from 21 on; 127 down to 103.
  const Song wide = song_of({{0, 20, 0}, {0, 20, 1}, {480, 500, 109}, {480, 500, 127}});
  CHECK(screen(wide, {.fold_octaves = true}).accepted());
  CHECK(screened(wide, {.fold_octaves = true}).notes ==
        std::vector<Note>{{0, 20, 24}, {0, 20, 25}, {480, 500, 97}, {480, 500, 103}});
  // Where both are asked for, folding leaves nothing to drop.
  CHECK(screened(wide, {.drop_out_of_range = true, .fold_octaves = true}).notes.size() == 4);
}

TEST_CASE("A note too short is one that begins and ends at the same timestep", "[tokens][screening]") {
  // 20 ticks a timestep: 10 to 29 rounds to timestep 1 at both ends, 9 to 10 to timesteps 0 and 1.
  const Song song = song_of({{9, 10, 60}, {10, 29, 62}});
  const Screening verdict = screen(song);
  CHECK(verdict.rule == Rule::too_short);
  CHECK(verdict.detail ==
        "note 62 from tick 10 to tick 29 is too short for the grid: it begins and ends at timestep 1");
  CHECK(verdict.note == song.notes[1]);
  CHECK(screened(song, {.drop_too_short = true}).notes == std::vector<Note>{{9, 10, 60}});
  CHECK(screen(song, {.drop_too_short = true}).accepted());
  // 10 ticks a timestep: 10 to 29 rounds to timesteps 1 and 3.
  CHECK(screen(song_of({{10, 29, 62}}), {.steps_per_quarter = 48}).accepted());
}

TEST_CASE("Drums are dropped before they can offend", "[tokens][screening]") {
  const Song song = song_of({{0, 20, 10, 80, kDrumChannel}, {0, 20, 60}});
  CHECK(screen(song).rule == Rule::out_of_range);
  CHECK(screen(song, {.drop_drums = true}).accepted());
}

TEST_CASE("A song of no notes, or of dropped ones alone, is refused", "[tokens][screening]") {
  CHECK(screen(Song{}).rule == Rule::no_notes);
  CHECK(screen(Song{}).detail == "the song holds no notes");
  const Screening verdict = screen(song_of({{0, 20, 10}}), {.drop_out_of_range = true});
  CHECK(verdict.rule == Rule::no_notes);
  CHECK(verdict.detail == "all of the song's notes are dropped");
}

TEST_CASE("A song too long for memory is refused by its ticks alone", "[tokens][screening]") {
  Song song = song_of({{0, 20, 60}});
  song.length = 480 * 20'000 - 1;
  CHECK(screen(song).accepted());
  ++song.length;
  CHECK(screen(song).rule == Rule::too_long);
  CHECK(screen(song).detail ==
        "the song ends at tick 9600000, 20000 quarter notes from its beginning, expected fewer than 20000");
  CHECK(screen(song, {.max_quarters = 20'001}).accepted());
  // On a finer grid the limit is 2^20 timesteps: 1,048,576 / 960 = 1092 quarter notes.
  song.length = 480 * 1092;
  CHECK(screen(song, {.steps_per_quarter = 960}).rule == Rule::too_long);
  song.length = 480 * 1092 - 1;
  CHECK(screen(song, {.steps_per_quarter = 960}).accepted());

  song.notes.push_back(
      {std::numeric_limits<std::int64_t>::max() - 1, std::numeric_limits<std::int64_t>::max(), 60});
  CHECK(screen(song, {.drop_too_short = true}).rule == Rule::too_long);
}

TEST_CASE("Notes off the grid are measured, and refused beyond a limit", "[tokens][screening]") {
  Song song;
  song.ticks_per_quarter = 100;
  song.notes = {
      {0, 100, 60}, {110, 200, 60}, {205, 300, 60}, {390, 500, 60}};  // 0, 0.1, 0.05, 0.1 quarters off
  song.length = 500;
  CHECK(quantisation_error(song, 1) == Approx(0.25 / 4));
  CHECK(quantisation_error(song, 20) == Approx(0));
  CHECK(quantisation_error(Song{}, 24) == 0);
  CHECK(screen(song, {.steps_per_quarter = 1}).accepted());
  CHECK(screen(song, {.steps_per_quarter = 1, .max_quantisation_error = 0.07}).accepted());
  const Screening refused = screen(song, {.steps_per_quarter = 1, .max_quantisation_error = 0.06});
  CHECK(refused.rule == Rule::off_grid);
  CHECK(refused.detail ==
        "the mean distance of onsets from the grid is 0.062500 timesteps, expected at most 0.060000");
}
