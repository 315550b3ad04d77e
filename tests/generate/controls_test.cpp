#include "gruve/generate/controls.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/generate/batch_generator.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/generate/scale.hpp"
#include "gruve/generate/sequence.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "music.hpp"
#include "realtime.hpp"
#include "untrained.hpp"

using namespace gruve;
using Kind = EventEncoder::Kind;

namespace {

const std::vector<Features> kOneModel(1);

constexpr float kNever = -std::numeric_limits<float>::infinity();

// Tokens drawn from logits(last token) until there are `count` and the sequence may end.
template <MusicEncoder Encoder, class Logits>
std::vector<Token> draw(const Encoder& encoder, const ControlOptions& controls, std::size_t count,
                        Logits&& logits, const SamplerOptions& options = {}, std::uint64_t seed = 1) {
  Sequence<Encoder> sequence(encoder, kOneModel, options, controls, seed, 0);
  std::vector<Token> tokens;
  Token last = encoder.start_token();
  while (tokens.size() < count || !encoder.at_boundary(sequence.state())) {
    const auto now = logits(last);
    last = sequence.draw(
        encoder, [&](std::size_t) { return std::span<const float>(now); }, [](Token) { return true; });
    tokens.push_back(last);
    // A model that never wants to end is made to.
    if (tokens.size() > 4 * count) break;
  }
  return tokens;
}

// A model that goes from each token to the next one in a cycle, and nearly always so; what is in none goes to
// the first. If that may not be it is the one below, round and round.
class Cycle {
 public:
  Cycle(int vocab_size, const std::vector<Token>& tokens, float certainty = 12)
      : logits_(static_cast<std::size_t>(vocab_size)), tokens_(tokens), certainty_(certainty) {
    for (std::size_t i = 0; i < tokens.size(); ++i) next_[tokens[i]] = tokens[(i + 1) % tokens.size()];
  }
  std::span<const float> operator()(Token last) {
    const auto found = next_.find(last);
    const Token next = found == next_.end() ? tokens_.front() : found->second;
    const std::size_t V = logits_.size();
    for (std::size_t i = 0; i < V; ++i) logits_[i] = -0.05f * static_cast<float>((next + V - i) % V);
    logits_[next] = certainty_;
    return logits_;
  }

 private:
  std::vector<float> logits_;
  std::vector<Token> tokens_;
  std::map<Token, Token> next_;
  float certainty_;
};

// Logits made to get a generator stuck: one token for a long time, none at all, no numbers, noise,
// infinities.
class Hostile {
 public:
  Hostile(int vocab_size, std::uint64_t seed) : rng_(seed), logits_(static_cast<std::size_t>(vocab_size)) {}
  std::span<const float> operator()(Token) {
    if (left_-- == 0) {
      left_ = static_cast<int>(rng_.below(60));
      kind_ = rng_.below(7);
      favourite_ = rng_.below(static_cast<std::uint32_t>(logits_.size()));
    }
    for (float& logit : logits_) {
      switch (kind_) {
        case 0:
          logit = 0;
          break;
        case 1:
          logit = kNever;
          break;
        case 2:
          logit = NAN;
          break;
        case 3:
          logit = 1e4f * (rng_.uniform() - 0.5f);
          break;
        case 4:
          logit = rng_.below(2) == 0 ? kNever : 3e38f;
          break;
        default:
          logit = 3 * rng_.uniform();
          break;
      }
    }
    if (kind_ > 4) logits_[favourite_] = 1e4f;
    return logits_;
  }

 private:
  Rng rng_;
  std::vector<float> logits_;
  int left_ = 0;
  std::uint32_t kind_ = 0, favourite_ = 0;
};

std::vector<std::vector<Token>> bars(const TimestepEncoder&, const std::vector<Token>& tokens, int steps) {
  int step = 0;
  return tests::bars_of(
      tokens, [&](Token token) { return token == TimestepEncoder::kEndOfStep && ++step % steps == 0; });
}

std::vector<std::vector<Token>> bars(const EventEncoder&, const std::vector<Token>& tokens, int) {
  return tests::bars_of(tokens, [](Token token) { return token == 0; });
}

template <class Encoder>
int most_repeats(const Encoder& encoder, const std::vector<Token>& tokens, int bar, std::size_t period) {
  return tests::most_repeats(bars(encoder, tokens, bar), period);
}

Token key(const EventEncoder& encoder, int pitch) { return encoder.token({Kind::key, pitch - kLowestKey}); }
Token position(const EventEncoder& encoder, int step) { return encoder.token({Kind::position, step}); }

// Four timesteps a quarter note; a bar of two.
const TimestepEncoder kSteps({.steps_per_quarter = 4});
const EventEncoder kEvents({.steps_per_quarter = 4});
constexpr TimeSignature kTwoQuarters{.numerator = 2, .denominator = 4};
constexpr int kBar = 8;

}  // namespace

TEST_CASE("A key that a model holds for ever is released", "[generate][controls]") {
  Cycle model(89, {40, 88});
  const auto free = draw(kSteps, {}, 1000, model);
  CHECK(tests::listen(kSteps, free).longest_note > 100);
  const auto held = draw(kSteps, {.limits = {.max_held = 1.5}}, 1000, model);
  CHECK(tests::listen(kSteps, held).longest_note == 6);
}

TEST_CASE("The same bar sounds no more often in a row than it may, in timesteps", "[generate][controls]") {
  Cycle model(89, {60, 40, 88});
  const auto free = draw(kSteps, {.limits = {.metre = kTwoQuarters}}, 3000, model, {.argmax = 1});
  CHECK(most_repeats(kSteps, free, kBar, 1) > 100);
  for (const int repeats : {1, 2, 4}) {
    const ControlOptions controls{.limits = {.metre = kTwoQuarters}, .max_repeats = repeats};
    const auto tokens = draw(kSteps, controls, 3000, model, {.argmax = 1});
    CHECK(most_repeats(kSteps, tokens, kBar, 1) == repeats);
    for (std::size_t period = 2; period <= 8; ++period)
      CHECK(most_repeats(kSteps, tokens, kBar, period) <= repeats);
  }
}

TEST_CASE("The same bar sounds no more often in a row than it may, in events", "[generate][controls]") {
  Cycle model(kEvents.vocab_size(),
              {0, key(kEvents, 72), kEvents.token({Kind::duration, 4}), position(kEvents, 4),
               key(kEvents, 67), kEvents.token({Kind::duration, 12})});
  CHECK(most_repeats(kEvents, draw(kEvents, {}, 1000, model, {.argmax = 1}), 0, 1) > 100);
  for (const int repeats : {1, 2, 4}) {
    const auto tokens = draw(kEvents, {.max_repeats = repeats}, 1000, model, {.argmax = 1});
    CHECK(most_repeats(kEvents, tokens, 0, 1) == repeats);
    for (std::size_t period = 2; period <= 8; ++period)
      CHECK(most_repeats(kEvents, tokens, 0, period) <= repeats);
  }
}

TEST_CASE("Two bars that repeat are a loop, and a bar that returns after another is not",
          "[generate][controls]") {
  LoopGuard guard(2, 10);
  // Bars of one token and an end: A B A B is twice, and the third time may begin but not end.
  const auto bar = [&](int token) {
    guard.advance(static_cast<Token>(token), 1);
    guard.advance(0, 1);
    guard.end_bar();
  };
  for (const int token : {1, 2, 1, 2}) bar(token);
  CHECK(!guard.forbids(1));
  bar(1);
  CHECK(guard.forbids(2));
  CHECK(!guard.forbids(1));
  bar(3);
  for (Token token = 0; token < 4; ++token) CHECK(!guard.forbids(token));
  for (const int token : {1, 2, 1, 2, 1}) bar(token);
  CHECK(guard.forbids(2));
}

TEST_CASE("A loop is left where the model was least certain", "[generate][controls]") {
  LoopGuard guard(1, 10);
  guard.advance(5, 0.9f);
  guard.advance(6, 0.4f);
  guard.advance(7, 0.8f);
  guard.end_bar();
  CHECK(!guard.forbids(5));
  guard.advance(5, 0.9f);
  CHECK(guard.forbids(6));
  guard.advance(6, 1);  // it had to be
  CHECK(guard.forbids(7));
  CHECK(!guard.forbids(6));
  guard.advance(8, 1);
  guard.end_bar();
  // It was as probable as can be from the first token on.
  guard.advance(5, 1);
  guard.end_bar();
  CHECK(guard.forbids(5));
}

TEST_CASE("A bar of more tokens than are remembered is unlike any other", "[generate][controls]") {
  LoopGuard guard(1, 3);
  const auto bar = [&](int tokens) {
    for (int i = 0; i < tokens; ++i) guard.advance(1, 1);
    guard.end_bar();
  };
  bar(3);
  CHECK(guard.forbids(1));
  bar(4);
  CHECK(!guard.forbids(1));
  bar(4);
  CHECK(!guard.forbids(1));
}

TEST_CASE("A silence ends in time", "[generate][controls]") {
  Cycle silent_steps(89, {88}), silent_bars(kEvents.vocab_size(), {0});
  CHECK(tests::listen(kSteps, draw(kSteps, {}, 1000, silent_steps, {.argmax = 1})).longest_silence >= 1000);
  CHECK(tests::listen(kEvents, draw(kEvents, {}, 100, silent_bars, {.argmax = 1})).longest_silence >= 1600);
  // Shorter than a bar, a bar, and longer.
  for (const double quarters : {0.25, 1.5, 4.0, 9.0}) {
    const ControlOptions controls{.limits = {.max_silence = quarters}};
    const auto steps = static_cast<std::int64_t>(4 * quarters);
    CHECK(tests::listen(kSteps, draw(kSteps, controls, 1000, silent_steps, {.argmax = 1})).longest_silence ==
          steps);
    CHECK(tests::listen(kEvents, draw(kEvents, controls, 1000, silent_bars, {.argmax = 1})).longest_silence <=
          steps);
  }
}

TEST_CASE("While a drum sounds there is no silence", "[generate][controls]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .channels = true});
  // A note at the beginning of a bar; a quarter note of silence is allowed.
  const auto breaches_at_end = [&](int channel, int quarters) {
    Limits<EventEncoder> limits(encoder, {.max_silence = 1});
    auto state = encoder.start();
    const auto take = [&](EventEncoder::Event event) {
      const Token token = encoder.token(event);
      REQUIRE(encoder.allowed(state, token));
      limits.advance(state, token);
      state = encoder.advance(state, token);
    };
    take({Kind::channel, channel});
    take({Kind::key, 20});
    take({Kind::duration, 4 * quarters});
    return limits.breaches(state, encoder.token({Kind::end_of_bar, 0}));
  };
  for (const int channel : {0, kDrumChannel}) {
    CAPTURE(channel);
    CHECK(breaches_at_end(channel, 4) == 0);
    CHECK(breaches_at_end(channel, 3) == 0);
    CHECK(breaches_at_end(channel, 2) == breach::kSilent);
  }
}

TEST_CASE("No more keys sound at once than may", "[generate][controls]") {
  std::vector<Token> cluster;
  for (int pitch = 70; pitch > 50; --pitch) cluster.push_back(static_cast<Token>(pitch - kLowestKey));
  cluster.push_back(88);
  Cycle steps(89, cluster);
  std::vector<Token> chord = {0};
  for (int pitch = 70; pitch > 50; --pitch) chord.push_back(key(kEvents, pitch));
  Cycle events(kEvents.vocab_size(), chord);
  CHECK(tests::listen(kSteps, draw(kSteps, {}, 1000, steps)).most_keys >= 20);
  CHECK(tests::listen(kEvents, draw(kEvents, {}, 1000, events)).most_keys >= 20);
  for (const int keys : {1, 4}) {
    const ControlOptions controls{.limits = {.max_keys = keys}};
    CHECK(tests::listen(kSteps, draw(kSteps, controls, 1000, steps)).most_keys == keys);
    CHECK(tests::listen(kEvents, draw(kEvents, controls, 1000, events)).most_keys == keys);
  }
}

TEST_CASE("Limits hold for all channels together, and not for drums", "[generate][controls]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .channels = true, .pedal = true});
  Rng rng(3, 0);
  std::vector<float> logits(static_cast<std::size_t>(encoder.vocab_size()));
  const ControlOptions controls{
      .limits = {.lowest = 48, .highest = 72, .max_keys = 2, .max_held = 1, .max_silence = 4}};
  const std::vector<Token> tokens = draw(encoder, controls, 4000, [&](Token) {
    for (float& logit : logits) logit = 4 * rng.uniform();
    return std::span<const float>(logits);
  });
  const Song song = encoder.decode(tokens);
  int drums = 0;
  bool high_drum = false, long_drum = false;
  for (const Note& note : song.notes) {
    if (note.channel == kDrumChannel) {
      ++drums;
      high_drum = high_drum || note.pitch > 72;
      long_drum = long_drum || note.end - note.start > song.ticks_per_quarter;
      continue;
    }
    REQUIRE((48 <= note.pitch && note.pitch <= 72));
    REQUIRE(note.end - note.start <= song.ticks_per_quarter);
    const auto sounding = std::count_if(song.notes.begin(), song.notes.end(), [&](const Note& other) {
      return other.channel != kDrumChannel && other.start <= note.start && note.start < other.end;
    });
    // Two channels may sound one key.
    std::set<int> keys;
    for (const Note& other : song.notes)
      if (other.channel != kDrumChannel && other.start <= note.start && note.start < other.end)
        keys.insert(other.pitch);
    REQUIRE(sounding >= 1);
    REQUIRE(keys.size() <= 2);
  }
  CHECK(drums > 20);
  CHECK(high_drum);
  CHECK(long_drum);
}

TEST_CASE("No more notes begin in a quarter note than may", "[generate][controls]") {
  // Semiquavers.
  Cycle steps(89, {50, 88, 40, 88}),
      events(kEvents.vocab_size(),
             {0, key(kEvents, 60), position(kEvents, 1), key(kEvents, 62), position(kEvents, 2),
              key(kEvents, 64), position(kEvents, 3), key(kEvents, 65)});
  CHECK(tests::listen(kEvents, draw(kEvents, {}, 1000, events)).most_in_a_quarter >= 4);
  Hostile noise(89, 3);
  CHECK(tests::listen(kSteps, draw(kSteps, {}, 1000, noise)).most_in_a_quarter >= 20);
  for (const int notes : {1, 3}) {
    const ControlOptions controls{.limits = {.max_notes_per_quarter = notes}};
    CHECK(tests::listen(kSteps, draw(kSteps, controls, 1000, steps)).most_in_a_quarter <= notes);
    CHECK(tests::listen(kSteps, draw(kSteps, controls, 1000, noise)).most_in_a_quarter == notes);
    CHECK(tests::listen(kEvents, draw(kEvents, controls, 1000, events)).most_in_a_quarter == notes);
  }
}

TEST_CASE("No note lasts longer than it may, one of a primer's duration included", "[generate][controls]") {
  const EventEncoder::Event whole{Kind::duration, 16};
  Cycle model(kEvents.vocab_size(),
              {0, key(kEvents, 60), kEvents.token({Kind::hold, 0}), kEvents.token(whole)});
  CHECK(tests::listen(kEvents, draw(kEvents, {}, 500, model)).longest_note >= 16);
  for (const double quarters : {0.25, 3.0, 4.25, 5.0}) {
    const auto tokens = draw(kEvents, {.limits = {.max_held = quarters}}, 500, model);
    CHECK(tests::listen(kEvents, tokens).longest_note <= static_cast<std::int64_t>(4 * quarters));
  }
  // The duration of the last note runs on, and must not.
  Sequence<EventEncoder> sequence(kEvents, kOneModel, {.argmax = 1}, {.limits = {.max_held = 2}}, 1, 0);
  for (const Token token : {key(kEvents, 60), kEvents.token(whole), Token{0}, key(kEvents, 60)})
    sequence.take(kEvents, token);
  const Token next = sequence.draw(
      kEvents, [&](std::size_t) { return model(0); }, [](Token) { return true; });
  CHECK(kEvents.event(next).kind == Kind::duration);
  CHECK(kEvents.event(next).value <= 8);
}

TEST_CASE("Notes begin only on keys of the scale and the range", "[generate][controls]") {
  const LimitOptions limits{.scale = scale_from_name("D major"), .lowest = 48, .highest = 80};
  Hostile steps(89, 1), events(kEvents.vocab_size(), 2);
  for (const tests::Music& music :
       {tests::listen(kSteps, draw(kSteps, {.limits = limits}, 3000, steps)),
        tests::listen(kEvents, draw(kEvents, {.limits = limits}, 3000, events))}) {
    CHECK(music.lowest == 49);  // C sharp
    CHECK(music.highest == 79);
    CHECK(music.pitch_classes == limits.scale);
  }
}

TEST_CASE("Tokens set only metres and tempos of the sets", "[generate][controls]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .tempos = true});
  const TimeSignature metres[] = {{0, 3, 4}, {0, 6, 8}, {0, 13, 8}};  // the last is not in the vocabulary
  const double tempos[] = {60, 121};
  const LimitOptions limits{.metres = metre_set(metres), .tempos = tempo_set(tempos)};
  const std::vector<float> even(static_cast<std::size_t>(encoder.vocab_size()));
  const auto model = [&](Token) { return std::span<const float>(even); };
  std::set<int> found_metres, found_tempos;
  for (const Token token : draw(encoder, {.limits = limits}, 20'000, model)) {
    const EventEncoder::Event event = encoder.event(token);
    if (event.kind == EventEncoder::Kind::metre) found_metres.insert(event.value);
    if (event.kind == EventEncoder::Kind::tempo) found_tempos.insert(event.value);
  }
  CHECK(found_metres == std::set<int>{*EventEncoder::metre_index(3, 4), *EventEncoder::metre_index(6, 8)});
  CHECK(found_tempos == std::set<int>{EventEncoder::tempo_level(60), EventEncoder::tempo_level(121)});
  // Near the first tempo, whichever it is: 1.5 are seven levels.
  int first = -1, farthest = 0;
  for (const Token token : draw(encoder, {.limits = {.tempo_change = 1.5}}, 5000, model)) {
    const EventEncoder::Event event = encoder.event(token);
    if (event.kind != EventEncoder::Kind::tempo) continue;
    if (first < 0) first = event.value;
    farthest = std::max(farthest, std::abs(event.value - first));
  }
  CHECK(farthest == 7);
  CHECK(tests::error_of([&] {
          Sequence<EventEncoder>(encoder, kOneModel, {}, {.limits = {.tempo_change = 0.5}}, 1, 0);
        }) == "the tempo may change by a factor of 1 to 1000000000, or 0 for any, not 0.500000");
  CHECK(metre_set({}) == kAllMetres);
  CHECK(tempo_set({}) == kAllTempos);
  CHECK(tempos_between(60, 120) == tempos_between(60, 90) + tempos_between(96, 120));
}

TEST_CASE("A primer's key outside the range may sound on but not begin again", "[generate][controls]") {
  Sequence<TimestepEncoder> sequence(kSteps, kOneModel, {.argmax = 1}, {.limits = {.lowest = 60}}, 1, 0);
  sequence.take(kSteps, 10);
  sequence.take(kSteps, 88);
  std::vector<float> wants_low(89);
  wants_low[10] = 1;
  const auto next = [&] {
    return sequence.draw(
        kSteps, [&](std::size_t) { return std::span<const float>(wants_low); }, [](Token) { return true; });
  };
  CHECK(next() == 10);
  CHECK(next() == 88);  // the only token that may come, below a key
  sequence.take(kSteps, 88);
  CHECK(next() != 10);
}

TEST_CASE("A scale is known by its name", "[generate][controls]") {
  CHECK(scale_from_name("C major") == 0b1010'1011'0101);
  CHECK(scale_from_name("a minor") == scale_from_name("C major"));
  CHECK(scale_from_name("D dorian") == scale_from_name("C major"));
  CHECK(scale_from_name("Cb major") == scale_from_name("B major"));
  CHECK(scale_from_name("F# pentatonic") == 0b0101'0100'1010);
  for (const char* name : {"Eb  major", "Ebmaj", "eb MAJOR", "E\u266D major", "EbM", "D# major"})
    CHECK(scale_from_name(name) == scale_from_name("Eb major"));
  CHECK(scale_from_name("Am") == scale_from_name("A minor"));
  CHECK(scale_from_name("Bb harmonic minor") == scale_from_name("A# harmonic-minor"));
  CHECK(scale_from_name("C blues") == 0b0100'1110'1001);
  const std::string modes =
      " is not a scale: expected a tonic, such as C, F# or Bb, and one of major, minor, harmonic-minor, "
      "dorian, "
      "phrygian, lydian, mixolydian, pentatonic, minor-pentatonic, blues, whole-tone";
  for (const char* name : {"", "C", "H major", "C## major", " major", "C minorish", "\0 major"})
    CHECK(tests::error_of([&] { scale_from_name(name); }) == "\"" + std::string(name) + "\"" + modes);
}

TEMPLATE_TEST_CASE("Whatever a model wants, all controls at their extremes leave music",
                   "[generate][controls]", TimestepEncoder, EventEncoder) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Rng rng(seed, 1);
    const auto one_of = [&](std::initializer_list<double> values) {
      return values.begin()[rng.below(static_cast<std::uint32_t>(values.size()))];
    };
    const auto flag = [&] { return rng.below(2) == 1; };
    typename TestType::Options form;
    form.steps_per_quarter = static_cast<int>(one_of({1, 3, 4, 24}));
    if constexpr (std::is_same_v<TestType, EventEncoder>) {
      form.velocities = flag();
      form.tempos = flag();
    } else {
      form.repeat_held = flag();
    }
    const TestType encoder(form);
    const double G = encoder.steps_per_quarter();
    LimitOptions limits{.scale = flag() ? kAllPitchClasses : PitchClasses{1 << 4},  // E alone
                        .lowest = flag() ? 64 : 21,
                        .max_keys = static_cast<int>(one_of({0, 1, 2, 88})),
                        .max_held = one_of({0, 1e-9, 1, 4, 4.25, 9}),
                        .max_silence = one_of({0, 1e-9, 1, 7}),
                        .max_notes_per_quarter = static_cast<int>(one_of({0, 1, 5})),
                        .metre = {.numerator = static_cast<int>(one_of({1, 4, 7})),
                                  .denominator = static_cast<int>(one_of({4, 8, 16}))}};
    limits.highest = flag() ? limits.lowest == 64 ? 64 : 28 : 108;  // E4 or E1 is one key of the scale
    const ControlOptions controls{.limits = limits, .max_repeats = static_cast<int>(one_of({0, 1, 2}))};
    const SamplerOptions options{.argmax = static_cast<float>(one_of({0, 0.5, 1})),
                                 .temperature = static_cast<float>(one_of({0.01, 1, 100})),
                                 .top_k = static_cast<int>(one_of({0, 1})),
                                 .entropy = {.min_entropy = static_cast<float>(one_of({0, 0.5, 50})),
                                             .max_entropy = static_cast<float>(one_of({50, 1e9})),
                                             .window = static_cast<float>(one_of({1, 64}))}};
    Hostile model(encoder.vocab_size(), seed);
    const auto tokens = draw(encoder, controls, 800, model, options, seed);
    CAPTURE(seed, G);
    REQUIRE(tokens.size() < 3200);
    REQUIRE(count_violations(encoder, std::span<const Token>(tokens)) == 0);

    // What weighs most is always kept; for loops and density the others may leave no way.
    const tests::Music music = tests::listen(encoder, tokens);
    const auto steps = [&](double quarters) {
      return quarters == 0 ? INT64_MAX : std::max<std::int64_t>(1, std::llround(quarters * G));
    };
    CHECK(music.longest_note <= steps(limits.max_held));
    CHECK(music.longest_silence <= steps(limits.max_silence));
    CHECK(music.most_keys <= (limits.max_keys == 0 ? 88 : limits.max_keys));
    CHECK((music.pitch_classes & ~static_cast<unsigned>(limits.scale)) == 0);
    if (music.pitch_classes != 0) CHECK((music.lowest >= limits.lowest && music.highest <= limits.highest));
    if (limits.max_silence == 0 && controls.max_repeats == 0 && limits.max_notes_per_quarter > 0)
      CHECK(music.most_in_a_quarter <= limits.max_notes_per_quarter);
  }
}

TEMPLATE_TEST_CASE("A loop is always left if no other control prevents it", "[generate][controls]",
                   TimestepEncoder, EventEncoder) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed, 2);
    const TestType encoder({.steps_per_quarter = 2});
    const int repeats = 1 + static_cast<int>(rng.below(3));
    const ControlOptions controls{.limits = {.metre = kTwoQuarters}, .max_repeats = repeats};
    const auto argmax = static_cast<float>(rng.below(3)) / 2;
    Hostile hostile(encoder.vocab_size(), seed);
    std::vector<Token> cycle;
    for (std::uint32_t i = 0; i < 2 + rng.below(9); ++i)
      cycle.push_back(static_cast<Token>(rng.below(static_cast<std::uint32_t>(encoder.vocab_size()))));
    cycle.push_back(encoder.start_token());
    Cycle looping(encoder.vocab_size(), cycle, seed % 2 == 0 ? 12.0f : 1e4f);
    for (const auto& tokens : {draw(encoder, controls, 1500, hostile, {.argmax = argmax}, seed),
                               draw(encoder, controls, 1500, looping, {.argmax = argmax}, seed)}) {
      CAPTURE(seed, repeats, argmax);
      for (std::size_t period = 1; period <= 8; ++period)
        CHECK(most_repeats(encoder, tokens, 4, period) <= repeats);
    }
  }
}

namespace {

template <class Encoder>
PackedModel<float> untrained_for(const Encoder& encoder) {
  return tests::untrained({.vocab_size = encoder.vocab_size(), .embedding_size = 8, .hidden_size = 24});
}

const ControlOptions kAllControls{.limits = {.scale = scale_from_name("G major"),
                                             .lowest = 40,
                                             .highest = 90,
                                             .max_keys = 4,
                                             .max_held = 2,
                                             .max_silence = 1,
                                             .max_notes_per_quarter = 6},
                                  .max_repeats = 1};
const SamplerOptions kAllOptions{.argmax = 0.2f,
                                 .temperature = 0.9f,
                                 .top_p = 0.95f,
                                 .entropy = {.min_entropy = 1, .max_entropy = 2, .window = 16}};

}  // namespace

TEMPLATE_TEST_CASE("With all controls a sequence in a batch is the same as alone",
                   "[generate][controls][batch]", TimestepEncoder, EventEncoder) {
  const TestType encoder({.steps_per_quarter = 4});
  const PackedModel<float> model = untrained_for(encoder);
  ThreadPool threads(2);
  const std::vector<Token> primer =
      std::is_same_v<TestType, TimestepEncoder> ? std::vector<Token>{60, 50, 88} : std::vector<Token>{0, 0};
  BatchGenerator batch(model, encoder, kAllOptions, 5, 3, threads, 0, kAllControls);
  batch.prime(primer);
  const auto sequences = generate_steps(batch, 200);
  for (std::uint64_t stream = 0; stream < 3; ++stream) {
    Generator single(model, encoder, kAllOptions, 5, stream, nullptr, kAllControls);
    single.prime(primer);
    CHECK(generate_steps(single, 200) == sequences[stream]);
  }
  BatchGenerator free(model, encoder, kAllOptions, 5, 3, threads);
  free.prime(primer);
  CHECK(generate_steps(free, 200) != sequences);
}

TEMPLATE_TEST_CASE("Limits that are not reached change no token", "[generate][controls]", TimestepEncoder,
                   EventEncoder) {
  const TestType encoder({.steps_per_quarter = 4});
  const PackedModel<float> model = untrained_for(encoder);
  Generator free(model, encoder, {.argmax = 0.3f}, 5),
      far(model, encoder, {.argmax = 0.3f, .entropy = {.min_entropy = 1e-9f, .max_entropy = 1e9f}}, 5, 0,
          nullptr,
          {.limits = {.max_held = 1e6, .max_silence = 1e6, .max_notes_per_quarter = 100'000},
           .max_repeats = 1'000'000});
  CHECK(generate_tokens(free, 2000) == generate_tokens(far, 2000));
}

TEMPLATE_TEST_CASE("Generating under all controls takes no memory, no lock and no system call",
                   "[generate][controls][realtime]", TimestepEncoder, EventEncoder) {
  const TestType encoder({.steps_per_quarter = 4});
  const PackedModel<float> model = untrained_for(encoder);
  Generator generator(model, encoder, kAllOptions, 5, 0, nullptr, kAllControls);
  const std::vector<Token> primer = {encoder.start_token()};
  CHECK(tests::counted([&] {
          generator.prime(primer);
          for (long i = 0; i < tests::realtime_calls(3000); ++i) generator.next();
        }) == tests::RealtimeCounts{});
  static_assert(noexcept(generator.next())&& noexcept(generator.prime(primer)));
}

TEST_CASE("Controls out of range are refused in a sentence", "[generate][controls]") {
  const auto message = [](const ControlOptions& options) {
    return tests::error_of([&] { Controls<EventEncoder>(kEvents, options); });
  };
  CHECK(message({.max_repeats = -1}) ==
        "max-repeats must be 0 (for any number) or a number of times, not -1");
  CHECK(message({.limits = {.lowest = 70, .highest = 60}}) ==
        "the lowest and the highest key must be MIDI keys 21 to 108 in this order, not 70 and 60");
  CHECK(message({.limits = {.scale = 1, .lowest = 61, .highest = 71}}) ==
        "no key of the scale lies from 61 to 71");
  CHECK(message({.limits = {.max_keys = -2}}) ==
        "max-keys must be 0 (for any number) or a number of keys, not -2");
  CHECK(
      message({.limits = {.max_held = -1}}) ==
      "max-held and max-silence must be 0 (for any length) or quarter notes, at most 1048576, not -1.000000");
  CHECK(message({.limits = {.max_silence = NAN}}) ==
        "max-held and max-silence must be 0 (for any length) or quarter notes, at most 1048576, not nan");
  CHECK(message({.limits = {.max_notes_per_quarter = -1}}) ==
        "max-notes must be 0 (for any number) or a number of notes up to 100000, not -1");
  CHECK(message({.limits = {.metre = {.numerator = 0}}}) ==
        "the metre must be 1 to 255 parts of a note, not 0/4");
  CHECK(message({}) == "no error");
  const auto text = CharEncoder::from_text("ab");
  CHECK(tests::error_of([&] { Controls<CharEncoder>(text, {.max_repeats = 2}); }) ==
        "max-repeats needs an encoder with bars");
  CHECK(tests::error_of([&] { Controls<CharEncoder>(text, {.limits = {.max_keys = 2}}); }) ==
        "musical limits need the timestep or the event encoder; this model has another");
}
