#include "gruve/midi/music.hpp"

#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"

using namespace gruve;

namespace {

using Ticks = std::vector<std::int64_t>;

// The first ticks of the bars of a song up to a tick.
Ticks bars_of(const Song& song, std::int64_t end) {
  const Bars bars(song);
  Ticks begins;
  for (Bar bar = bars.at(0); bar.begin < end; bar = bars.at(bar.end)) {
    begins.push_back(bar.begin);
    // Every tick of the bar is in it.
    REQUIRE(bar.end > bar.begin);
    for (const std::int64_t tick : {bar.begin, (bar.begin + bar.end) / 2, bar.end - 1}) {
      CHECK(bars.at(tick).begin == bar.begin);
      CHECK(bars.at(tick).end == bar.end);
    }
  }
  return begins;
}

}  // namespace

TEST_CASE("The last of several events at a tick holds, and 120 bpm and 4/4 before the first",
          "[midi][music]") {
  Song song;
  CHECK(tempo_map(song) == std::vector<Tempo>{{0, 500'000}});
  CHECK(metre_map(song) == std::vector<TimeSignature>{{0, 4, 4}});
  // Two tempos at tick 0, as some notation programs write them; the same again; two at tick 20.
  song.tempos = {{0, 500'000}, {0, 1'714'286}, {10, 1'714'286}, {20, 600'000}, {20, 500'000}, {30, 500'000}};
  CHECK(tempo_map(song) == std::vector<Tempo>{{0, 1'714'286}, {20, 500'000}});
  song.tempos = {{7, 1'000'000}};
  CHECK(tempo_map(song) == std::vector<Tempo>{{0, 500'000}, {7, 1'000'000}});
  // A change to what held before comes to nothing.
  song.tempos = {{5, 400'000}, {9, 300'000}, {9, 400'000}};
  CHECK(tempo_map(song) == std::vector<Tempo>{{0, 500'000}, {5, 400'000}});
  song.time_signatures = {{0, 3, 4}, {50, 3, 4}, {60, 2, 4}, {60, 6, 8}};
  CHECK(metre_map(song) == std::vector<TimeSignature>{{0, 3, 4}, {60, 6, 8}});
}

TEST_CASE("Bars follow the metre that holds", "[midi][music]") {
  Song song{.ticks_per_quarter = 480};
  CHECK(bars_of(song, 5000) == Ticks{0, 1920, 3840});
  // An upbeat bar of 1/4, as notation programs write it.
  song.time_signatures = {{0, 1, 4}, {480, 4, 4}};
  CHECK(bars_of(song, 5000) == Ticks{0, 480, 2400, 4320});
  // A metre that is stated again within a bar begins none; another one does.
  song.time_signatures = {{0, 4, 4}, {960, 4, 4}, {4800, 3, 4}};
  CHECK(bars_of(song, 7000) == Ticks{0, 1920, 3840, 4800, 6240});
  song.time_signatures = {{0, 13, 8}};
  CHECK(bars_of(song, 9400) == Ticks{0, 3120, 6240, 9360});
  // A bar of 3/16 takes 7.5 ticks.
  song = {.ticks_per_quarter = 10, .time_signatures = {{0, 3, 16}}};
  CHECK(bars_of(song, 31) == Ticks{0, 7, 15, 22, 30});
  // No bar is shorter than a tick, and none overflows.
  song = {.ticks_per_quarter = 1, .time_signatures = {{0, 1, 256}}};
  CHECK(bars_of(song, 3) == Ticks{0, 1, 2});
  song = {.ticks_per_quarter = 32'767, .time_signatures = {{0, 255, 1}}};
  const std::int64_t bar = 4 * std::int64_t{255} * 32'767, far = std::int64_t{1} << 55;
  CHECK(Bars(song).at(far).begin == far / bar * bar);
}

TEST_CASE("A metre of one beat that goes on is read as four beats", "[midi][music]") {
  const auto metres = [](std::vector<TimeSignature> written, std::int64_t end) {
    const Song song{.ticks_per_quarter = 480,
                    .notes = {{.start = 600, .end = end, .pitch = 60}},
                    .time_signatures = std::move(written),
                    .length = end};
    const Music music = music_of(song);
    return std::pair(music.begin, music.song.time_signatures);
  };
  using Metres = std::vector<TimeSignature>;
  CHECK(metres({{0, 1, 4}}, 5000) == std::pair(std::int64_t{0}, Metres{{0, 4, 4}}));
  CHECK(metres({{0, 1, 8}}, 5000) == std::pair(std::int64_t{0}, Metres{{0, 4, 8}}));
  // An upbeat, and up to four bars of one beat, are what is written.
  CHECK(metres({{0, 1, 4}, {480, 4, 4}}, 5000) == std::pair(std::int64_t{480}, Metres{{0, 4, 4}}));
  CHECK(metres({{0, 1, 4}, {1920, 3, 4}}, 5000) ==
        std::pair(std::int64_t{480}, Metres{{0, 1, 4}, {1440, 3, 4}}));
  CHECK(metres({{0, 4, 4}, {1920, 1, 4}, {4320, 3, 4}}, 9000) ==
        std::pair(std::int64_t{0}, Metres{{0, 4, 4}, {4320, 3, 4}}));
}

TEST_CASE("The picture of a song has the same bar lines", "[midi][music]") {
  Song song{
      .ticks_per_quarter = 480, .time_signatures = {{0, 4, 4}, {960, 4, 4}, {4800, 3, 4}}, .length = 7000};
  Ticks lines;
  for (const BarLine& line : bar_lines(song)) lines.push_back(line.tick);
  CHECK(lines == bars_of(song, song.length));
}

TEST_CASE("Empty bars before and events behind are not music", "[midi][music]") {
  Song song{
      .ticks_per_quarter = 480,
      .notes = {{16 * 1920 + 480, 16 * 1920 + 960, 60}, {16 * 1920 + 960, 17 * 1920 + 100, 62}},
      .tempos = {{0, 400'000}, {1920, 300'000}, {16 * 1920, 600'000}, {17 * 1920, 700'000}, {17 * 1920 + 100, 1}},
      .time_signatures = {{0, 4, 4}, {99'999'999, 3, 4}},  // the tempo changes at the last note's end
      .length = 100'000'000};
  const Music music = music_of(song);
  CHECK(music.begin == 16 * 1920);
  CHECK(music.song.notes == std::vector<Note>{{480, 960, 60}, {960, 2020, 62}});
  CHECK(music.song.tempos == std::vector<Tempo>{{0, 600'000}, {1920, 700'000}});
  CHECK(music.song.time_signatures == std::vector<TimeSignature>{{0, 4, 4}});
  CHECK(music.song.length == 2020);
  // The same again changes nothing.
  CHECK(music_of(music.song).song == music.song);
  CHECK(music_of(music.song).begin == 0);
}

TEST_CASE("The music has the programs and the pedal that hold at its beginning", "[midi][music]") {
  const Song song{
      .ticks_per_quarter = 480,
      .notes = {{3840, 4800, 60}},
      .programs = {{0, 0, 40}, {0, 1, 7}, {100, 0, 41}, {3840, 1, 8}, {4000, 0, 42}, {5000, 0, 43}},
      .pedal = {{50, 0, true}, {60, 0, false}, {70, 1, true}, {4000, 1, false}},
      .length = 6000};
  const Song music = music_of(song).song;
  CHECK(music.programs == std::vector<ProgramChange>{{0, 0, 41}, {0, 1, 8}, {160, 0, 42}});
  CHECK(music.pedal == std::vector<PedalMove>{{0, 0, false}, {0, 1, true}, {160, 1, false}});
  CHECK(music_of(music).song == music);
}

TEST_CASE("The bar of the first note is that of the metre that holds there", "[midi][music]") {
  Song song{.ticks_per_quarter = 100,
            .notes = {{1650, 1700, 60}},
            .tempos = {{1500, 250'000}},
            .time_signatures = {{0, 4, 4}, {1000, 3, 4}, {1600, 7, 8}},
            .length = 1700};
  CHECK(music_of(song).begin == 1600);
  song.notes[0].start = 1599;
  const Music music = music_of(song);
  CHECK(music.begin == 1300);  // bars at 1000 and 1300
  CHECK(music.song.time_signatures == std::vector<TimeSignature>{{0, 3, 4}, {300, 7, 8}});
  CHECK(music.song.tempos == std::vector<Tempo>{{0, 500'000}, {200, 250'000}});
  CHECK(music.song.length == 400);
}

TEST_CASE("A song without notes has no music", "[midi][music]") {
  const Song song{.ticks_per_quarter = 96,
                  .tempos = {{0, 400'000}, {50, 300'000}},
                  .time_signatures = {{0, 3, 4}, {288, 2, 4}},
                  .length = 5000};
  const Music music = music_of(song);
  CHECK(music.begin == 0);
  CHECK(music.song ==
        Song{.ticks_per_quarter = 96, .tempos = {{0, 400'000}}, .time_signatures = {{0, 3, 4}}});
}

TEST_CASE("A metre of one beat that becomes the one that holds is not stated again", "[midi][music]") {
  // 4/4 holds before the first change, which says 1/4 from tick 1 on.
  Song song{
      .ticks_per_quarter = 869, .notes = {{1307, 3553, 60}}, .time_signatures = {{1, 1, 4}}, .length = 5001};
  const Song music = music_of(song).song;
  CHECK(music.time_signatures == std::vector<TimeSignature>{{0, 4, 4}});
  CHECK(music_of(music).song == music);
}
