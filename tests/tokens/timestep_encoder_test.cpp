#include "gruve/tokens/timestep_encoder.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/midi/write_midi.hpp"

#include "catch.hpp"
#include "error_of.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

// Which keys sound in each timestep, straight from the definition: a note covers the timesteps whose
// beginnings it covers. For songs that lie on the grid.
using Roll = std::vector<std::vector<bool>>;

Roll piano_roll(const Song& song, int steps_per_quarter) {
  const std::int64_t ticks = song.ticks_per_quarter / steps_per_quarter;
  Roll roll(static_cast<std::size_t>(song.length / ticks), std::vector<bool>(128));
  for (std::size_t step = 0; step < roll.size(); ++step)
    for (const Note& note : song.notes) {
      const auto tick = static_cast<std::int64_t>(step) * ticks;
      if (note.start <= tick && tick < note.end) roll[step][static_cast<std::size_t>(note.pitch)] = true;
    }
  return roll;
}

// Notes on the grid at random, none of a key touching another of it.
Song random_song(Rng& rng, int steps_per_quarter, int ticks_per_step) {
  Song song;
  song.ticks_per_quarter = steps_per_quarter * ticks_per_step;
  const std::uint32_t steps = 1 + rng.below(200);
  song.length = static_cast<std::int64_t>(steps) * ticks_per_step;
  const std::uint32_t rarity = 1 + rng.below(50);  // from all keys to one or two
  for (int pitch = 21; pitch <= 108; ++pitch) {
    if (rng.below(rarity) != 0) continue;
    for (std::uint32_t step = rng.below(30); step + 1 < steps;) {
      const std::uint32_t end = std::min(step + 1 + rng.below(40), steps);
      song.notes.push_back({.start = std::int64_t{step} * ticks_per_step,
                            .end = std::int64_t{end} * ticks_per_step,
                            .pitch = pitch});
      step = end + 1 + rng.below(30);
    }
  }
  sort_notes(song.notes);
  return song;
}

Song one_note(std::int64_t start, std::int64_t end, int pitch = 60) {
  Song song;
  song.notes = {{.start = start, .end = end, .pitch = pitch}};
  song.length = end;
  return song;
}

using Tokens = std::vector<Token>;

}  // namespace

TEST_CASE("A held chord is written in each timestep that it sounds in, highest key first",
          "[tokens][timestep]") {
  // 480 ticks a quarter note, 24 timesteps a quarter note: 20 ticks a timestep. C4 E4 G4 (60, 64, 67) for two
  // timesteps, then C8 (108) and A0 (21) for one, with a silent timestep at the end.
  Song song;
  song.notes = {{0, 40, 60}, {0, 40, 64}, {0, 40, 67}, {40, 60, 21}, {40, 60, 108}};
  song.length = 80;
  const TimestepEncoder encoder;
  CHECK(encoder.encode(song) == Tokens{46, 43, 39, 88, 46, 43, 39, 88, 87, 0, 88, 88});
  CHECK(TimestepEncoder({.repeat_held = false}).encode(song) == Tokens{46, 43, 39, 88, 88, 87, 0, 88, 88});
}

TEST_CASE("A chord of any number of keys is written in its timesteps, highest key first",
          "[tokens][timestep]") {
  Rng rng(5);
  for (int size = 0; size <= kNumKeys; ++size) {
    std::vector<Token> keys(kNumKeys);
    for (Token key = 0; key < kNumKeys; ++key) keys[key] = key;
    for (std::size_t i = keys.size() - 1; i > 0; --i)
      std::swap(keys[i], keys[rng.below(static_cast<std::uint32_t>(i + 1))]);
    keys.resize(static_cast<std::size_t>(size));
    std::sort(keys.begin(), keys.end());
    Song song{.ticks_per_quarter = 24, .length = 4};
    for (const Token key : keys) song.notes.push_back({.start = 1, .end = 3, .pitch = kLowestKey + key});
    std::vector<Token> expected{88};
    for (int step = 1; step < 3; ++step) {
      expected.insert(expected.end(), keys.rbegin(), keys.rend());
      expected.push_back(88);
    }
    expected.push_back(88);
    REQUIRE(TimestepEncoder().encode(song) == expected);
  }
}

TEST_CASE("Of a note that begins before tick 0, the part after tick 0 is encoded", "[tokens][timestep]") {
  Song song{.ticks_per_quarter = 24, .length = 3};
  song.notes = {{.start = -5, .end = -2, .pitch = 61},
                {.start = -4, .end = 0, .pitch = 62},
                {.start = -3, .end = 2, .pitch = 60}};
  CHECK(TimestepEncoder().encode(song) == Tokens{39, 88, 39, 88, 88});
  CHECK(TimestepEncoder({.repeat_held = false}).encode(song) == Tokens{39, 88, 88, 88});
}

TEST_CASE("Notes begin and end at the nearest timestep, halves up", "[tokens][timestep]") {
  const TimestepEncoder encoder;
  // 20 ticks a timestep: 9 rounds to 0, 10 to 1, 29 to 1, 30 to 2.
  CHECK(encoder.encode(one_note(9, 29)) == Tokens{39, 88, 88});
  CHECK(encoder.encode(one_note(10, 30)) == Tokens{88, 39, 88});
  CHECK(encoder.encode(one_note(9, 30)) == Tokens{39, 88, 39, 88});
  // 7 timesteps of 480 / 7 = 68.57 ticks: 34 rounds to 0, 35 to 1, 102 to 1, 103 to 2.
  const TimestepEncoder seven({.steps_per_quarter = 7});
  CHECK(seven.encode(one_note(34, 102)) == Tokens{39, 88, 88});
  CHECK(seven.encode(one_note(35, 103)) == Tokens{88, 39, 88});
}

TEST_CASE("The timesteps of a song are its length rounded up", "[tokens][timestep]") {
  Song song;
  const TimestepEncoder encoder;
  CHECK(encoder.encode(song).empty());
  song.length = 1;
  CHECK(encoder.encode(song) == Tokens{88});
  song.length = 20;
  CHECK(encoder.encode(song) == Tokens{88});
  song.length = 21;
  CHECK(encoder.encode(song) == Tokens{88, 88});
  song = one_note(0, 40);
  song.length = 0;
  CHECK(encoder.encode(song) == Tokens{39, 88, 39, 88});
}

TEST_CASE("Encoding leaves out what the piano has no key for, and what rounds to nothing lasts a timestep",
          "[tokens][timestep]") {
  Song song;
  song.notes = {{0, 20, 20}, {0, 20, 21}, {0, 9, 60}, {0, 20, 108}, {0, 20, 109}};
  song.length = 20;
  CHECK(TimestepEncoder().encode(song) == Tokens{87, 39, 0, 88});
}

TEST_CASE("Notes of a key that overlap or touch become one", "[tokens][timestep]") {
  Song song;
  song.notes = {{0, 80, 60}, {20, 40, 60}, {80, 100, 60}};
  song.length = 100;
  const TimestepEncoder encoder;
  const Song back = encoder.decode(encoder.encode(song));
  CHECK(back.notes == std::vector<Note>{{0, 100, 60}});
  // At onsets only, each strike stands.
  CHECK(TimestepEncoder({.repeat_held = false}).encode(song) == Tokens{39, 88, 39, 88, 88, 88, 39, 88});
}

TEST_CASE("Tokens decode to notes, a tempo and a length", "[tokens][timestep]") {
  const Song song = TimestepEncoder().decode(Tokens{46, 39, 88, 39, 88, 88, 39}, 90);
  CHECK(song.ticks_per_quarter == 480);
  CHECK(song.notes == std::vector<Note>{{0, 40, 60}, {0, 20, 67}, {60, 80, 60}});
  CHECK(song.tempos == std::vector<Tempo>{{0, 666'667}});  // 60,000,000 / 90
  CHECK(song.length == 80);                                // the last timestep is not ended and counts
  const Song onsets = TimestepEncoder({.repeat_held = false}).decode(Tokens{39, 88, 39, 88});
  CHECK(onsets.notes == std::vector<Note>{{0, 20, 60}, {20, 40, 60}});
  CHECK(TimestepEncoder({.steps_per_quarter = 7}).decode(Tokens{88}).ticks_per_quarter == 476);
  CHECK(TimestepEncoder({.steps_per_quarter = 960}).decode(Tokens{88}).ticks_per_quarter == 960);
  CHECK(TimestepEncoder().decode({}).length == 0);
}

TEST_CASE("Decoding does not mind the order of a timestep's keys, nor a key twice", "[tokens][timestep]") {
  const TimestepEncoder encoder;
  CHECK(encoder.decode(Tokens{39, 46, 39, 88}) == encoder.decode(Tokens{46, 39, 88}));
  CHECK_NOTHROW(midi_bytes(encoder.decode(Tokens{39, 46, 39, 88, 39, 0, 87})));
}

TEST_CASE("A song on the grid decodes to the same piano roll", "[tokens][timestep]") {
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    const int steps_per_quarter = round % 3 == 0 ? 24 : static_cast<int>(1 + rng.below(100));
    const int ticks_per_step = static_cast<int>(1 + rng.below(40));
    const Song song = random_song(rng, steps_per_quarter, ticks_per_step);
    const TimestepEncoder encoder({.steps_per_quarter = steps_per_quarter});
    const Tokens tokens = encoder.encode(song);
    REQUIRE(count_violations(encoder, tokens) == 0);
    const Song back = encoder.decode(tokens);
    REQUIRE(piano_roll(back, steps_per_quarter) == piano_roll(song, steps_per_quarter));
    REQUIRE(back.notes.size() == song.notes.size());
    REQUIRE(encoder.encode(back) == tokens);
    REQUIRE_NOTHROW(midi_bytes(back));
  }
}

TEST_CASE("After a key only lower keys or the end of the timestep may follow",
          "[tokens][timestep][grammar]") {
  const TimestepEncoder encoder;
  CHECK(encoder.vocab_size() == 89);
  CHECK(encoder.start_token() == 88);
  for (int last = -1; last < 89; ++last) {
    const int state = last < 0 ? encoder.start() : encoder.advance(encoder.start(), static_cast<Token>(last));
    const bool at_beginning = last < 0 || last == 88;
    CHECK(encoder.at_boundary(state) == at_beginning);
    for (int token = 0; token < 100; ++token) {
      const bool expected = token == 88 || (token < 88 && (at_beginning || token < last));
      REQUIRE(encoder.allowed(state, static_cast<Token>(token)) == expected);
    }
  }
  CHECK(encoder.steps(88, 88) == 1);
  CHECK(encoder.steps(88, 87) == 0);
  // 46 46 repeats a key, 50 after 46 rises: two violations.
  CHECK(count_violations(encoder, Tokens{46, 46, 50, 88, 88}) == 2);
}

TEST_CASE("A song that would take too much memory is refused before any is taken", "[tokens][timestep]") {
  Song song = one_note(0, 480);
  song.length = std::numeric_limits<std::int64_t>::max();
  // 2^40 quarter notes is where the grid stops counting; 24 timesteps each, and the rest of the tick: 2^63 -
  // 1 leaves 127 over a multiple of 480, 7 timesteps when rounded up.
  CHECK(error_of([&] { TimestepEncoder().encode(song); }) ==
        "the song takes 26388279066631 timesteps, more than the 1048576 that can be encoded");
  song.length = 20 * 1'048'576;
  CHECK(TimestepEncoder().encode(song).size() == 1'048'576 + 24);
  ++song.length;
  CHECK(error_of([&] { TimestepEncoder().encode(song); }) ==
        "the song takes 1048577 timesteps, more than the 1048576 that can be encoded");
}

TEST_CASE("What the encoder can't take is an error with its number", "[tokens][timestep]") {
  CHECK(error_of([] { TimestepEncoder({.steps_per_quarter = 0}); }) ==
        "0 timesteps per quarter note, expected 1 to 960");
  CHECK(error_of([] { TimestepEncoder({.steps_per_quarter = 961}); }) ==
        "961 timesteps per quarter note, expected 1 to 960");
  Song song;
  song.ticks_per_quarter = 0;
  CHECK(error_of([&] { TimestepEncoder().encode(song); }) ==
        "a song of 0 ticks per quarter note, expected 1 to 2147483647");
  CHECK(error_of([] {
          TimestepEncoder().decode(Tokens{88, 89});
        }) == "token 89 at position 1 is outside the vocabulary of 89");
  CHECK(error_of([] { TimestepEncoder().decode(Tokens{88}, 0); }) ==
        "a tempo of 0.000000 bpm, expected 4 to 60000000");
}

TEST_CASE("A bar's timesteps are counted in whole ones", "[tokens][grid]") {
  CHECK(bar_steps({}, 24) == 96);
  CHECK(bar_steps({.numerator = 6, .denominator = 8}, 4) == 12);
  CHECK(bar_steps({.numerator = 3, .denominator = 8}, 1) == 3);  // of two bars, which are one and a half each
}

TEST_CASE("The size of an encoding is known before it is made", "[tokens][timestep]") {
  Rng rng(7);
  for (int i = 0; i < 50; ++i) {
    Song song = random_song(rng, 4, 120);
    for (const bool repeat_held : {true, false}) {
      const TimestepEncoder encoder({.steps_per_quarter = 4, .repeat_held = repeat_held});
      CHECK(encoder.encoded_size(song) == encoder.encode(song).size());
      song.notes.push_back(song.notes.empty() ? Note{0, 900, 60} : song.notes.front());
      song.notes.back().end += 480;  // overlaps
      song.notes.push_back({.start = -100, .end = 300, .pitch = 127});
      CHECK(encoder.encoded_size(song) == encoder.encode(song).size());
    }
  }
  Song held;  // 88 keys for 10 million timesteps: nothing is allocated for them
  for (int pitch = 21; pitch <= 108; ++pitch) held.notes.push_back({0, 480 * 400'000, pitch});
  held.length = 480 * 400'000;
  CHECK(TimestepEncoder().encoded_size(held) == 89u * 24 * 400'000);
}
