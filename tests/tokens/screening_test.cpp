#include "gruve/tokens/screening.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

using namespace gruve;

namespace {

Song song_of(std::vector<Note> notes) {
  Song song;
  song.notes = std::move(notes);
  for (const Note& note : song.notes) song.length = std::max(song.length, note.end);
  return song;
}

}  // namespace

TEST_CASE("A song in range and on the grid is accepted as it is", "[tokens][screening]") {
  const Song song = song_of({{0, 20, 21}, {0, 20, 108}});
  const Screening screening = screen(song);
  CHECK(screening.accepted());
  CHECK(screening.detail.empty());
  CHECK(screening.song.notes == song.notes);
  CHECK(screening.changes == NoteChanges{.notes = 2});
}

TEST_CASE("The rules have the names that reports print", "[tokens][screening]") {
  CHECK(rule_name(Rule::accepted) == "accepted");
  CHECK(rule_name(Rule::not_readable) == "not readable");
  CHECK(rule_name(Rule::no_notes) == "no notes");
  CHECK(rule_name(Rule::too_long) == "too long");
  CHECK(rule_name(Rule::off_grid) == "notes off the grid");
}

TEST_CASE("Notes outside the piano's keys are moved by octaves, or dropped", "[tokens][screening]") {
  // 109 becomes 97; 0 becomes 24, the first multiple of 12 from 21 on; 127 becomes 103.
  const Song wide = song_of({{0, 20, 0}, {0, 20, 1}, {0, 30, 60}, {480, 500, 109}, {480, 500, 127}});
  const Screening folded = screen(wide);
  CHECK(folded.accepted());
  CHECK(folded.song.notes ==
        std::vector<Note>{{0, 20, 24}, {0, 20, 25}, {0, 30, 60}, {480, 500, 97}, {480, 500, 103}});
  CHECK(folded.changes == NoteChanges{.notes = 5, .out_of_range = 4});
  const Screening dropped = screen(wide, {.drop_out_of_range = true});
  CHECK(dropped.song.notes == std::vector<Note>{{0, 30, 60}});
  CHECK(dropped.song.length == 30);
  CHECK(dropped.changes == folded.changes);
}

TEST_CASE("A note too short begins and ends at the same timestep, and lasts one or is dropped",
          "[tokens][screening]") {
  // 20 ticks a timestep: 10 to 29 rounds to timestep 1 at both ends, 9 to 10 to timesteps 0 and 1.
  const Song song = song_of({{9, 10, 60}, {10, 29, 62}});
  const Screening kept = screen(song);
  CHECK(kept.accepted());
  CHECK(kept.song.notes == song.notes);
  CHECK(kept.changes == NoteChanges{.notes = 2, .too_short = 1});
  const EventEncoder events;
  CHECK(events.decode(events.encode(kept.song)).notes == std::vector<Note>{{0, 20, 60}, {20, 40, 62}});
  const TimestepEncoder timesteps;
  CHECK(timesteps.decode(timesteps.encode(kept.song)).notes == std::vector<Note>{{0, 20, 60}, {20, 40, 62}});
  const Screening dropped = screen(song, {.drop_too_short = true});
  CHECK(dropped.song.notes == std::vector<Note>{{9, 10, 60}});
  CHECK(dropped.changes == kept.changes);
  // 10 ticks a timestep: 10 to 29 rounds to timesteps 1 and 3.
  CHECK(screen(song_of({{10, 29, 62}}), {.steps_per_quarter = 48}).changes.too_short == 0);
}

TEST_CASE("Drums are left out, or taken for keys", "[tokens][screening]") {
  const Song song = song_of({{0, 20, 10, 80, kDrumChannel}, {0, 20, 60}});
  CHECK(screen(song).song.notes == std::vector<Note>{{0, 20, 60}});
  CHECK(screen(song).changes == NoteChanges{.notes = 2, .drums = 1});
  CHECK(screen(song, {.keep_drums = true}).song.notes ==
        std::vector<Note>{{0, 20, 22, 80, kDrumChannel}, {0, 20, 60}});
  const Screening only = screen(song_of({{0, 20, 60, 80, kDrumChannel}}));
  CHECK(only.rule == Rule::no_notes);
  CHECK(only.detail == "all of the song's notes are drums");
}

TEST_CASE("What is accepted is the music of what is left", "[tokens][screening]") {
  // Two bars of drums, then the tune.
  const Song song{.ticks_per_quarter = 480,
                  .notes = {{0, 20, 36, 80, kDrumChannel}, {3840 + 480, 3840 + 960, 60}},
                  .tempos = {{0, 400'000}, {3840, 300'000}},
                  .length = 99'999};
  const Screening screening = screen(song);
  CHECK(screening.begin == 3840);
  CHECK(screening.song == Song{.ticks_per_quarter = 480,
                               .notes = {{480, 960, 60}},
                               .tempos = {{0, 300'000}},
                               .time_signatures = {{0, 4, 4}},
                               .length = 960});
  // The first note is dropped, and with it the bars before the second.
  Song far = song_of({{0, 1, 60}, {3840, 4000, 60}});
  CHECK(screen(far).begin == 0);
  CHECK(screen(far, {.drop_too_short = true}).begin == 3840);
  CHECK(screen(far, {.drop_too_short = true}).song.length == 160);
}

TEST_CASE("A song of no notes, or of dropped ones alone, is refused", "[tokens][screening]") {
  CHECK(screen(Song{}).rule == Rule::no_notes);
  CHECK(screen(Song{}).detail == "the song holds no notes");
  const Screening verdict = screen(song_of({{0, 20, 10}}), {.drop_out_of_range = true});
  CHECK(verdict.rule == Rule::no_notes);
  CHECK(verdict.detail == "all of the song's notes are dropped");
}

TEST_CASE("Music too long for memory is refused, whatever length the song claims", "[tokens][screening]") {
  Song song = song_of({{0, 20, 60}});
  song.length = std::int64_t{1} << 55;  // an end of track far behind the music
  CHECK(screen(song).accepted());
  song.notes[0].end = 480 * 20'000 - 1;
  CHECK(screen(song).accepted());
  ++song.notes[0].end;
  CHECK(screen(song).rule == Rule::too_long);
  CHECK(screen(song).detail == "the music is 20000 quarter notes long, expected fewer than 20000");
  CHECK(screen(song, {.max_quarters = 20'001}).accepted());
  // On a finer grid the limit is 2^20 timesteps: 1,048,576 / 960 = 1092 quarter notes.
  song.notes[0].end = 480 * 1092;
  CHECK(screen(song, {.steps_per_quarter = 960}).rule == Rule::too_long);
  --song.notes[0].end;
  CHECK(screen(song, {.steps_per_quarter = 960}).accepted());

  song.notes.push_back(
      {std::numeric_limits<std::int64_t>::max() - 1, std::numeric_limits<std::int64_t>::max(), 60});
  CHECK(screen(song).rule == Rule::too_long);
}

TEST_CASE("A performance is one whose onsets are unrelated to the beat", "[tokens][screening]") {
  Rng rng(3);
  Song score{.ticks_per_quarter = 480}, swung = score, played = score;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t at = i * 240;
    score.notes.push_back({at, at + 100, 60});
    swung.notes.push_back({at + (i % 2) * 80 + rng.below(5), at + 200, 60});  // triplets, a little late
    const auto any = static_cast<std::int64_t>(rng.below(96'000));
    played.notes.push_back({any, any + 100, 60});
  }
  sort_notes(played.notes);
  CHECK_FALSE(is_performance(score));
  CHECK_FALSE(is_performance(swung));
  CHECK(is_performance(played));
  CHECK_FALSE(is_performance(Song{}));
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
