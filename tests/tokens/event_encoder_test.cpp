#include "gruve/tokens/event_encoder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/midi/timeline.hpp"
#include "gruve/tokens/read_song.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

#include "catch.hpp"
#include "error_of.hpp"
#include "sanitized.hpp"

using namespace gruve;
using gruve::tests::error_of;
using gruve::tests::sanitized;
using Kind = EventEncoder::Kind;
using Event = EventEncoder::Event;

namespace {

std::vector<Token> tokens_of(const EventEncoder& encoder, const std::vector<Event>& events) {
  std::vector<Token> tokens;
  for (const Event& event : events) tokens.push_back(encoder.token(event));
  return tokens;
}

// What the tokens say, in words of their own: "bar", "4/4", "@24", "C60", "=12" and so on.
std::string spelled(const EventEncoder& encoder, const std::vector<Token>& tokens) {
  std::string text;
  for (const Token token : tokens) {
    const Event event = encoder.event(token);
    const std::string value = std::to_string(event.value);
    const auto metre = event.kind == Kind::metre ? EventEncoder::metre(event.value) : std::pair(0, 0);
    if (!text.empty()) text += ' ';
    if (event.kind == Kind::end_of_bar) text += "|";
    if (event.kind == Kind::metre) text += std::to_string(metre.first) + "/" + std::to_string(metre.second);
    if (event.kind == Kind::position) text += "@" + value;
    if (event.kind == Kind::key) text += "k" + value;
    if (event.kind == Kind::hold) text += "hold";
    if (event.kind == Kind::duration) text += "=" + value;
    if (event.kind == Kind::velocity) text += "v" + value;
    if (event.kind == Kind::tempo) text += "t" + value;
    if (event.kind == Kind::repeat) text += "again" + value;
    if (event.kind == Kind::left) text += "left" + value;
    if (event.kind == Kind::channel) text += "c" + value;
    if (event.kind == Kind::program) text += "p" + value;
    if (event.kind == Kind::pedal) text += event.value == 1 ? "down" : "up";
    if (event.kind == Kind::onset) text += "on" + value;
    if (event.kind == Kind::release) text += "off" + value;
  }
  return text;
}

// A song as decode() gives one: on the grid of 480 / G ticks or its parts, in whole bars, its velocities and
// tempos in the middle of their degrees, no note of a key of a channel overlapping another, programs only
// where a channel begins a note, pedals only of channels that have notes.
Song random_song(Rng& rng, const EventOptions& options) {
  const EventEncoder encoder(options);
  const int parts = options.microtiming;
  const std::int64_t part = std::max(1, 480 / (options.steps_per_quarter * parts)), ticks = part * parts;
  Song song;
  song.ticks_per_quarter = options.steps_per_quarter * ticks;
  song.time_signatures.push_back({});
  const std::uint32_t bars = 1 + rng.below(12);
  EventEncoder::State state = encoder.start();
  for (std::uint32_t bar = 0; bar < bars; ++bar) {
    const Token metre = encoder.token({Kind::metre, static_cast<int>(rng.below(EventEncoder::kNumMetres))});
    if (rng.below(3) == 0 && encoder.allowed(state, metre)) {
      const auto [numerator, denominator] = EventEncoder::metre(encoder.event(metre).value);
      if (bar == 0) song.time_signatures.clear();
      song.time_signatures.push_back({song.length * ticks, numerator, denominator});
      state = encoder.advance(state, metre);
    }
    song.length += state.bar_steps;
    state = encoder.advance(state, 0);
  }
  const std::int64_t steps = song.length;
  song.length *= ticks;
  const auto shift = [&] {
    return static_cast<int>(rng.below(static_cast<std::uint32_t>(parts))) - parts / 2;
  };
  std::vector<int> channels = {0};
  if (options.channels)
    for (const int channel : {1, 2, kDrumChannel, 15})
      if (rng.below(2) == 0) channels.push_back(channel);
  for (const int channel : channels) {
    std::vector<std::int64_t> starts;  // timesteps
    for (int pitch = kLowestKey; pitch <= kHighestKey; ++pitch) {
      if (rng.below(3 * static_cast<std::uint32_t>(channels.size())) != 0) continue;
      std::int64_t free = 0;  // tick from which the key is
      for (std::int64_t step = rng.below(50); step < steps;) {
        const auto longest = static_cast<std::uint32_t>(rng.below(5) == 0 ? 1000 : 20);
        const std::int64_t end = std::min<std::int64_t>(step + 1 + rng.below(longest), steps);
        Note note{
            .start = std::max(free, step * ticks + (step == 0 ? std::abs(shift()) / 2 : shift()) * part),
            .end = std::min(end * ticks + shift() * part, song.length),
            .pitch = pitch,
            .velocity = options.velocities ? 4 * static_cast<int>(rng.below(32)) + 2 : 80,
            .channel = channel};
        song.notes.push_back(note);
        starts.push_back(step);
        free = note.end;
        step = end + rng.below(40);  // or struck again at once
        if (free >= step * ticks + (parts - parts / 2) * part) ++step;
      }
    }
    int program = 0;
    bool is_down = false;
    std::sort(starts.begin(), starts.end());
    for (const std::int64_t step : starts) {
      const auto next = static_cast<int>(rng.below(128));
      const std::int64_t before = std::max<std::int64_t>(0, step * ticks - parts / 2 * part);
      if (options.channels && rng.below(9) == 0 && next != program) {
        if (!song.programs.empty() && song.programs.back().channel == channel &&
            song.programs.back().tick == before)
          continue;
        song.programs.push_back({before, channel, program = next});
      }
      if (!options.pedal || rng.below(3) != 0 ||
          (!song.pedal.empty() && song.pedal.back().channel == channel &&
           song.pedal.back().tick == step * ticks))
        continue;
      song.pedal.push_back({step * ticks, channel, is_down = !is_down});
      if (!is_down && rng.below(2) == 0) song.pedal.push_back({step * ticks, channel, is_down = true});
    }
  }
  sort_notes(song.notes);
  const auto by_tick = [](const auto& a, const auto& b) {
    return std::tuple(a.tick, a.channel) < std::tuple(b.tick, b.channel);
  };
  std::stable_sort(song.programs.begin(), song.programs.end(), by_tick);
  std::stable_sort(song.pedal.begin(), song.pedal.end(), by_tick);
  const auto tempo = [](std::uint32_t degree) { return std::llround(3e6 / std::exp2(degree / 12.0)); };
  if (!options.tempos) {
    song.tempos = {{0, 500'000}};
    return song;
  }
  song.tempos = {{0, tempo(rng.below(49))}};
  for (std::int64_t step = 1 + rng.below(100); step < steps; step += 1 + rng.below(100)) {
    const std::int64_t next = tempo(rng.below(49));
    if (next != song.tempos.back().microseconds_per_quarter) song.tempos.push_back({step * ticks, next});
  }
  return song;
}

const EventOptions kOptions[] = {{},
                                 {.steps_per_quarter = 4},
                                 {.steps_per_quarter = 1, .velocities = true},
                                 {.steps_per_quarter = 7, .tempos = true},
                                 {.steps_per_quarter = 24, .velocities = true, .tempos = true},
                                 {.steps_per_quarter = 960, .velocities = true, .tempos = true},
                                 {.steps_per_quarter = 4, .form = true},
                                 {.steps_per_quarter = 24, .velocities = true, .tempos = true, .form = true},
                                 {.steps_per_quarter = 4, .channels = true},
                                 {.steps_per_quarter = 4, .pedal = true},
                                 {.steps_per_quarter = 24, .velocities = true, .microtiming = 8},
                                 {.steps_per_quarter = 7, .microtiming = 5},
                                 {.steps_per_quarter = 12,
                                  .velocities = true,
                                  .tempos = true,
                                  .form = true,
                                  .channels = true,
                                  .pedal = true,
                                  .microtiming = 2}};

}  // namespace

TEST_CASE("Events say what begins where and how long it lasts", "[tokens][event]") {
  // 480 ticks a quarter note, 24 timesteps of 20 ticks. A chord of a quarter, a note of a half on the third
  // beat that takes the second bar's first, a waltz from the second bar on.
  Song song;
  song.notes = {{0, 480, 60},    {0, 480, 64},     {0, 480, 67},
                {960, 1920, 72}, {1930, 2400, 60}, {1940, 2180, 64}};
  song.time_signatures = {{1920, 3, 4}};
  song.length = 3360;
  const EventEncoder encoder;
  CHECK(spelled(encoder, encoder.encode(song)) == "k46 =24 k43 k39 @48 k51 =48 | 3/4 @1 k43 =12 k39 =23 |");
  CHECK(encoder.vocab_size() == 1 + 45 + 143 + 88 + 1 + 96);
  CHECK(EventEncoder({.velocities = true, .tempos = true}).vocab_size() == 374 + 32 + 49);
}

TEST_CASE("Velocities and tempos are written where they change", "[tokens][event]") {
  Song song;
  song.notes = {{0, 480, 60, 80}, {0, 480, 64, 80}, {480, 960, 60, 81}};
  song.tempos = {{0, 500'000}, {240, 501'000}, {960, 250'000}};
  song.length = 1920;
  const EventEncoder encoder({.steps_per_quarter = 4, .velocities = true, .tempos = true});
  // 120 bpm is 20 · 2^(31/12); 240 an octave of tempo above.
  CHECK(spelled(encoder, encoder.encode(song)) == "t31 k43 =4 v19 k39 @4 k39 v20 @8 t43 |");
}

TEST_CASE("Parts, their sounds and their pedals are in one stream", "[tokens][event]") {
  // A melody on a flute, a bass with the pedal, drums that play throughout.
  Song song;
  song.notes = {{0, 480, 72, 80, 0},   {0, 960, 40, 80, 1},    {0, 120, 36, 80, kDrumChannel},
                {480, 600, 38, 80, 9}, {960, 1440, 74, 80, 0}, {960, 1920, 43, 80, 1}};
  song.programs = {{0, 0, 73}, {0, 1, 32}, {900, 1, 33}};
  song.pedal = {{0, 1, true}, {960, 1, false}, {961, 1, true}, {1440, 1, false}, {1440, 5, true}};
  song.length = 1920;
  const EventEncoder encoder({.steps_per_quarter = 4, .channels = true, .pedal = true});
  CHECK(spelled(encoder, encoder.encode(song)) ==
        "c0 p73 k51 =4 c1 down p32 k19 =8 c9 k15 =1 @4 k17 @8 c0 k53 c1 up down p33 k22 @12 up |");
  // Without channels it is a piano, whose pedal is that of the bass.
  const EventEncoder one({.steps_per_quarter = 4, .pedal = true});
  CHECK(spelled(one, one.encode(song)) ==
        "down k51 =4 k19 =8 k15 =1 @4 k17 @8 up down k53 =4 k22 =8 @12 up |");
  CHECK(encoder.vocab_size() == EventEncoder({.steps_per_quarter = 4}).vocab_size() + 16 + 128 + 2);
}

TEST_CASE("With microtiming notes begin and end beside the timesteps", "[tokens][event]") {
  // 96 ticks a quarter note, timesteps of 24 ticks in parts of 6.
  Song song;
  song.ticks_per_quarter = 96;
  song.notes = {{6, 102, 60}, {0, 102, 64}, {84, 186, 62}, {192, 196, 67}};
  sort_notes(song.notes);
  song.length = 384;
  const EventEncoder encoder({.steps_per_quarter = 4, .microtiming = 4});
  // The last note begins and ends at one timestep, and ends as early as can be said.
  CHECK(spelled(encoder, encoder.encode(song)) ==
        "k43 =4 off1 k39 on1 @4 k41 on-2 off-1 @8 k46 =1 on0 off-2 |");
  const Song back = encoder.decode(encoder.encode(song));
  CHECK(back.ticks_per_quarter == 480);
  CHECK(back.notes == std::vector<Note>{{0, 510, 64}, {30, 510, 60}, {420, 930, 62}, {960, 1020, 67}});
  // Nothing begins before the song.
  CHECK_FALSE(
      encoder.allowed(encoder.advance(encoder.advance(encoder.start(), encoder.token({Kind::key, 40})),
                                      encoder.token({Kind::duration, 1})),
                      encoder.token({Kind::onset, -1})));
  CHECK(error_of([] { EventEncoder({.steps_per_quarter = 96, .microtiming = 11}); }) ==
        "microtiming of 11 parts of a timestep, expected 1 to 10 on a grid of 96 timesteps per quarter note");
}

TEST_CASE("A long note is held in whole fours of quarters", "[tokens][event]") {
  Song song;
  song.ticks_per_quarter = 1;
  song.notes = {{0, 4, 60}, {4, 12, 60}, {12, 25, 62}};
  song.length = 28;
  const EventEncoder encoder({.steps_per_quarter = 1});
  CHECK(spelled(encoder, encoder.encode(song)) == "k39 =4 | k39 hold =4 | | k41 hold hold hold =1 | | | |");
}

TEST_CASE("Where bars return and where the song ends is written at the beginnings of bars",
          "[tokens][event]") {
  Song song;
  song.ticks_per_quarter = 1;
  song.time_signatures = {{0, 3, 4}};
  song.length = 30;
  // A B A B C D A B C E, a note each.
  for (const int pitch : {60, 62, 60, 62, 64, 65, 60, 62, 64, 67}) {
    const auto start = 3 * static_cast<std::int64_t>(song.notes.size());
    song.notes.push_back({start, start + 3, pitch});
  }
  const EventEncoder encoder({.steps_per_quarter = 1, .form = true});
  CHECK(
      spelled(encoder, encoder.encode(song)) ==
      "3/4 k39 =3 | k41 | left8 again2 k39 | k41 | again0 k43 | k44 | again4 k39 | k41 | k43 | again0 k46 |");
  CHECK(encoder.vocab_size() == EventEncoder({.steps_per_quarter = 1}).vocab_size() + 65 + 8);

  // Nothing follows the end but silence.
  EventEncoder::State state = encoder.start();
  for (const Token token : encoder.encode(song)) state = encoder.advance(state, token);
  CHECK(encoder.is_over(state));
  for (int token = 0; token < encoder.vocab_size(); ++token)
    CHECK(encoder.allowed(state, static_cast<Token>(token)) == (token == 0));
  // No bar returns to one before the first, and the number of bars left is said once.
  EventEncoder::State second = encoder.advance(encoder.start(), 0);
  CHECK(encoder.allowed(second, encoder.token({Kind::repeat, 1})));
  CHECK(!encoder.allowed(second, encoder.token({Kind::repeat, 2})));
  second = encoder.advance(second, encoder.token({Kind::left, 3}));
  CHECK(!encoder.allowed(second, encoder.token({Kind::left, 2})));
  CHECK(encoder.allowed(second, encoder.token({Kind::repeat, 1})));

  // Without the tokens for the form it is the same song.
  const EventEncoder plain({.steps_per_quarter = 1});
  CHECK(plain.decode(plain.encode(song)).notes == encoder.decode(encoder.encode(song)).notes);
}

TEST_CASE("A song on the grid comes back from its events as it was", "[tokens][event]") {
  for (const EventOptions& options : kOptions) {
    const EventEncoder encoder(options);
    Rng rng(7, 0);
    for (int i = 0; i < 100; ++i) {
      const Song song = random_song(rng, options);
      const std::vector<Token> tokens = encoder.encode(song);
      REQUIRE(count_violations(encoder, std::span<const Token>(tokens)) == 0);
      const Song back = encoder.decode(tokens);
      REQUIRE(back.notes == song.notes);
      REQUIRE(back.length == song.length);
      REQUIRE(back.tempos == song.tempos);
      REQUIRE(back.programs == song.programs);
      REQUIRE(back.pedal == song.pedal);
      REQUIRE(back.time_signatures == song.time_signatures);
      std::int64_t steps = 0;
      EventEncoder::State state = encoder.start();
      for (const Token token : tokens) {
        steps += encoder.steps(state, token);
        state = encoder.advance(state, token);
      }
      REQUIRE(encoder.at_boundary(state));
      REQUIRE(steps * song.ticks_per_quarter == song.length * options.steps_per_quarter);
    }
  }
}

TEST_CASE("What the format can't hold becomes what its documentation says", "[tokens][event]") {
  const EventEncoder encoder({.steps_per_quarter = 4});
  Song song;
  song.ticks_per_quarter = 4;
  song.length = 16;
  SECTION("a key struck while it sounds ends the note that sounded, and sounds on for it") {
    song.notes = {{0, 8, 60}, {4, 6, 60}, {4, 5, 60}};
    CHECK(encoder.decode(encoder.encode(song)).notes == std::vector<Note>{{0, 480, 60}, {480, 960, 60}});
  }
  SECTION("of two that begin together the longer and the louder counts") {
    song.notes = {{0, 8, 60, 20}, {0, 4, 60, 100}};
    const EventEncoder loud({.steps_per_quarter = 4, .velocities = true});
    CHECK(loud.decode(loud.encode(song)).notes == std::vector<Note>{{0, 960, 60, 98}});
  }
  SECTION("keys that the piano lacks are left out, and notes that round to nothing last a timestep") {
    song.ticks_per_quarter = 40;
    song.length = 160;
    song.notes = {{0, 40, 20}, {0, 40, 109}, {0, 4, 60}, {0, 5, 62}};
    CHECK(encoder.decode(encoder.encode(song)).notes == std::vector<Note>{{0, 120, 60}, {0, 120, 62}});
  }
  SECTION("the length becomes whole bars") {
    song.length = 17;
    CHECK(encoder.decode(encoder.encode(song)).length == 2 * 1920);
    song.length = 0;
    CHECK(encoder.decode(encoder.encode(song)).length == 1920);
  }
  SECTION("bars without a metre of their own are written as others") {
    song.length = 16 * 5;
    song.time_signatures = {{0, 5, 2}, {18, 1, 32}, {20, 7, 8}, {46, 3, 4}};
    CHECK(spelled(encoder, encoder.encode(song)) == "18/16 | 1/16 | | 7/8 | 6/8 | 3/4 | | |");
  }
}

TEST_CASE("Each token says one thing, and has its own number", "[tokens][event]") {
  for (const EventOptions& options : kOptions) {
    const EventEncoder encoder(options);
    for (int token = 0; token < encoder.vocab_size(); ++token) {
      const Event event = encoder.event(static_cast<Token>(token));
      REQUIRE(encoder.token(event) == token);
    }
    CHECK(encoder.start_token() == encoder.token({Kind::end_of_bar, 0}));
  }
  CHECK(EventEncoder::metre(0) == std::pair(1, 2));
  CHECK(EventEncoder::metre(3) == std::pair(1, 4));
  CHECK(EventEncoder::metre(9) == std::pair(1, 8));
  CHECK(EventEncoder::metre(44) == std::pair(24, 16));
}

TEST_CASE("Whatever the grammar allows decodes, and comes back from what it decodes to", "[tokens][event]") {
  for (const EventOptions& options : kOptions) {
    const EventEncoder encoder(options);
    const auto V = static_cast<std::uint32_t>(encoder.vocab_size());
    Rng rng(11, 0);
    for (int walk = 0; walk < (V > 1000 ? 2 : 20); ++walk) {
      std::vector<Token> tokens;
      EventEncoder::State state = encoder.start();
      while (tokens.size() < 300 || !encoder.at_boundary(state)) {
        // Ends of bars are rare among so many tokens: those are taken more often.
        std::vector<Token> allowed;
        for (std::uint32_t token = 0; token < V; ++token)
          if (encoder.allowed(state, static_cast<Token>(token))) allowed.push_back(static_cast<Token>(token));
        REQUIRE_FALSE(allowed.empty());
        const bool ends = allowed[0] == 0 && rng.below(8) == 0;
        tokens.push_back(ends ? Token{0} : allowed[rng.below(static_cast<std::uint32_t>(allowed.size()))]);
        state = encoder.advance(state, tokens.back());
      }
      const Song song = encoder.decode(tokens);
      const Song again = encoder.decode(encoder.encode(song));
      REQUIRE(again.notes == song.notes);
      REQUIRE(again.length == song.length);
      REQUIRE(again.time_signatures == song.time_signatures);
      if (!options.channels) REQUIRE(again.pedal.size() == (song.notes.empty() ? 0 : song.pedal.size()));
      REQUIRE(encoder.decode(encoder.encode(again)) == again);
    }
  }
}

TEST_CASE("Events that are not allowed at their position are refused by name and position",
          "[tokens][event]") {
  const EventEncoder plain({.steps_per_quarter = 4});
  const EventEncoder full({.steps_per_quarter = 4, .velocities = true, .tempos = true});
  const auto refused = [](const EventEncoder& encoder, const std::vector<Event>& events) {
    return error_of([&] { encoder.decode(tokens_of(encoder, events)); });
  };
  const Event bar{Kind::end_of_bar, 0}, key{Kind::key, 40}, four{Kind::duration, 4};
  CHECK(refused(plain, {four}) == "a duration (token 161) at position 0 is not allowed at the beginning");
  CHECK(refused(plain, {key, bar}) == "an end of bar (token 0) at position 1 is not allowed after a key");
  const std::vector<std::vector<Event>> malformed = {
      {key, four, four},                                      // two durations
      {key, {Kind::hold, 0}, bar},                            // a hold alone
      {key, {Kind::hold, 0}, key},                            //
      {key, four, key},                                       // a key twice at a position
      {key, four, {Kind::key, 41}},                           // a key above the last
      {{Kind::key, 50}, four, key, four},                     // a duration that runs on already
      {{Kind::position, 3}, bar},                             // nothing at the position
      {{Kind::position, 3}, {Kind::position, 5}},             //
      {{Kind::position, 3}, key, four, {Kind::position, 3}},  // no way forward
      {{Kind::position, 16}},                                 // in the next bar
      {{Kind::metre, 6}},                                     // 4/4 as before
      {{Kind::metre, 21}},                                    // 1/16: sound on a grid of sixteenths
      {key, four, {Kind::metre, 5}},                          // a metre within the bar
  };
  for (const std::vector<Event>& events : malformed) {
    INFO(spelled(plain, tokens_of(plain, events)));
    const bool is_sound = events.size() == 1 && events[0] == Event{Kind::metre, 21};
    CHECK((refused(plain, events) == "no error") == is_sound);
  }
  CHECK(refused(full, {key, four, bar}) != "no error");  // no velocity yet
  CHECK(refused(full, {key, four, {Kind::velocity, 3}, {Kind::velocity, 4}}) != "no error");
  CHECK(refused(full, {{Kind::tempo, 3}, {Kind::tempo, 4}}) != "no error");
  CHECK(
      refused(full, {{Kind::tempo, 3}, key, four, {Kind::velocity, 1}, {Kind::key, 30}, {Kind::tempo, 4}}) !=
      "no error");
  CHECK(refused(full, {{Kind::tempo, 3}, key, four, {Kind::velocity, 1}, {Kind::key, 30}, bar}) ==
        "no error");
  CHECK(refused(EventEncoder({.steps_per_quarter = 1}), {{Kind::metre, 9}}) !=
        "no error");  // half a timestep
  CHECK(error_of([&] { plain.decode(std::vector<Token>{999}); }) ==
        "token 999 at position 0 is outside the vocabulary of 174");
  CHECK(error_of([&] { plain.decode({}, 3); }) == "a tempo of 3.000000 bpm, expected 4 to 60000000");
  CHECK(error_of([] { EventEncoder({.steps_per_quarter = 0}); }) ==
        "0 timesteps per quarter note, expected 1 to 960");
}

TEST_CASE("A sequence that breaks off keeps its whole notes", "[tokens][event]") {
  const EventEncoder encoder({.steps_per_quarter = 4});
  const Event key{Kind::key, 40}, four{Kind::duration, 4};
  CHECK(encoder.decode({}).notes.empty());
  CHECK(encoder.decode({}).length == 0);
  CHECK(encoder.decode(tokens_of(encoder, {key})).notes.empty());
  CHECK(encoder.decode(tokens_of(encoder, {key, four, {Kind::key, 30}})).notes.size() == 2);
  CHECK(encoder.decode(tokens_of(encoder, {key, four, {Kind::key, 30}, {Kind::hold, 0}})).notes.size() == 1);
  CHECK(encoder.decode(tokens_of(encoder, {key, four})).length == 1920);
}

TEST_CASE("A note is held until its longest duration would be beyond what can be encoded",
          "[tokens][event]") {
  const EventEncoder encoder(
      {.steps_per_quarter = 24});  // a hold and the longest duration: 96 timesteps each
  const Token hold = encoder.token({Kind::hold, 0});
  auto state = encoder.advance(encoder.start(), encoder.token({Kind::key, 40}));
  std::int64_t holds = 0;
  for (; encoder.allowed(state, hold); ++holds) state = encoder.advance(state, hold);
  CHECK(96 * (holds + 1) <= kMaxTimesteps);
  CHECK(96 * (holds + 2) > kMaxTimesteps);
  CHECK(encoder.allowed(state, encoder.token({Kind::duration, 96})));
}

TEST_CASE("A song that claims centuries is refused", "[tokens][event]") {
  Song song;
  song.notes = {{0, std::int64_t{1} << 57, 60}};
  CHECK(error_of([&] { EventEncoder().encode(song); }).find("more than the 1048576") != std::string::npos);
}

TEST_CASE("A key that two notes sound at once sounds until the later end", "[tokens][event]") {
  const EventEncoder encoder({.steps_per_quarter = 4});
  const auto sounding = [&](std::vector<Note> notes) {
    Song song{.ticks_per_quarter = 4, .notes = std::move(notes), .length = 16};
    sort_notes(song.notes);
    std::vector<Note> heard;
    for (const Note& note : encoder.decode(encoder.encode(song)).notes)
      heard.push_back({note.start / 120, note.end / 120, note.pitch});
    return heard;
  };
  // Two voices on one key: the inner note ends first.
  CHECK(sounding({{0, 16, 60}, {4, 8, 60, 80, 1}}) == std::vector<Note>{{0, 4, 60}, {4, 16, 60}});
  CHECK(sounding({{0, 8, 60}, {4, 16, 60}}) == std::vector<Note>{{0, 4, 60}, {4, 16, 60}});
  CHECK(sounding({{0, 16, 60}, {4, 6, 60}, {8, 10, 60}}) ==
        std::vector<Note>{{0, 4, 60}, {4, 8, 60}, {8, 16, 60}});
  CHECK(sounding({{0, 2, 60}, {0, 8, 60}}) == std::vector<Note>{{0, 8, 60}});
}

TEST_CASE("Bars without a metre of their own are several bars, and the bar lines are right",
          "[tokens][event]") {
  const auto metres = [](int steps_per_quarter, std::vector<TimeSignature> given, std::int64_t length) {
    const EventEncoder encoder({.steps_per_quarter = steps_per_quarter});
    const Song song{.ticks_per_quarter = 480,
                    .notes = {{0, length, 60}},
                    .time_signatures = std::move(given),
                    .length = length};
    const std::vector<Token> tokens = encoder.encode(song);
    CHECK(count_violations(encoder, std::span<const Token>(tokens)) == 0);
    Song back = encoder.decode(tokens);
    // Every bar line of the song is one of the bar lines of its tokens.
    std::vector<std::int64_t> lines;
    for (const BarLine& line : bar_lines(back)) lines.push_back(line.tick * 480 / back.ticks_per_quarter);
    for (const BarLine& line : bar_lines(song)) {
      CAPTURE(line.tick);
      CHECK(std::find(lines.begin(), lines.end(), line.tick) != lines.end());
    }
    std::string text;
    for (const TimeSignature& metre : back.time_signatures)
      text += (text.empty() ? "" : " ") + std::to_string(metre.tick * 480 / back.ticks_per_quarter) + ":" +
              std::to_string(metre.numerator) + "/" + std::to_string(metre.denominator);
    return text;
  };
  CHECK(metres(4, {{0, 13, 8}}, 6240) == "0:7/8 1680:6/8 3120:7/8 4800:6/8");
  CHECK(metres(24, {{0, 7, 4}}, 3360) == "0:4/4 1920:3/4");
  CHECK(metres(24, {{0, 4, 1}}, 7680) == "0:4/4");
  CHECK(metres(24, {{0, 8, 2}}, 7680) == "0:2/2");
  // An upbeat bar of its own metre; a bar that a change cuts short; a metre that is stated again within a
  // bar.
  CHECK(metres(4, {{0, 1, 4}, {480, 4, 4}}, 4320) == "0:1/4 480:4/4");
  CHECK(metres(4, {{0, 4, 4}, {960, 3, 4}}, 2400) == "0:2/4 960:3/4");
  CHECK(metres(4, {{0, 4, 4}, {960, 4, 4}}, 3840) == "0:4/4");
  CHECK(metres(4, {{0, 4, 4}, {600, 3, 4}}, 2040) == "0:5/16 600:3/4");
  CHECK(metres(1, {{0, 7, 4}, {3360, 3, 4}}, 4800) == "0:4/4 1920:3/4");
}

TEST_CASE("Bar lines off the grid of metres are moved to the nearest sixteenth", "[tokens][event]") {
  const EventEncoder encoder({.steps_per_quarter = 24});
  // 7/32 takes 21 timesteps, 3.5 sixteenths.
  const Song song{.ticks_per_quarter = 480,
                  .notes = {{0, 4 * 420, 60}},
                  .time_signatures = {{0, 7, 32}},
                  .length = 4 * 420};
  const Song back = encoder.decode(encoder.encode(song));
  std::vector<std::int64_t> lines;
  for (const BarLine& line : bar_lines(back)) lines.push_back(line.tick);
  CHECK(lines == std::vector<std::int64_t>{0, 480, 840, 1320});
}

TEST_CASE("Real songs are decoded from their events as they are on the grid", "[tokens][event][data]") {
  const std::filesystem::path folder = std::filesystem::path(GRUVE_SHARED_DATA) / "midi-odd";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: there is no " << folder);
    return;
  }
  const EventEncoder encoder;
  std::size_t files = 0, songs = 0, timesteps = 0, events = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || (sanitized && ++files % 4 != 0) ||
        error_of([&] { read_song(entry.path()); }) != "no error")
      continue;
    const Song song = read_song(entry.path());
    INFO(entry.path());
    const std::vector<Token> tokens = encoder.encode(song);
    REQUIRE(count_violations(encoder, std::span<const Token>(tokens)) == 0);
    const Song back = encoder.decode(tokens);
    REQUIRE(encoder.encode(back) == tokens);
    // By the definition: each note at its nearest timesteps, for one timestep at least, and one of a key and
    // onset at most. A key sounds as long as any of its notes does.
    std::vector<Note> expected;
    const Grid grid(song.ticks_per_quarter, 24);
    for (const Note& note : song.notes) {
      const std::int64_t start = grid.nearest(note.start);
      expected.push_back({.start = start * 20,
                          .end = std::max(grid.nearest(note.end), start + 1) * 20,
                          .pitch = note.pitch});
    }
    sort_notes(expected);
    std::array<std::int64_t, 128> longest = {};  // of each key's notes so far
    for (Note& note : expected) {
      std::int64_t& end = longest[static_cast<std::size_t>(note.pitch)];
      note.end = end = std::max(note.end, end);
    }
    // From the end: the last of a key and onset is kept, until the key's next onset.
    std::vector<Note> kept;
    std::array<std::int64_t, 128> next;
    next.fill(std::numeric_limits<std::int64_t>::max());
    for (auto at = expected.rbegin(); at != expected.rend(); ++at) {
      const Note& note = *at;
      std::int64_t& onset = next[static_cast<std::size_t>(note.pitch)];
      if (onset != note.start)
        kept.push_back({.start = note.start, .end = std::min(note.end, onset), .pitch = note.pitch});
      onset = note.start;
    }
    std::reverse(kept.begin(), kept.end());
    REQUIRE(back.notes == kept);
    ++songs;
    timesteps += TimestepEncoder().encode(song).size();
    events += tokens.size();
  }
  CHECK(songs > (sanitized ? 50 : 150));
  WARN(songs << " songs: " << timesteps << " tokens in the timestep format, " << events
             << " in that of events, " << static_cast<double>(timesteps) / static_cast<double>(events)
             << " times fewer");
}
