#include "gruve/piece/primer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "../error_of.hpp"
#include "catch.hpp"
#include "gruve/piece/piece_length.hpp"
#include "gruve/piece/player.hpp"
#include "untrained.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

// Of music in 4/4.
TrainedModel untrained_for(const AnyEncoder& encoder, std::uint64_t seed = 1) {
  TrainedModel model = tests::untrained(encoder, seed);
  model.music->time_signature = {0, 4, 4};
  return model;
}

// Quarter notes of a scale, one after another.
Song quarters(int count, std::int64_t first = 0) {
  Song song{.ticks_per_quarter = 480};
  constexpr int kScale[] = {60, 62, 64, 65, 67, 69, 71, 72};
  for (int i = 0; i < count; ++i)
    song.notes.push_back({first + 480 * i, first + 480 * i + 460, kScale[i % 8], 40 + i % 50});
  song.length = first + 480 * count;
  return song;
}

// Seconds at which the first notes of a piece begin.
double seconds_of(const Song& song, std::size_t note) {
  return Timeline(song).seconds(song.notes[note].start);
}

const std::vector<AnyEncoder> kEncoders = {
    TimestepEncoder({.steps_per_quarter = 4}), EventEncoder({.steps_per_quarter = 4}),
    EventEncoder({.steps_per_quarter = 4, .velocities = true, .tempos = true})};

}  // namespace

TEST_CASE("A primer sounds as it was written, and its tempo and metre go on", "[piece][primer]") {
  for (const AnyEncoder& encoder : kEncoders) {
    CAPTURE(std::string(encoder.type()));
    Player player(untrained_for(encoder));
    Song song = quarters(32);
    song.tempos = {{3840, 1'000'000}, {7680, 333'333}};  // 120 bpm before the first
    song.time_signatures = {{0, 1, 4}, {480, 3, 4}};     // an upbeat bar
    song.programs = {{0, 0, 73}, {4800, 0, 40}};
    song.pedal = {{960, 0, true}, {1920, 0, false}, {14'400, 0, true}};
    const Song piece = player.generate({.seconds = 60, .primer = song});
    // 4 s at 120 bpm, 8 s at 60, 5.33 s at 180: less than half of the piece.
    for (const auto& [note, seconds] :
         std::vector<std::pair<std::size_t, double>>{{0, 0}, {7, 3.5}, {8, 4}, {9, 5}, {16, 12}, {31, 17}}) {
      CHECK(seconds_of(piece, note) == Approx(seconds).margin(1e-3));
      CHECK(piece.notes[note].pitch == song.notes[note].pitch);
      CHECK(piece.notes[note].velocity == song.notes[note].velocity);
    }
    CHECK(piece.time_signatures == std::vector<TimeSignature>{{0, 1, 4}, {480, 3, 4}});
    for (const Tempo& tempo : piece.tempos)
      if (tempo.tick > 7680) CHECK((tempo.bpm() >= 150 && tempo.bpm() <= 216));  // 180 and a fifth of it
    CHECK(piece.programs == song.programs);
    // The pedal is lifted where the new music begins.
    REQUIRE(piece.pedal.size() == 4);
    CHECK_FALSE(piece.pedal.back().down);
    CHECK(piece.pedal.back().tick >= 32 * 480);
    CHECK(duration_seconds(piece) >= 60 - 1e-3);
    CHECK(duration_seconds(piece) <= 60 + 9);  // a bar of at most 24/16 at 40 bpm
    REQUIRE(piece.notes.size() > 33);
    for (const Note& note : piece.notes) CHECK(note.channel == 0);
  }
}

TEST_CASE("Drums and other instruments of a primer stay, and new music has a channel of its own",
          "[piece][primer]") {
  Player player(untrained_for(kEncoders[1]));
  Song song = quarters(32, 3840);  // two bars of drums come before
  for (std::int64_t tick = 0; tick < song.length; tick += 240)
    song.notes.push_back({tick, tick + 30, 42, 90, 9});
  song.notes.push_back({3840, 4800, 36, 70, 1});
  song.notes.push_back({3840, 4800, 12, 70, 1});  // below the piano
  sort_notes(song.notes);
  const Song piece = player.generate({.bars = 24, .primer = song});
  std::size_t kept = 0;
  for (const Note& note : song.notes)
    kept += static_cast<std::size_t>(std::count(piece.notes.begin(), piece.notes.end(), note));
  CHECK(kept == song.notes.size());
  std::size_t later = 0;
  for (const Note& note : piece.notes)
    if (note.start >= song.length) {
      CHECK(note.channel == 2);
      ++later;
    }
  CHECK(later > 0);
  CHECK(tick_of_bar(piece, 24) == piece.length);
}

TEST_CASE("Of a primer at most half of the piece is taken, or all", "[piece][primer]") {
  for (const AnyEncoder& encoder : kEncoders) {
    Player player(untrained_for(encoder));
    const Song song = quarters(64);  // 32 s
    const auto kept = [&](const PieceOptions& options) {
      const Song piece = player.generate(options);
      std::size_t count = 0;
      while (count < song.notes.size() && count < piece.notes.size() &&
             piece.notes[count].start == song.notes[count].start &&
             piece.notes[count].velocity == song.notes[count].velocity)
        ++count;
      return count;
    };
    CHECK(kept({.seconds = 20, .primer = song}) == 20);
    CHECK(kept({.seconds = 40, .primer = song, .whole_primer = true}) == 64);
    CHECK(kept({.bars = 8, .primer = song}) == 16);
    CHECK(error_of([&] {
            player.generate({.seconds = 30, .primer = song, .whole_primer = true, .primer_name = "long.mid"});
          }) == "long.mid: takes 32.0 seconds, as long as the whole piece");
  }
}

TEST_CASE("New music keeps the key of a primer, unless it is free", "[piece][primer]") {
  const std::string eb_major = "Eb major";
  for (const AnyEncoder& encoder : kEncoders) {
    Player player(untrained_for(encoder));
    Song song = quarters(32);
    for (Note& note : song.notes) note.pitch += 3;
    const auto outside = [&](const PieceOptions& options) {
      std::size_t count = 0;
      for (const Note& note : player.generate(options).notes)
        count += note.start >= song.length && !has_pitch(scale_from_name(eb_major), note.pitch) ? 1 : 0;
      return count;
    };
    CHECK(outside({.seconds = 60, .primer = song}) == 0);
    CHECK(outside({.seconds = 60, .primer = song, .keep_key = false}) > 0);
  }
}

TEST_CASE("Seconds, bars and tempo hold with tempo tokens", "[piece][primer]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .tempos = true});
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    Player player(untrained_for(encoder, seed));
    for (const double bpm : {60.0, 180.0}) {
      const Song song = player.generate({.seconds = 20, .tempo_bpm = bpm, .seed = seed});
      CHECK(song.tempos.front().tick == 0);
      CHECK(song.tempos.front().bpm() == Approx(bpm).epsilon(1e-5));
    }
    const Song song = player.generate({.seconds = 60, .seed = seed});
    CHECK(song.tempos.size() > 2);
    const std::int64_t last_bar = Bars(song).at(song.length - 1).begin;
    CHECK(seconds_at(song, last_bar) < 60);
    CHECK(duration_seconds(song) >= 60 - 1e-3);
    const Song bars = player.generate({.bars = 12, .seed = seed});
    CHECK(tick_of_bar(bars, 11) < bars.length);
    CHECK(tick_of_bar(bars, 12) == bars.length);
    // The same in a batch.
    CHECK(player.generate_pieces({.seconds = 60, .seed = seed}, 3).front().song == song);
  }
}

TEST_CASE("A piece may be as short as a timestep", "[piece][primer]") {
  for (const AnyEncoder& encoder : kEncoders) {
    Player player(untrained_for(encoder));
    const Song song = player.generate({.seconds = 0.001});
    CHECK(!song.notes.empty());
    CHECK(song.length <= 6 * song.ticks_per_quarter);  // a bar of the event format
  }
}

TEST_CASE("A metre that is asked for is that of the bars", "[piece][primer]") {
  for (const AnyEncoder& encoder : kEncoders) {
    Player player(untrained_for(encoder));
    const Song song = player.generate({.bars = 4, .metre = TimeSignature{0, 3, 4}});
    CHECK(song.time_signatures == std::vector<TimeSignature>{{0, 3, 4}});
    CHECK(song.length == 12 * song.ticks_per_quarter);
  }
}

TEST_CASE("Notes at the cut end where the music that was read with them ends them", "[piece][primer]") {
  // The primer strikes C twice with velocities 100 and 30, and holds E across the cut at tick 1920 (its ticks
  // are half as long as those of the continuation); the tokens know one long C of velocity 80.
  const Primer primer{
      .song = {.ticks_per_quarter = 960,
               .notes = {{0, 960, 60, 100, 1}, {960, 1920, 60, 30, 1}, {1440, 4000, 64, 90, 1}},
               .length = 4000},
      .cut = 1920};
  const Song continued{.ticks_per_quarter = 480,
                       .notes = {{0, 960, 60, 80, 0}, {720, 1200, 64, 80, 0}, {960, 1440, 67, 80, 0}},
                       .length = 1440};
  CHECK(with_primer(continued, primer, {.velocities = true}).notes ==
        std::vector<Note>{
            {0, 480, 60, 100, 1}, {480, 960, 60, 30, 1}, {720, 1200, 64, 90, 1}, {960, 1440, 67, 80, 1}});
  // Without velocities of its own the new note is as loud as the primer, (100 + 30 + 90) / 3.
  CHECK(with_primer(continued, primer, {}).notes.back().velocity == 73);
  CHECK(with_primer(continued, primer, {.velocities = true}).length == 1440);
}

TEST_CASE("A model with channels continues a primer by its instruments", "[piece][primer]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .channels = true, .pedal = true});
  Song song{.ticks_per_quarter = 96, .programs = {{0, 2, 33}}, .length = 4 * 384};
  for (std::int64_t beat = 0; beat < 16; ++beat) {
    song.notes.push_back({96 * beat, 96 * beat + 96, 72, 80, 0});
    song.notes.push_back({96 * beat, 96 * beat + 96, 40, 90, 2});
    song.notes.push_back({96 * beat, 96 * beat + 24, 36, 100, kDrumChannel});
  }
  song.pedal = {{0, 0, true}};
  sort_notes(song.notes);
  Player player(untrained_for(encoder));
  const Piece piece = player.generate_pieces({.bars = 8, .primer = song, .seed = 3}, 1).front();
  // The model has read the drums too.
  const Song read = encoder.decode(piece.primer);
  CHECK(std::count_if(read.notes.begin(), read.notes.end(),
                      [](const Note& note) { return note.channel == kDrumChannel; }) == 16);
  std::vector<Token> tokens = piece.primer;
  tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
  const Song wanted = encoder.decode(tokens);
  const auto in_quarters = [](const Song& of, std::int64_t tick) {
    return static_cast<double>(tick) / static_cast<double>(of.ticks_per_quarter);
  };
  REQUIRE(piece.song.notes.size() == wanted.notes.size());
  std::multiset<std::tuple<double, int, int>> given, expected;
  for (const Note& note : piece.song.notes)
    given.emplace(in_quarters(piece.song, note.start), note.pitch, note.channel);
  for (const Note& note : wanted.notes)
    expected.emplace(in_quarters(wanted, note.start), note.pitch, note.channel);
  CHECK(given == expected);
  CHECK(piece.song.programs.size() == wanted.programs.size());
  CHECK(piece.song.pedal.size() == wanted.pedal.size());
}
