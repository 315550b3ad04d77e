#include "gruve/measure/measures.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "error_of.hpp"

using namespace gruve;

namespace {

// Quarter notes of one pitch each, one after the other, at 60 bpm: a second each.
Song quarters(const std::vector<int>& pitches) {
  Song song{.ticks_per_quarter = 96, .tempos = {{0, 1'000'000}}};
  for (const int pitch : pitches) {
    if (pitch > 0) song.notes.push_back({.start = song.length, .end = song.length + 96, .pitch = pitch});
    song.length += 96;
  }
  return song;
}

Song song_of(const nlohmann::json& golden) {
  Song song{.ticks_per_quarter = 24,
            .time_signatures = {{0, golden["time_signature"][0], golden["time_signature"][1]}}};
  for (const auto& note : golden["notes"])
    song.notes.push_back(
        {.start = note[0], .end = note[1], .pitch = note[2], .channel = note[3] == 1 ? kDrumChannel : 0});
  sort_notes(song.notes);
  return song;
}

}  // namespace

TEST_CASE("What MusPy measures too has MusPy's values", "[measure]") {
  std::ifstream file(std::string(GRUVE_TEST_DATA) + "/measure/muspy.json");
  REQUIRE(file);
  const nlohmann::json songs = nlohmann::json::parse(file);
  CHECK(songs.size() == 4);
  for (const auto& [name, golden] : songs.items()) {
    CAPTURE(name);
    const GridSong song = on_grid(song_of(golden));
    // Sums of some hundred doubles of the size 1, in another order.
    const auto same = [](const nlohmann::json& value) {
      return Approx(value.get<double>()).epsilon(1e-12).margin(1e-13);
    };
    CHECK(entropy(song.pitch_class_counts()) == same(golden["pitch_class_entropy"]));
    const Measures all = measures(song);
    CHECK(all[Measure::pitch_class_entropy_1] == same(golden["pitch_class_entropy_1"]));
    CHECK(all[Measure::pitch_class_entropy_4] == same(golden["pitch_class_entropy_4"]));
    CHECK(all[Measure::scale_consistency] == same(golden["scale_consistency"]));
    CHECK(all[Measure::groove_consistency] == same(golden["groove_consistency"]));
    CHECK(all[Measure::empty_bar_rate] == same(golden["empty_bar_rate"]));
    CHECK(all[Measure::empty_beat_rate] == same(golden["empty_beat_rate"]));
    CHECK(all[Measure::polyphony] == same(golden["polyphony"]));
    CHECK(all[Measure::polyphony_rate] == same(golden["polyphony_rate"]));
    CHECK(all[Measure::pitch_range] == same(golden["pitch_range"]));
  }
}

TEST_CASE("A song on the grid has its notes in timesteps and its bars in seconds", "[measure][grid]") {
  // Two bars of 3/4, then 4/4; 120 bpm, from the second bar on 60 bpm. 100 ticks a quarter note.
  Song song{.ticks_per_quarter = 100,
            .notes = {{0, 1, 60}, {50, 101, 64}, {650, 720, 67}},
            .tempos = {{300, 1'000'000}},
            .time_signatures = {{0, 3, 4}, {600, 4, 4}},
            .length = 5000};
  const GridSong grid = on_grid(song);
  REQUIRE(grid.bars.size() == 3);  // and nothing of the silence after
  CHECK(grid.bars[0].end == 72);
  CHECK(grid.bars[1].seconds == Approx(1.5));
  CHECK(grid.bars[2].begin == 144);
  CHECK(grid.bars[2].end == 240);
  CHECK(grid.bars[2].seconds == Approx(4.5));
  CHECK(grid.bars[2].seconds_end == Approx(8.5));
  CHECK(grid.seconds == Approx(5.7));
  CHECK(grid.seconds_at(156) == Approx(5.0));
  REQUIRE(grid.notes.size() == 3);
  CHECK(grid.notes[0].end == 1);  // no note is shorter than a timestep
  CHECK(grid.notes[1].begin == 12);
  CHECK(grid.notes[1].end == 24);  // tick 101 is nearest to timestep 24
}

TEST_CASE("A song without notes, or of centuries, is not measured", "[measure][grid]") {
  CHECK(tests::error_of([] { on_grid(Song{}); }) == "the song holds no notes");
  const Song song{.ticks_per_quarter = 1,
                  .notes = {{std::int64_t{1} << 40, (std::int64_t{1} << 40) + 1, 60}}};
  CHECK(tests::error_of([&] { on_grid(song); }) ==
        "the song ends 1099511627777 quarter notes from its beginning, expected fewer than 43690");
}

TEST_CASE("A metre shorter than a timestep gives bars of an eighth, and all notes stay in them",
          "[measure][grid]") {
  const Song song{.ticks_per_quarter = 960,
                  .notes = {{0, 10, 60}, {95, 96, 61}, {959, 960, 62}},
                  .time_signatures = {{0, 1, 256}}};
  const GridSong grid = on_grid(song);
  for (std::size_t i = 1; i < grid.bars.size(); ++i) CHECK(grid.bars[i].begin == grid.bars[i - 1].end);
  CHECK(grid.notes.back().begin < grid.bars.back().end);
  CHECK(grid.bars.size() <= 3);
}

TEST_CASE("Density, range and polyphony of few notes are what one counts", "[measure]") {
  Song song = quarters({60, 62, 64, 0});
  song.notes.push_back({.start = 96, .end = 192, .pitch = 50});   // together with the second
  song.notes.push_back({.start = 144, .end = 192, .pitch = 50});  // its pitch sounds already
  sort_notes(song.notes);
  const Measures all = measures(on_grid(song));
  CHECK(all[Measure::density] == Approx(5.0 / 3));  // silence at the end is not measured
  CHECK(all[Measure::pitch_range] == 14);
  CHECK(all[Measure::polyphony] == Approx(4.0 / 3));
  CHECK(all[Measure::polyphony_rate] == Approx(1.0 / 3));
  CHECK(all[Measure::empty_beat_rate] == 0);
  CHECK(all[Measure::longest_loop] == 1);
  CHECK(std::isnan(all[Measure::groove_consistency]));
  CHECK(std::isnan(all[Measure::pitch_class_entropy_4]));
}

TEST_CASE("Drums have rhythm and no pitch", "[measure]") {
  Song song{.ticks_per_quarter = 24};
  for (std::int64_t i = 0; i < 8; ++i)
    song.notes.push_back({.start = 24 * i, .end = 24 * i + 6, .pitch = 36, .channel = kDrumChannel});
  const Measures all = measures(on_grid(song));
  CHECK(all[Measure::density] == Approx(8 / (7.25 / 2)));
  CHECK(all[Measure::groove_consistency] == 1);
  CHECK(all[Measure::longest_loop] == 2);
  for (const Measure none : {Measure::pitch_class_entropy_1, Measure::scale_consistency, Measure::key_clarity,
                             Measure::polyphony, Measure::pitch_range})
    CHECK(std::isnan(all[none]));
}

TEST_CASE("The longest loop counts equal bars in a row, not silent ones", "[measure]") {
  const std::vector<int> a{60, 62, 64, 65}, b{60, 62, 64, 67}, silence{0, 0, 0, 0};
  const auto loop_of = [](std::initializer_list<std::vector<int>> bars) {
    std::vector<int> all;
    for (const auto& bar : bars) all.insert(all.end(), bar.begin(), bar.end());
    return longest_loop(on_grid(quarters(all)));
  };
  CHECK(loop_of({a, b, a, b}) == 1);
  CHECK(loop_of({a, b, b, b, a, a}) == 3);
  CHECK(loop_of({a, silence, silence, silence, a, a}) == 2);
}

TEST_CASE("Windows are the bars that begin in 30 seconds, with all their notes", "[measure][windows]") {
  // 4 s a bar: bars begin at 0, 4, … 28 | 32, … 56 | 60, … 76: 20 s, and enough for a window.
  std::vector<int> pitches;
  for (int i = 0; i < 80; ++i) pitches.push_back(i < 32 ? 60 : i < 60 ? 60 + i % 4 : i % 2 == 0 ? 70 : 0);
  const GridSong song = on_grid(quarters(pitches));
  const auto all = window_measures(song, 30);
  REQUIRE(all.size() == 3);
  CHECK(all[0].begin == 0);
  CHECK(all[1].begin == Approx(32));
  CHECK(all[2].begin == Approx(60));
  CHECK(all[2].end == Approx(79));
  CHECK(all[0].measures[Measure::density] == Approx(1));
  CHECK(all[2].measures[Measure::density] == Approx(10.0 / 19));
  CHECK(all[0].measures[Measure::pitch_class_entropy_1] == Approx(0).margin(1e-12));
  CHECK(all[1].measures[Measure::pitch_class_entropy_1] == Approx(2));  // four classes, equally often
  CHECK(all[0].measures[Measure::longest_loop] == 8);
  // 32 s of the same quarter: 4 s of it, eight times, have score and coverage 7/8.
  CHECK(all[0].measures[Measure::structure_short] == Approx(7.0 / 8).epsilon(1e-4));
  CHECK(std::isnan(all[0].measures[Measure::structure_long]));
  const auto minutes = window_measures(song, 60);
  REQUIRE(minutes.size() == 1);  // 19 s are less than half a minute
  CHECK(minutes[0].measures[Measure::density] == Approx(1));
  CHECK(minutes[0].measures[Measure::structure_long] > 0);  // 16 s of one quarter, twice

  // 14 s at the end are too little, unless they are all.
  pitches.resize(74);
  CHECK(window_measures(on_grid(quarters(pitches)), 30).size() == 2);
  pitches.resize(10);
  const auto all_there_is = window_measures(on_grid(quarters(pitches)), 30);
  REQUIRE(all_there_is.size() == 1);
  CHECK(all_there_is[0].end == Approx(10));
}

TEST_CASE("A silent window has empty beats and bars, and no pitch", "[measure][windows]") {
  std::vector<int> pitches(96, 0);
  pitches[0] = pitches[95] = 60;
  const auto all = window_measures(on_grid(quarters(pitches)), 30);
  REQUIRE(all.size() == 3);
  CHECK(all[0].measures[Measure::empty_beat_rate] == Approx(31.0 / 32));
  CHECK(all[1].measures[Measure::empty_beat_rate] == 1);
  CHECK(all[1].measures[Measure::empty_bar_rate] == 1);
  CHECK(all[1].measures[Measure::density] == 0);
  CHECK(all[1].measures[Measure::longest_loop] == 0);
  CHECK(std::isnan(all[1].measures[Measure::polyphony]));
  CHECK(std::isnan(all[1].measures[Measure::polyphony_rate]));
  CHECK(std::isnan(all[1].measures[Measure::key_clarity]));
}

TEST_CASE("A note that sounds beyond its window counts there up to the border", "[measure][windows]") {
  // A bar of 4 s and a window of 4 s: two notes, together for the second half of it and longer.
  Song song{.ticks_per_quarter = 24,
            .notes = {{0, 240, 60}, {48, 240, 64}, {192, 240, 67}},
            .tempos = {{0, 1'000'000}}};
  const auto all = window_measures(on_grid(song), 4);
  REQUIRE(all.size() == 3);
  CHECK(all[0].measures[Measure::polyphony_rate] == Approx(0.5));
  CHECK(all[0].measures[Measure::empty_beat_rate] == 0);
  CHECK(all[0].measures[Measure::density] == Approx(0.5));
}

TEST_CASE("Percentiles lie on the line between values, and ranges hold what is between two of them",
          "[measure]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(percentile({4, nan, 1, 3, 2}, 0.5) == Approx(2.5));
  CHECK(percentile({10, 20, 30}, 0.95) == Approx(29));
  CHECK(percentile({7}, 0.05) == 7);
  CHECK(std::isnan(percentile({nan}, 0.5)));
  std::vector<Measures> songs(101);
  for (std::size_t i = 0; i < songs.size(); ++i) songs[i][Measure::density] = static_cast<double>(i);
  const MeasureRange range = measure_ranges(songs)[Measure::density];
  CHECK(range.low == Approx(5));
  CHECK(range.high == Approx(95));
  CHECK(!range.contains(4.9));
  CHECK(range.contains(50));
  CHECK(!range.contains(95.1));
  CHECK(!range.contains(nan));
  CHECK(!MeasureRange{}.contains(0));
}
