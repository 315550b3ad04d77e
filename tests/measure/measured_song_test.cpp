#include "gruve/measure/measured_song.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace gruve;

namespace {

// Bars of four seconds, a note each second, of the scale's notes in turns: the pitch classes of a bar differ.
Song melody(std::size_t bars, const std::vector<int>& pitches) {
  Song song{.ticks_per_quarter = 24, .tempos = {{0, 1'000'000}}};
  for (std::size_t i = 0; i < 4 * bars; ++i) {
    const auto begin = static_cast<std::int64_t>(24 * i);
    song.notes.push_back({begin, begin + 24, pitches[i % pitches.size()]});
  }
  return song;
}

MeasureRange& range(MeasureRanges& ranges, Measure measure) {
  return ranges.values[static_cast<std::size_t>(measure)];
}

// Ranges that take anything.
CorpusRanges anything() {
  const double infinity = std::numeric_limits<double>::infinity();
  CorpusRanges all;
  for (MeasureRanges* ranges : {&all.whole, &all.windows, &all.minutes})
    ranges->values.fill({-infinity, infinity});
  return all;
}

}  // namespace

TEST_CASE("A song is measured as a whole, in windows of 30 s and in minutes", "[measure][song]") {
  const MeasuredSong song = measure_song(melody(45, {60, 62, 64, 65, 67}));  // three minutes
  CHECK(song.seconds == Approx(180));
  CHECK(song.notes == 180);
  CHECK(key_name(song.key) == "C major");
  CHECK(song.windows.size() == 6);
  CHECK(song.minutes.size() == 3);
  CHECK(song.whole[Measure::density] == Approx(1));
  CHECK(std::isnan(song.whole[Measure::copied_run]));
}

TEST_CASE("Copied runs are set for the song and each part", "[measure][song]") {
  MeasuredSong song = measure_song(melody(30, {60, 62, 64, 65, 67}));  // 120 notes, one a second
  // Notes 40 to 69 stand elsewhere.
  Copied copied{.longest = {30, 0, 40, 0}};
  copied.notes.resize(119);
  for (std::size_t i = 40; i < 69; ++i) copied.notes[i] = static_cast<std::uint32_t>(70 - i);
  set_copied(song, copied);
  const auto run = [](const WindowMeasures& part) { return part.measures[Measure::copied_run]; };
  CHECK(song.whole[Measure::copied_run] == 30);
  REQUIRE(song.windows.size() == 4);  // begin at 0, 32, 60 and 92 s, with their bars
  CHECK(run(song.windows[0]) == 0);
  CHECK(run(song.windows[1]) == 20);
  CHECK(run(song.windows[2]) == 10);
  CHECK(run(song.windows[3]) == 0);
  REQUIRE(song.minutes.size() == 2);
  CHECK(run(song.minutes[0]) == 20);
}

TEST_CASE("Parts are compared with parts of the corpus's songs", "[measure][song]") {
  // Four minutes of a note a second, of which one is said to have two.
  std::vector<MeasuredSong> songs{measure_song(melody(15, {60, 62})), measure_song(melody(45, {60, 62}))};
  songs[0].minutes[0].measures[Measure::density] = 2;
  const CorpusRanges ranges = corpus_ranges(songs);
  CHECK(ranges.whole[Measure::density].high == Approx(1));
  CHECK(ranges.minutes[Measure::density].low == Approx(1));
  CHECK(ranges.minutes[Measure::density].high == Approx(1.85));  // of 1, 1, 1 and 2, 2.85 places up
}

TEST_CASE("How far a minute is outside the ranges is counted in their widths", "[measure][song]") {
  Measures minute = measure_song(melody(15, {60, 62, 64, 65, 67})).minutes.at(0).measures;  // a note a second
  MeasureRanges ranges = anything().minutes;
  CHECK(distance_outside(minute, ranges) == 0);
  range(ranges, Measure::density) = {2, 4};
  CHECK(distance_outside(minute, ranges) == Approx(0.5));
  range(ranges, Measure::polyphony) = {0, 0.5};
  CHECK(distance_outside(minute, ranges) == Approx(0.5 + 1));
  // Not judged, none in the corpus, only one value in the corpus, and none in the minute.
  range(ranges, Measure::longest_loop) = {100, 200};
  range(ranges, Measure::pitch_class_entropy_1) = {};
  CHECK(distance_outside(minute, ranges) == Approx(1.5));
  range(ranges, Measure::density) = {2, 2};
  CHECK(distance_outside(minute, ranges) == Approx(1 + 1));
  minute[Measure::key_clarity] = std::numeric_limits<double>::quiet_NaN();
  CHECK(distance_outside(minute, ranges) == Approx(1 + 1 + 1));
}

TEST_CASE("A song passes where each minute is in the range, it has no loop and no long copy",
          "[measure][verdict]") {
  MeasuredSong song = measure_song(melody(45, {60, 62, 64, 65, 67}));
  song.whole[Measure::copied_run] = 20;
  CorpusRanges ranges = anything();
  CHECK(judge(song, ranges).passed());

  for (std::size_t i = 0; i < kJudgedByMinute.size(); ++i) {
    const Measure measure = kJudgedByMinute[i];
    CAPTURE(i);
    MeasuredSong other = song;
    for (const double value : {100.0, -100.0, std::numeric_limits<double>::quiet_NaN()}) {
      range(ranges.minutes, measure) = {-10, 10};
      other.minutes[1].measures[measure] = value;
      const Verdict verdict = judge(other, ranges);
      CHECK(verdict.minutes == 3);
      CHECK(verdict.inside[i] == 2);
      CHECK(!verdict.passed());
    }
  }

  range(ranges.whole, Measure::copied_run).high = 20;
  CHECK(judge(song, ranges).passed());
  song.whole[Measure::copied_run] = 21;
  CHECK(judge(song, ranges).copies);
  CHECK(!judge(song, ranges).passed());
  range(ranges.whole, Measure::copied_run) = {};  // a corpus of one song
  CHECK(judge(song, ranges).passed());

  song.whole[Measure::longest_loop] = 4;
  CHECK(judge(song, ranges).passed());
  song.whole[Measure::longest_loop] = 5;
  CHECK(judge(song, ranges).loops);
  CHECK(!judge(song, ranges).passed());
}
