#include "gruve/generate/live.hpp"

#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/model/gru_model.hpp"
#include "realtime.hpp"
#include "untrained.hpp"

using namespace gruve;
using gruve::tests::error_of;
using tests::counted;
using tests::RealtimeCounts;

namespace {

std::shared_ptr<PackedModel<float>> shared_untrained(int vocab_size, std::uint64_t seed = 3) {
  return std::make_shared<PackedModel<float>>(
      tests::untrained({.vocab_size = vocab_size, .embedding_size = 8, .hidden_size = 24}, seed));
}

struct TimedNote {
  std::int64_t sample;
  int pitch, velocity, channel = 0;
  friend bool operator==(const TimedNote&, const TimedNote&) = default;
};

constexpr double kRate = 48'000;

// Plays blocks of some size until a sample.
template <MusicEncoder Encoder>
std::vector<TimedNote> play(LiveGenerator<Encoder>& live, std::int64_t samples, int block, double bpm = 120,
                            std::size_t room = 8192) {
  std::vector<TimedNote> notes;
  std::vector<LiveNote> out(room);
  for (std::int64_t sample = 0; sample < samples; sample += block) {
    const std::size_t count = live.process({block, kRate, bpm}, out);
    int last = 0;
    for (std::size_t i = 0; i < count; ++i) {
      REQUIRE((last <= out[i].offset && out[i].offset < block));
      last = out[i].offset;
      notes.push_back({sample + out[i].offset, out[i].pitch, out[i].velocity, out[i].channel});
    }
  }
  return notes;
}

// The notes of a song as they sound at a tempo.
std::vector<TimedNote> timed(const Song& song, double bpm) {
  std::vector<TimedNote> notes;
  const double samples = kRate * 60 / bpm / static_cast<double>(song.ticks_per_quarter);
  for (const Note& note : song.notes) {
    notes.push_back(
        {std::llround(static_cast<double>(note.start) * samples), note.pitch, note.velocity, note.channel});
    notes.push_back({std::llround(static_cast<double>(note.end) * samples), note.pitch, 0, note.channel});
  }
  return notes;
}

// Of one sample in the order of pitches, ends first; what is until a sample.
std::vector<TimedNote> in_order(std::vector<TimedNote> notes, std::int64_t samples) {
  std::erase_if(notes, [&](const TimedNote& note) { return note.sample >= samples; });
  std::sort(notes.begin(), notes.end(), [](const TimedNote& a, const TimedNote& b) {
    return std::tuple(a.sample, a.channel, a.pitch, a.velocity > 0) <
           std::tuple(b.sample, b.channel, b.pitch, b.velocity > 0);
  });
  return notes;
}

// bpm  at which notes are whole samples apart, or the nearest one is in doubt
template <MusicEncoder Encoder>
void check_blocks(const Encoder& encoder, double bpm = 96) {
  const auto model = shared_untrained(encoder.vocab_size());
  const Generator generator(*model, encoder, {.temperature = 0.8f}, 1);
  // Enough tokens for what is played, as generate_steps() would draw them.
  auto copy = generator;
  std::vector<Token> tokens;
  for (int i = 0; i < 10'000; ++i) tokens.push_back(copy.next());
  constexpr std::int64_t kSamples = 48'000 * 20;
  std::vector<TimedNote> wanted = in_order(timed(encoder.decode(tokens), bpm), kSamples);
  REQUIRE(wanted.size() > 20);
  for (const int block : {64, 257, 4800}) {
    CAPTURE(block);
    LiveGenerator live(generator, {.max_tokens = 20'000, .max_holds = 1000}, model);
    const auto notes = play(live, kSamples, block, bpm);
    CHECK(in_order(notes, kSamples - block) == in_order(wanted, kSamples - block));
    CHECK(live.late_samples() == 0);
  }
}

// Notes begin and end in turn.
void check_pairs(const std::vector<TimedNote>& notes) {
  std::array<bool, 128> sounds{};
  bool holds = true;
  for (const TimedNote& note : notes) {
    bool& on = sounds[static_cast<std::size_t>(note.pitch)];
    holds = holds && on != (note.velocity > 0);
    on = note.velocity > 0;
  }
  CHECK(holds);
}

}  // namespace

TEST_CASE("Live notes are those of the decoded song, at the nearest sample, whatever the blocks",
          "[generate][live]") {
  check_blocks(TimestepEncoder());
  check_blocks(EventEncoder({.velocities = true}));
  check_blocks(EventEncoder({.channels = true, .pedal = true}));
  check_blocks(EventEncoder({.velocities = true, .microtiming = 4}), 100);
}

TEST_CASE("A change halfway between two samples is at the same one whatever the blocks", "[generate][live]") {
  // A timestep has 2,812.5 samples.
  const TimestepEncoder encoder({.steps_per_quarter = 4});
  const auto model = shared_untrained(encoder.vocab_size());
  const auto notes = [&](int block) {
    LiveGenerator live(Generator(*model, encoder, {.temperature = 0.8f}, 1), {.max_tokens = 20'000}, model);
    return in_order(play(live, 48'000 * 20, block, 256), 48'000 * 19);
  };
  const auto wanted = notes(1);
  REQUIRE(wanted.size() > 20);
  for (const int block : {2, 3, 7, 64, 257, 1000, 4800}) {
    CAPTURE(block);
    CHECK(notes(block) == wanted);
  }
}

TEST_CASE("Channels have the programs and the pedal of the decoded song", "[generate][live]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .channels = true, .pedal = true});
  const auto model = shared_untrained(encoder.vocab_size());
  const Generator generator(*model, encoder, {.temperature = 0.8f}, 1);
  auto copy = generator;
  std::vector<Token> tokens;
  for (int i = 0; i < 10'000; ++i) tokens.push_back(copy.next());
  const Song song = encoder.decode(tokens);
  LiveGenerator live(generator, {.max_tokens = 20'000, .max_holds = 1000}, model);
  constexpr std::int64_t kStep = 6000;  // samples, at 120 bpm
  constexpr int kNumSteps = 200;
  int changes = 0;
  for (std::int64_t step = 0; step < kNumSteps; ++step) {
    std::vector<LiveNote> out(2000);
    live.process({kStep, kRate, 120}, out);
    std::array<LiveChannel, 16> wanted{};
    const std::int64_t tick = step * song.ticks_per_quarter / 4;
    for (const ProgramChange& change : song.programs)
      if (change.tick <= tick) {
        wanted[static_cast<std::size_t>(change.channel)].program = static_cast<std::uint8_t>(change.program);
        ++changes;
      }
    for (const PedalMove& move : song.pedal)
      if (move.tick <= tick) wanted[static_cast<std::size_t>(move.channel)].is_pedal_down = move.down;
    REQUIRE(live.channels() == wanted);
  }
  CHECK(changes > 1000);
  live.listen();
  CHECK(live.channels() == std::array<LiveChannel, 16>{});

  // What the generator was primed with is not said again.
  Generator primed = generator;
  Song band{
      .ticks_per_quarter = 4, .programs = {{0, 2, 33}, {0, 5, 56}}, .pedal = {{0, 2, true}}, .length = 16};
  band.notes = {{0, 4, 40, 80, 2}, {0, 4, 60, 80, 5}};
  primed.prime(encoder.encode(band));
  std::array<LiveChannel, 16> wanted{};
  wanted[2] = {33, true};
  wanted[5] = {56, false};
  CHECK(LiveGenerator(primed).channels() == wanted);
}

TEST_CASE("The example of LiveGenerator's comment plays", "[generate][live][docs]") {
  const auto model = shared_untrained(89);
  const PackedModel<float>& packed = *model;
  const TimestepEncoder encoder;
  int played = 0;
  const auto play = [&](int offset, int pitch, int velocity) {
    played += 0 <= offset && offset < 256 && on_piano(pitch) && velocity <= 127 ? 1 : 0;
  };

  LiveGenerator live(Generator(packed, encoder, {.temperature = 0.9f}, 1));
  for (int block = 0; block < 100; ++block) {
    std::array<LiveNote, 256> notes;
    const std::size_t count = live.process({.num_samples = 256, .sample_rate = 48'000, .bpm = 120}, notes);
    for (const LiveNote& note : std::span(notes).first(count)) play(note.offset, note.pitch, note.velocity);
  }
  CHECK(played > 10);
}

TEST_CASE("Blocks with too few tokens make the music pause and lose nothing", "[generate][live]") {
  const auto model = shared_untrained(89);
  const Generator generator(*model, TimestepEncoder(), {}, 1);
  LiveGenerator enough(generator, {.max_tokens = 20'000}, model), few(generator, {.max_tokens = 1}, model);
  const auto wanted = play(enough, 480'000, 256);
  // With little room for notes, too.
  const auto notes = play(few, 4'800'000, 256, 120, 2);
  CHECK(few.late_samples() > 0);
  REQUIRE(notes.size() > 100);
  // The same notes in the same order, later.
  std::size_t alike = 0;
  while (alike < std::min(notes.size(), wanted.size()) && notes[alike].pitch == wanted[alike].pitch &&
         notes[alike].velocity == wanted[alike].velocity)
    ++alike;
  CHECK(alike == std::min(notes.size(), wanted.size()));
}

TEST_CASE("A block draws no more tokens than it may", "[generate][live]") {
  const TimestepEncoder encoder;
  const auto model = shared_untrained(89);
  LiveGenerator live(Generator(*model, encoder, {}, 1), {.max_tokens = 5}, model);
  std::array<LiveNote, 512> out;
  std::vector<std::byte> state(live.generator().state_size());
  for (int i = 0; i < 100; ++i) {
    Generator before = live.generator();
    live.process({48'000, kRate, 120}, out);
    // As many steps as lead to the same state.
    int steps = 0;
    const auto bytes = [&](const Generator<TimestepEncoder>& one) {
      std::vector<std::byte> found(one.state_size());
      found.resize(one.save_state(found));
      return found;
    };
    while (steps < 6 && bytes(before) != bytes(live.generator())) {
      before.next();
      ++steps;
    }
    if (steps > 5) FAIL("more than 5 tokens in block " << i);
  }
}

TEST_CASE("No note of the event format is held for longer than max_holds allow", "[generate][live]") {
  const EventEncoder encoder;
  // A model that wants nothing but holds.
  GruModel<float> network({.vocab_size = encoder.vocab_size(), .embedding_size = 8, .hidden_size = 8});
  network.output.bias.data()[encoder.token({EventEncoder::Kind::hold})] = 30;
  network.output.bias.data()[encoder.token({EventEncoder::Kind::key, 40})] = 20;
  PackedModel<float> packed(network.config);
  ThreadPool threads(1);
  packed.assign(network, threads);
  LiveGenerator live(Generator(packed, encoder, {}, 1), {.max_holds = 1});
  const auto notes = play(live, 48'000 * 60, 512);
  std::array<std::int64_t, 128> begun{};
  std::int64_t longest = 0;
  for (const TimedNote& note : notes) {
    std::int64_t& at = begun[static_cast<std::size_t>(note.pitch)];
    if (note.velocity > 0)
      at = note.sample;
    else
      longest = std::max(longest, note.sample - at);
  }
  CHECK(longest > 0);
  CHECK(longest <= 8 * 24'000 + 1);  // 8 quarter notes at 120 bpm
  CHECK(live.max_tokens_per_step() == 3 + 88 * 4);
}

namespace {

template <MusicEncoder Encoder>
void check_answer(const Encoder& encoder) {
  const auto model = shared_untrained(encoder.vocab_size());
  LiveGenerator live(Generator(*model, encoder, {}, 1), {.max_tokens = 10'000, .max_holds = 1000}, model);
  play(live, 48'000, 512);
  CHECK_FALSE(live.note_on(60, 80, 0));  // it is not listening
  live.listen();
  // At 120 bpm and 48 kHz a timestep is 1,000 samples. C from timestep 0 to 12, a chord on 24 to 36, in
  // blocks of 500 samples, each note a little off the grid.
  struct Played {
    int sample, pitch, velocity;
  };
  const std::vector<Played> played = {{310, 60, 90},   {11'800, 60, 0}, {23'700, 64, 70}, {24'300, 67, 71},
                                      {36'499, 67, 0}, {35'600, 64, 0}, {40'000, 20, 50}, {40'000, 200, 50}};
  for (int sample = 0; sample < 48'000; sample += 500) {
    for (const Played& note : played) {
      if (note.sample < sample || note.sample >= sample + 500) continue;
      CHECK(live.note_on(note.pitch, note.velocity, note.sample - sample) == (note.pitch < 128));
    }
    std::array<LiveNote, 512> out;
    const std::size_t count = live.process({500, kRate, 120}, out);
    for (std::size_t i = 0; i < count; ++i) CHECK(out[i].velocity == 0);  // of what sounded before
  }
  live.answer();
  live.reseed(7);
  Song song = song_on_grid(24, 120);
  const std::int64_t ticks = song.ticks_per_quarter / 24;
  song.notes = {{.start = 0, .end = 12 * ticks, .pitch = 60, .velocity = 90},
                {.start = 24 * ticks, .end = 36 * ticks, .pitch = 64, .velocity = 70},
                {.start = 24 * ticks, .end = 36 * ticks, .pitch = 67, .velocity = 71}};
  song.length = 48 * ticks;
  std::vector<Token> tokens = encoder.encode(song);
  if (std::is_same_v<Encoder, EventEncoder>) tokens.pop_back();  // its bar is not over
  const auto notes = play(live, 48'000 * 10, 500);
  check_pairs(notes);
  CHECK(live.late_samples() == 0);

  // What a generator draws that was primed with the song's tokens, where nothing may begin before the answer.
  Generator<Encoder> primed(*model, encoder, {}, 1);
  primed.prime(tokens);
  primed.reseed(7);
  NoteDecoder<Encoder> decoder(encoder);
  auto state = encoder.start();
  const auto follow = [&](Token token) {
    decoder.push(state, token, [](const NoteChange&) {});
    state = encoder.advance(state, token);
  };
  for (const Token token : tokens) follow(token);
  while (decoder.known() < 48 * 12) {
    tokens.push_back(primed.next([&](Token token) { return !decoder.is_before(state, token, 48); }));
    follow(tokens.back());
  }
  song = encoder.decode(tokens);
  std::erase_if(song.notes, [&](const Note& note) { return note.start < 48 * ticks; });
  REQUIRE(song.notes.size() > 2);
  std::vector<TimedNote> wanted = timed(song, 120);
  for (TimedNote& note : wanted) note.sample -= 48'000;
  CHECK(in_order(notes, 470'000) == in_order(wanted, 470'000));
}

}  // namespace

TEST_CASE("What is played becomes the sequence that the model continues", "[generate][live]") {
  check_answer(TimestepEncoder());
  check_answer(EventEncoder({.velocities = true}));
}

TEST_CASE("A generator that is handed over plays from the next bar line on, without a gap",
          "[generate][live]") {
  const EventEncoder encoder;
  const auto model = shared_untrained(encoder.vocab_size()),
             other = shared_untrained(encoder.vocab_size(), 9);
  const Generator first(*model, encoder, {}, 1), second(*other, encoder, {}, 2);
  LiveGenerator live(first, {.max_tokens = 2000}, model), alone(second, {.max_tokens = 2000}, other);
  auto notes = play(live, 30'000, 500);  // a bar takes 96,000 samples
  live.hand_over(second, other);
  auto later = play(live, 300'000, 500);
  for (TimedNote& note : later) note.sample += 30'000;
  notes.insert(notes.end(), later.begin(), later.end());
  check_pairs(notes);
  CHECK(live.late_samples() == 0);
  // From the bar line on it is what the second plays, but for the ends of the first one's notes.
  const auto wanted = play(alone, 200'000, 500);
  REQUIRE(wanted.size() > 20);
  std::vector<TimedNote> found;
  bool in_second = false;
  for (const TimedNote& note : notes) {
    in_second = in_second || (note.sample >= 96'000 && note.velocity > 0);
    if (in_second && note.sample < 96'000 + 200'000)
      found.push_back({note.sample - 96'000, note.pitch, note.velocity});
  }
  auto expected = wanted;
  const auto begins =
      std::find_if(expected.begin(), expected.end(), [](const TimedNote& n) { return n.velocity > 0; });
  expected.erase(expected.begin(), begins);
  CHECK(found == expected);
  live.collect();
}

TEST_CASE("What is set holds for generators that are handed over, too", "[generate][live]") {
  const auto model = shared_untrained(89);
  const Generator generator(*model, TimestepEncoder(), {}, 1);
  // Only C may begin, in the first generator and, once what it has drawn ahead has sounded, in the second.
  LiveGenerator live(generator, {.lookahead = 0.25, .metre = {0, 1, 4}}, model);
  REQUIRE(live.set(ControlOptions{.limits = {.scale = 1}}));
  const auto others = [&](std::int64_t samples) {
    const auto notes = play(live, samples, 480);
    return std::count_if(notes.begin(), notes.end(),
                         [](const TimedNote& note) { return note.velocity > 0 && note.pitch % 12 != 0; });
  };
  CHECK(others(12'000) > 0);
  CHECK(others(96'000) == 0);
  live.hand_over(generator, model);
  CHECK(others(36'000) > 0);
  CHECK(others(96'000) == 0);
  live.listen();
  play(live, 4800, 480);
  live.answer();
  CHECK(others(96'000) == 0);
}

TEST_CASE("Released notes end at the beginning of the next block", "[generate][live]") {
  const auto model = shared_untrained(89);
  LiveGenerator live(Generator(*model, TimestepEncoder(), {}, 1), {}, model);
  const auto notes = play(live, 48'000, 480);
  std::array<bool, 128> sounds{};
  for (const TimedNote& note : notes) sounds[static_cast<std::size_t>(note.pitch)] = note.velocity > 0;
  const auto wanted = std::count(sounds.begin(), sounds.end(), true);
  REQUIRE(wanted > 0);
  live.release();
  std::array<LiveNote, 128> out;
  // A block in which no time passes.
  const std::size_t count = live.process({0, kRate, 120}, out);
  CHECK(count == static_cast<std::size_t>(wanted));
  for (std::size_t i = 0; i < count; ++i) CHECK((out[i].velocity == 0 && sounds[out[i].pitch]));
}

TEST_CASE("The audio thread's functions allocate nothing", "[generate][live][realtime]") {
  const auto check = [](const auto& encoder) {
    const auto model = shared_untrained(encoder.vocab_size());
    Generator generator(*model, encoder, {.top_p = 0.9f}, 1);
    LiveGenerator live(generator, {}, model);
    std::array<LiveNote, 64> out;
    const auto blocks = [&](long count) {
      for (long i = 0; i < count; ++i) live.process({256, kRate, 120}, out);
    };
    static_assert(noexcept(live.process({}, out))&& noexcept(live.note_on(1, 2, 3))&& noexcept(
        live.listen())&& noexcept(live.answer())&& noexcept(live.set(SamplerOptions{})));
    live.hand_over(generator, model);
    bool set = false;
    CHECK(counted([&] {
            blocks(tests::realtime_calls(1000));
            live.listen();
            for (long i = 0; i < tests::realtime_calls(300); ++i) {
              live.note_on(40 + static_cast<int>(i % 40), 80, static_cast<int>(i % 200));
              live.note_off(40 + static_cast<int>((i + 20) % 40), static_cast<int>(i % 100));
              blocks(1);
            }
            live.answer();
            set = true;
            for (long i = 0; i < tests::realtime_calls(1000); ++i) {
              const bool is_odd = i % 2 != 0;
              set = set && live.set(SamplerOptions{.temperature = 2, .top_k = is_odd ? 5 : 6});
              set = set && live.set(ControlOptions{.limits = {.max_keys = is_odd ? 4 : 3}, .max_repeats = 2});
              live.reseed(static_cast<std::uint64_t>(i));
              blocks(1);
            }
            live.release();
            blocks(1);
          }) == RealtimeCounts{});
    CHECK(set);
  };
  check(TimestepEncoder());
  check(EventEncoder({.velocities = true}));
}

TEST_CASE("Generators are handed over by another thread while music plays", "[generate][live]") {
  const TimestepEncoder encoder;
  const auto model = shared_untrained(89);
  LiveGenerator live(Generator(*model, encoder, {}, 1), {.metre = {0, 1, 4}}, model);
  std::atomic<bool> done = false;
  std::thread audio([&] {
    std::array<LiveNote, 64> out;
    for (int i = 0; !done || i < 1000; ++i) live.process({4800, kRate, 240}, out);
  });
  for (std::uint64_t seed = 2; seed < 40; ++seed) {
    // Each has a model of its own, which it owns.
    const auto own = shared_untrained(89, seed);
    live.hand_over(Generator(*own, encoder, {}, seed), own);
    std::this_thread::yield();
  }
  done = true;
  audio.join();
  CHECK(live.late_samples() >= 0);
}

TEST_CASE("Hosts without time, notes without room and options out of range do no harm", "[generate][live]") {
  const TimestepEncoder encoder;
  const auto model = shared_untrained(89);
  const Generator generator(*model, encoder, {}, 1);
  LiveGenerator live(generator, {}, model);
  std::array<LiveNote, 8> out;
  for (const LiveBlock& block :
       {LiveBlock{0, kRate, 120}, LiveBlock{-5, kRate, 120}, LiveBlock{64, 0, 120}, LiveBlock{64, kRate, 0},
        LiveBlock{64, kRate, NAN}, LiveBlock{64, kRate, 1e30}})
    CHECK(live.process(block, out) == 0);
  play(live, 48'000, 480, 120, 0);  // no room at all
  check_pairs(play(live, 480'000, 480, 120, 3));
  CHECK_FALSE(live.set(SamplerOptions{.temperature = -1}));
  CHECK(error_of([&] { LiveGenerator(generator, {.max_tokens = 0}); }) ==
        "max-tokens must be a number of tokens from 1, not 0");
  CHECK(error_of([&] { LiveGenerator(generator, {.lookahead = -1}); }) ==
        "the lookahead must be 0 to 1024 quarter notes, not -1.000000");
  // Another vocabulary would be read wrongly.
  const EventEncoder plain, with_pedal({.pedal = true});
  const auto plain_model = shared_untrained(plain.vocab_size()),
             pedal_model = shared_untrained(with_pedal.vocab_size());
  LiveGenerator events(Generator(*plain_model, plain, {}, 1));
  CHECK(error_of([&] { events.hand_over(Generator(*pedal_model, with_pedal, {}, 1)); }) ==
        "music that takes over must have the encoder of the music before");
  Generator in_chord = generator;
  in_chord.prime(std::vector<Token>{40});
  CHECK(error_of([&] { live.hand_over(in_chord); }) ==
        "music that is played live must begin at a bar line or the end of a timestep");
}
