#include "gruve/tokens/note_decoder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <tuple>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/tokens/note_encoder.hpp"
#include "sanitized.hpp"

using namespace gruve;
using gruve::tests::sanitized;

namespace {

// The notes, programs and pedal of changes that come in the order of their timesteps, in parts of a timestep:
// each key of a channel begins and ends in turn.
Song song_of(const std::vector<NoteChange>& changes, int parts) {
  Song song;
  std::vector<Note*> open(16 * 128);
  song.notes.reserve(changes.size());
  std::int64_t last = 0;
  for (const NoteChange& change : changes) {
    const std::int64_t at = change.step * parts + std::lround(change.shift * static_cast<float>(parts));
    const bool is_ordered = std::exchange(last, change.step) <= change.step;
    if (change.kind == NoteChange::Kind::program) song.programs.push_back({at, change.channel, change.pitch});
    if (change.kind == NoteChange::Kind::pedal) song.pedal.push_back({at, change.channel, change.pitch == 1});
    Note*& note = open[std::size_t{128} * change.channel + change.pitch];
    if (!is_ordered || (change.kind == NoteChange::Kind::note && (note == nullptr) != (change.velocity > 0)))
      FAIL("pitch " << int{change.pitch} << " at timestep " << change.step);
    if (change.kind != NoteChange::Kind::note) continue;
    if (change.velocity > 0) {
      song.notes.push_back(
          {.start = at, .pitch = change.pitch, .velocity = change.velocity, .channel = change.channel});
      note = &song.notes.back();
    } else {
      note->end = at;
      note = nullptr;
    }
  }
  for (const Note* note : open) REQUIRE(note == nullptr);
  sort_notes(song.notes);
  return song;
}

int microtiming(const TimestepEncoder&) { return 1; }
int microtiming(const EventEncoder& encoder) { return encoder.options().microtiming; }

template <MusicEncoder Encoder>
void check_decoder(const Encoder& encoder, const std::vector<Token>& tokens) {
  NoteDecoder<Encoder> decoder(encoder);
  std::vector<NoteChange> changes;
  auto state = encoder.start();
  std::int64_t step = 0;
  for (const Token token : tokens) {
    const std::size_t before = changes.size();
    const std::int64_t known = decoder.known();
    decoder.push(state, token, [&](const NoteChange& change) { changes.push_back(change); });
    // Nothing comes before what was known, and it is known up to the music's time.
    step += encoder.steps(state, token);
    const std::int64_t open = microtiming(encoder) > 1 ? 1 : 0;
    bool holds = changes.size() - before <= decoder.max_changes() && decoder.known() == step - open;
    for (std::size_t i = before; i < changes.size(); ++i) holds = holds && changes[i].step >= known;
    if (!holds) FAIL("token " << token << " at timestep " << step);
    state = encoder.advance(state, token);
  }
  decoder.finish(state, [&](const NoteChange& change) { changes.push_back(change); });
  Song song = encoder.decode(tokens);
  const std::int64_t part = song.ticks_per_quarter / encoder.steps_per_quarter() / microtiming(encoder);
  for (Note& note : song.notes) {
    note.start /= part;
    note.end /= part;
  }
  for (ProgramChange& change : song.programs) change.tick /= part;
  for (PedalMove& move : song.pedal) move.tick /= part;
  const Song played = song_of(changes, microtiming(encoder));
  REQUIRE(played.notes == song.notes);
  REQUIRE(played.programs == song.programs);
  REQUIRE(played.pedal == song.pedal);
}

// Tokens that the grammar allows, each with the same probability but for what ends timesteps and bars.
template <MusicEncoder Encoder>
std::vector<Token> grammatical(const Encoder& encoder, std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Token> tokens;
  auto state = encoder.start();
  while (tokens.size() < count) {
    auto token = static_cast<Token>(rng.below(static_cast<std::uint32_t>(encoder.vocab_size())));
    if (rng.below(4) == 0) token = encoder.start_token();
    if (!encoder.allowed(state, token)) continue;
    tokens.push_back(token);
    state = encoder.advance(state, token);
  }
  return tokens;
}

// On the grid, with chords, repeated keys and silences.
Song random_song(Rng& rng, int steps_per_quarter) {
  Song song;
  song.ticks_per_quarter = steps_per_quarter;
  std::array<std::int64_t, 128> free{};
  std::int64_t step = 0;
  for (int i = 0; i < 200; ++i) {
    if (rng.below(3) == 0) step += rng.below(rng.below(10) == 0 ? 500 : 7);
    const int pitch = kLowestKey + static_cast<int>(rng.below(rng.below(2) == 0 ? 88 : 4));
    auto& until = free[static_cast<std::size_t>(pitch)];
    if (until > step) continue;
    until = step + 1 + rng.below(rng.below(20) == 0 ? 7 * 24 : 12);
    song.notes.push_back(
        {.start = step, .end = until, .pitch = pitch, .velocity = 1 + static_cast<int>(rng.below(127))});
  }
  sort_notes(song.notes);
  for (const Note& note : song.notes) song.length = std::max(song.length, note.end);
  return song;
}

// Plays a song as a keyboard would, each timestep as soon as it has passed.
template <MusicEncoder Encoder>
std::vector<Token> played(const Encoder& encoder, const Song& song) {
  struct Change {
    std::int64_t step;
    bool is_on;
    const Note* note;
  };
  std::vector<Change> changes;
  for (const Note& note : song.notes) {
    changes.push_back({note.start, true, &note});
    changes.push_back({note.end, false, &note});
  }
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return std::tuple(a.step, a.is_on) < std::tuple(b.step, b.is_on);
  });
  NoteEncoder<Encoder> played(encoder);
  std::vector<Token> tokens;
  const auto take = [&] {
    for (Token token; played.next(token);) tokens.push_back(token);
  };
  std::size_t next = 0;
  for (std::int64_t step = 0; step <= song.length; ++step) {
    for (; next < changes.size() && changes[next].step <= step; ++next) {
      const int key = changes[next].note->pitch - kLowestKey;
      if (changes[next].is_on)
        REQUIRE(played.note_on(step, key, changes[next].note->velocity));
      else
        played.note_off(step, key);
    }
    if (step < song.length) played.advance(step + 1);
    take();
  }
  played.finish(song.length);
  take();
  return tokens;
}

}  // namespace

TEST_CASE("Changes of notes token by token are those of the decoded song", "[tokens][note_decoder]") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const bool flag : {false, true}) {
      check_decoder(TimestepEncoder({.repeat_held = flag}),
                    grammatical(TimestepEncoder(), 1 + seed * 100, seed));
      const EventEncoder events(
          {.steps_per_quarter = seed % 2 == 0 ? 4 : 24, .velocities = flag, .tempos = flag});
      for (std::size_t count = 1 + 100 * seed; count < 12 + 100 * seed; ++count)
        check_decoder(events, grammatical(events, count, seed));
      const EventEncoder parts({.steps_per_quarter = 4,
                                .velocities = flag,
                                .channels = seed % 3 != 0,
                                .pedal = seed % 3 != 1,
                                .microtiming = flag ? 4 : 1});
      for (std::size_t count = 1 + 100 * seed; count < 12 + 100 * seed; ++count)
        check_decoder(parts, grammatical(parts, count, seed));
    }
  }
}

TEST_CASE("Changes of real songs are those of the decoded song", "[tokens][note_decoder]") {
  const std::filesystem::path folder = std::filesystem::path(GRUVE_SHARED_DATA) / "midi-odd";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: " << folder << " is not there");
    return;
  }
  int files = 0, songs = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || (sanitized && ++files % 4 != 0)) continue;
    try {
      const Song song = read_midi(entry.path()).song;
      const TimestepEncoder timesteps;
      check_decoder(timesteps, timesteps.encode(song));
      const EventEncoder events({.velocities = true, .tempos = true});
      check_decoder(events, events.encode(song));
      const EventEncoder whole(
          {.velocities = true, .tempos = true, .channels = true, .pedal = true, .microtiming = 8});
      check_decoder(whole, whole.encode(song));
      ++songs;
    } catch (const Error&) {  // no song
    }
  }
  CHECK(songs > 5);
}

TEST_CASE("A triad's changes are known when its timestep ends", "[tokens][note_decoder]") {
  const TimestepEncoder encoder;
  NoteDecoder<TimestepEncoder> decoder(encoder);
  std::vector<NoteChange> changes;
  const auto push = [&](Token token) {
    decoder.push(0, token, [&](const NoteChange& change) { changes.push_back(change); });
  };
  for (const int token : {46, 43}) push(static_cast<Token>(token));
  CHECK(changes.empty());
  push(88);
  CHECK(changes == std::vector<NoteChange>{{0, 64, 80}, {0, 67, 80}});
  for (const int token : {46, 88}) push(static_cast<Token>(token));
  CHECK(changes.back() == NoteChange{1, 64, 0});
  CHECK(decoder.known() == 2);
  // A key now would be a note of timestep 2; the end of a timestep is none.
  CHECK(decoder.is_before(0, 46, 3));
  CHECK_FALSE(decoder.is_before(0, 46, 2));
  CHECK_FALSE(decoder.is_before(0, 88, 3));
}

TEST_CASE("What is played becomes the tokens that the song is encoded in", "[tokens][note_encoder]") {
  Rng rng(5);
  for (int i = 0; i < 60; ++i) {
    const Song song = random_song(rng, 24);
    for (const bool flag : {false, true}) {
      CAPTURE(i, flag);
      const TimestepEncoder timesteps({.repeat_held = flag});
      CHECK(played(timesteps, song) == timesteps.encode(song));
      // The bar that was not played to its end is not ended.
      const EventEncoder events({.velocities = flag});
      std::vector<Token> wanted = events.encode(song);
      if (song.length % 96 != 0) wanted.pop_back();
      CHECK(played(events, song) == wanted);
    }
  }
}

TEST_CASE("A note that is played within a timestep lasts one", "[tokens][note_encoder]") {
  NoteEncoder<TimestepEncoder> timesteps{TimestepEncoder()};
  NoteEncoder<EventEncoder> events{EventEncoder()};
  const auto play = [](auto& played) {
    CHECK(played.note_on(0, 40, 80));
    played.note_off(0, 40);
    played.advance(3);
    std::vector<Token> tokens;
    for (Token token; played.next(token);) tokens.push_back(token);
    return tokens;
  };
  CHECK(play(timesteps) == std::vector<Token>{40, 88, 88, 88});
  const EventEncoder encoder;
  CHECK(play(events) == std::vector<Token>{encoder.token({EventEncoder::Kind::key, 40}),
                                           encoder.token({EventEncoder::Kind::duration, 1})});
}

TEST_CASE("More notes than there is room for are refused, and the others stay", "[tokens][note_encoder]") {
  const EventEncoder encoder;
  NoteEncoder<EventEncoder> events(encoder);
  const auto count = [&](auto& played) {
    int taken = 0;
    for (std::int64_t step = 0; step < 2000; ++step) {
      taken += played.note_on(step, static_cast<int>(step % 88), 80) ? 1 : 0;
      played.note_off(step + 1, static_cast<int>(step % 88));
    }
    return taken;
  };
  CHECK(count(events) == static_cast<int>(NoteEncoder<EventEncoder>::kCapacity));
  events.finish(2000);
  std::vector<Token> tokens;
  for (Token token; events.next(token);) tokens.push_back(token);
  CHECK(count_violations(encoder, std::span<const Token>(tokens)) == 0);
  CHECK(encoder.decode(tokens).notes.size() == NoteEncoder<EventEncoder>::kCapacity);
}

TEST_CASE("A note lasts 8 quarter notes at most, however late it is ended", "[tokens][note_encoder]") {
  const EventEncoder encoder;  // 24 timesteps a quarter note
  enum class End { off, again, finish };
  const auto end = GENERATE(End::off, End::again, End::finish);
  const auto step =
      GENERATE(std::int64_t{193}, std::int64_t{1} << 20, (std::int64_t{1} << 31) + 5, std::int64_t{1} << 40);
  NoteEncoder<EventEncoder> played(encoder);
  CHECK(played.note_on(0, 40, 80));
  if (end == End::off) played.note_off(step, 40);
  if (end == End::again) CHECK(played.note_on(step, 40, 80));
  if (end == End::finish) played.finish(step);
  if (end != End::finish) played.advance(400);  // the bars of its notes
  std::vector<Token> tokens;
  for (Token token; tokens.size() < 100 && played.next(token);) tokens.push_back(token);
  CHECK(count_violations(encoder, std::span<const Token>(tokens)) == 0);
  const Song song = encoder.decode(tokens);
  REQUIRE_FALSE(song.notes.empty());
  CHECK(song.notes[0].end - song.notes[0].start == 8 * song.ticks_per_quarter);
}
