// Copies of generators, their state as bytes, and options that are set while they play.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/key_set.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "realtime.hpp"
#include "untrained.hpp"

using namespace gruve;
using tests::counted;
using tests::RealtimeCounts;

namespace {

PackedModel<float> model_of_seed(int vocab_size, std::uint64_t seed, const Features& features = {}) {
  return tests::untrained({.vocab_size = vocab_size,
                           .embedding_size = 8,
                           .hidden_size = 16 + static_cast<int>(seed),
                           .num_layers = 2,
                           .features = features},
                          seed);
}

const Features kAllFeatures =
    AnyEncoder(TimestepEncoder()).features("index,held,intervals,bar=12,repeat,outer,relative");

const SamplerOptions kDrawing = {
    .argmax = 0.1f, .temperature = 0.9f, .top_p = 0.95f, .entropy = {.min_entropy = 0.5f, .max_entropy = 3}};

const ControlOptions kMusic = {
    .limits = {.max_keys = 5, .max_held = 4, .max_silence = 2, .max_notes_per_quarter = 9}, .max_repeats = 2};

template <class Generator>
std::vector<Token> next_tokens(Generator& generator, int count) {
  std::vector<Token> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(generator.next());
  return tokens;
}

template <class Generator>
std::vector<std::byte> state_of(const Generator& generator) {
  std::vector<std::byte> bytes(generator.state_size());
  bytes.resize(generator.save_state(bytes));
  REQUIRE(!bytes.empty());
  return bytes;
}

// Calls check(make), where make(seed) is a generator, for each format and for several models.
template <class Check>
void for_each_kind(Check&& check) {
  const PackedModel<float> timesteps = model_of_seed(89, 3, kAllFeatures);
  check("timestep", [&](std::uint64_t seed) {
    return Generator(timesteps, TimestepEncoder(), kDrawing, seed, 0, nullptr, kMusic);
  });
  const EventEncoder events({.velocities = true, .tempos = true, .form = true});
  const PackedModel<float> event_model = model_of_seed(
      events.vocab_size(), 4, AnyEncoder(events).features("place,sounding,repeat,form,tonality,relative"));
  check("event", [&](std::uint64_t seed) {
    return Generator(event_model, events, kDrawing, seed, 0, nullptr, kMusic);
  });
  const CharEncoder chars("\n abcdefgh");
  const PackedModel<float> text = model_of_seed(chars.vocab_size(), 5);
  check("char", [&](std::uint64_t seed) { return Generator(text, chars, kDrawing, seed); });
  const std::vector<PackedModel<float>> two = [] {
    std::vector<PackedModel<float>> models;
    models.push_back(model_of_seed(89, 6, kAllFeatures));
    models.push_back(model_of_seed(89, 7));
    return models;
  }();
  check("two models", [&](std::uint64_t seed) {
    return Generator(two, TimestepEncoder(), kDrawing, seed, 0, nullptr, kMusic);
  });
}

}  // namespace

TEST_CASE("A restored generator continues with the same tokens", "[generate][state]") {
  const int count = GENERATE(7, 1237);  // near the beginning, and somewhere in a phrase
  for_each_kind([&](const char* kind, auto&& make) {
    CAPTURE(kind);
    auto generator = make(1);
    next_tokens(generator, count);
    const std::vector<std::byte> state = state_of(generator);
    const std::vector<Token> wanted = next_tokens(generator, 1000);
    // Into one that was elsewhere, with other random numbers.
    auto other = make(2);
    next_tokens(other, 311);
    CHECK(state_of(other) != state);
    REQUIRE(other.restore_state(state));
    CHECK(state_of(other) == state);
    CHECK(next_tokens(other, 1000) == wanted);
    CHECK(state_of(other) == state_of(generator));
    // And back.
    REQUIRE(generator.restore_state(state));
    CHECK(next_tokens(generator, 1000) == wanted);
  });
}

TEST_CASE("A state survives more timesteps than repeats look back", "[generate][state]") {
  const PackedModel<float> model = model_of_seed(89, 3, kAllFeatures);
  Generator generator(model, TimestepEncoder(), {.temperature = 0.7f}, 1);
  // Four bars again and again, with an odd one out, for longer than RepeatFinder::kTimesteps.
  std::vector<Token> bars;
  Rng rng(9);
  for (int i = 0; i < 97; ++i) {
    if (rng.below(3) == 0) bars.push_back(static_cast<Token>(40 + rng.below(30)));
    if (rng.below(2) == 0) bars.push_back(static_cast<Token>(rng.below(38)));
    bars.push_back(88);
  }
  for (int i = 0; i < 400; ++i) generator.prime(bars);
  const std::vector<std::byte> state = state_of(generator);
  const std::vector<Token> wanted = next_tokens(generator, 1000);
  Generator other(model, TimestepEncoder(), {.temperature = 0.7f}, 2);
  REQUIRE(other.restore_state(state));
  CHECK(next_tokens(other, 1000) == wanted);
  CHECK(state.size() < generator.state_size() / 2);
}

TEST_CASE("A restored loop guard knows how often bars have sounded", "[generate][state]") {
  // A model that wants one key in each timestep, which is a bar here.
  GruModel<float> network({.vocab_size = 89, .embedding_size = 8, .hidden_size = 8});
  network.output.bias.data()[40] = 20;
  network.output.bias.data()[88] = 10;
  PackedModel<float> packed(network.config);
  ThreadPool threads(1);
  packed.assign(network, threads);
  const auto make = [&] {
    return Generator(packed, TimestepEncoder({.steps_per_quarter = 1}), {.argmax = 1}, 1, 0, nullptr,
                     {.limits = {.metre = {0, 1, 4}}, .max_repeats = 5});
  };
  Generator generator = make(), other = make();
  CHECK(next_tokens(generator, 6) == std::vector<Token>{40, 88, 40, 88, 40, 88});
  REQUIRE(other.restore_state(state_of(generator)));
  // Twice more, and then something else.
  const std::vector<Token> wanted = next_tokens(generator, 30);
  CHECK(std::vector<Token>(wanted.begin(), wanted.begin() + 4) == std::vector<Token>{40, 88, 40, 88});
  CHECK(std::vector<Token>(wanted.begin() + 4, wanted.begin() + 6) != std::vector<Token>{40, 88});
  CHECK(next_tokens(other, 30) == wanted);
}

TEST_CASE("Keys that a piano lacks are refused in a state", "[generate][state]") {
  for (const int byte : {10, 11, 15}) {  // of two words of 64 bits, where the second has 24 keys
    KeySet keys;
    keys.insert(87);
    std::vector<std::byte> bytes(16);
    StateBytes write = StateBytes::writing(bytes);
    keys.transfer(write);
    StateBytes check = StateBytes::checking(bytes);
    keys.transfer(check);
    CHECK(check.ok());
    bytes[static_cast<std::size_t>(byte)] |= byte == 10 ? std::byte{0x80} : std::byte{1};
    StateBytes again = StateBytes::checking(bytes);
    keys.transfer(again);
    CHECK(again.ok() == (byte == 10));
  }
}

TEST_CASE("Damaged, truncated and foreign states are refused and change nothing", "[generate][state]") {
  for_each_kind([](const char* kind, auto&& make) {
    CAPTURE(kind);
    auto generator = make(1);
    next_tokens(generator, 200);
    const std::vector<std::byte> state = state_of(generator);
    auto other = make(2);
    next_tokens(other, 50);
    const std::vector<std::byte> before = state_of(other);
    Rng rng(1);
    int refused = 0;
    for (int i = 0; i < 300; ++i) {
      std::vector<std::byte> bad = state;
      bad[rng.below(static_cast<std::uint32_t>(bad.size()))] ^= std::byte{1} << rng.below(8);
      refused += other.restore_state(bad) ? 0 : 1;
    }
    for (std::size_t size = 0; size < state.size(); size += 1 + size / 10)
      refused += other.restore_state(std::span(state).first(size)) ? 0 : 1000;
    CHECK(refused % 1000 == 300);
    std::vector<std::byte> longer = state;
    longer.push_back({});
    CHECK_FALSE(other.restore_state(longer));
    CHECK(state_of(other) == before);
    std::vector<std::byte> small(state.size() - 1);
    CHECK(generator.save_state(small) == 0);
    // Of other sizes and formats.
    for_each_kind([&](const char* foreign, auto&& make_foreign) {
      if (std::string(foreign) == kind) return;
      auto one = make_foreign(1);
      CHECK_FALSE(one.restore_state(state));
    });
  });
}

TEST_CASE("A forged state is refused or plays on within the grammar", "[generate][state]") {
  for_each_kind([](const char* kind, auto&& make) {
    CAPTURE(kind);
    auto generator = make(1);
    next_tokens(generator, 500);
    const std::vector<std::byte> state = state_of(generator);
    Rng rng(4);
    int taken = 0;
    for (int i = 0; i < 400; ++i) {
      std::vector<std::byte> forged = state;
      const std::size_t end = forged.size() - sizeof(std::uint64_t);
      // Anywhere but in the numbers of the models' sizes; sometimes eight bytes at a time.
      const std::size_t at = 16 + rng.below(static_cast<std::uint32_t>(end - 24));
      const std::size_t count = rng.below(2) == 0 ? 1 : 8;
      const std::uint32_t how = rng.below(3);
      for (std::size_t j = at; j < at + count; ++j)
        forged[j] = how == 0   ? std::byte{0xFF}
                    : how == 1 ? std::byte{0}
                               : static_cast<std::byte>(rng.below(256));
      const std::uint64_t hash = content_hash(std::span<const std::byte>(forged).first(end));
      for (std::size_t j = 0; j < sizeof hash; ++j)
        forged[end + j] = static_cast<std::byte>(hash >> 8 * j & 0xFF);
      auto other = make(2);
      if (!other.restore_state(forged)) continue;
      ++taken;
      const auto& encoder = other.encoder();
      for (int j = 0; j < 100; ++j) {
        const auto before = other.state();
        const Token token = other.next();
        if (!encoder.allowed(before, token)) FAIL("token " << token);
      }
    }
    CHECK(taken > 0);
    CHECK(taken <= 400);
  });
}

TEST_CASE("A copy is a fork that allocates nothing once it is made", "[generate][state][realtime]") {
  for_each_kind([](const char* kind, auto&& make) {
    CAPTURE(kind);
    auto generator = make(1);
    next_tokens(generator, 100);
    auto fork = generator;
    CHECK(state_of(fork) == state_of(generator));
    std::vector<std::byte> bytes(generator.state_size());
    long different = 0, refused = 0;
    CHECK(counted([&] {
            for (long i = 0; i < tests::realtime_calls(500); ++i)
              different += generator.next() != fork.next();
            refused += !generator.set(SamplerOptions{});
            for (long i = 0; i < tests::realtime_calls(500); ++i) {
              fork.reseed(5, static_cast<std::uint64_t>(i));
              refused += !fork.set(SamplerOptions{.top_k = 3, .min_p = 0.1f, .entropy = {.min_entropy = 1}});
              fork.next();
              refused += !fork.set(SamplerOptions{});
              const std::size_t size = fork.save_state(bytes);
              refused += !generator.restore_state(std::span(bytes).first(size));
              different += generator.next() != fork.next();
              generator.restore(fork);
              different += generator.next() != fork.next();
              generator = fork;
              different += generator.next() != fork.next();
            }
          }) == RealtimeCounts{});
    CHECK(different == 0);
    CHECK(refused == 0);
  });
}

TEST_CASE("Controls that are set while music plays hold from there on, without an allocation",
          "[generate][state][realtime]") {
  const EventEncoder events;
  const PackedModel<float> event_model = model_of_seed(events.vocab_size(), 4);
  const PackedModel<float> timesteps = model_of_seed(89, 3);
  const auto check = [](auto generator) {
    next_tokens(generator, 500);
    auto free = generator;
    bool set = false, same = true;
    CHECK(counted([&] {
            set = generator.set(ControlOptions{});  // the same options change nothing
            for (int i = 0; i < 300; ++i) same = same && generator.next() == free.next();
            for (long i = 0; i < tests::realtime_calls(300); ++i) {
              const int keys = i % 2 == 0 ? 3 : 2;
              set = set &&
                    generator.set(ControlOptions{.limits = {.scale = 1, .max_keys = keys}, .max_repeats = 1});
              generator.next();
            }
          }) == RealtimeCounts{});
    CHECK(set);
    CHECK(same);
    const auto& encoder = generator.encoder();
    std::vector<Token> tokens = next_tokens(generator, 2000);
    if constexpr (std::is_same_v<std::decay_t<decltype(encoder)>, TimestepEncoder>) {
      for (const Token token : tokens)
        if (token < kNumKeys && (kLowestKey + token) % 12 != 0) FAIL("a key that is no C");
    } else {
      for (const Token token : tokens)
        if (encoder.event(token).kind == EventEncoder::Kind::key &&
            (kLowestKey + encoder.event(token).value) % 12 != 0)
          FAIL("a key that is no C");
    }
    // What is out of range changes nothing.
    auto copy = generator;
    for (const ControlOptions& wrong :
         {ControlOptions{.max_repeats = -1}, ControlOptions{.limits = {.scale = 0}},
          ControlOptions{.limits = {.lowest = 0}}, ControlOptions{.limits = {.max_held = -1}},
          ControlOptions{.limits = {.metre = {0, 0, 4}}}})
      CHECK_FALSE(generator.set(wrong));
    CHECK(next_tokens(generator, 200) == next_tokens(copy, 200));
  };
  check(Generator(event_model, events, {}, 1));
  check(Generator(timesteps, TimestepEncoder({.repeat_held = false}), {}, 1));
  const CharEncoder chars("ab");
  const PackedModel<float> text = model_of_seed(2, 5);
  Generator generator(text, chars, {}, 1);
  CHECK_FALSE(generator.set(ControlOptions{.max_repeats = 2}));
  CHECK_FALSE(generator.set(ControlOptions{.limits = {.max_keys = 2}}));
}

TEST_CASE("Limits that are set later know the notes from before", "[generate][state]") {
  // Drawn without limits, then with: as with those limits from the beginning, from the same tokens.
  const EventEncoder events({.steps_per_quarter = 4});
  const PackedModel<float> model = model_of_seed(events.vocab_size(), 4);
  const ControlOptions limits = {.limits = {.max_keys = 3, .max_silence = 1, .max_notes_per_quarter = 4}};
  Generator late(model, events, {}, 1);
  const std::vector<Token> primer = next_tokens(late, 333);
  Generator early(model, events, {}, 1, 0, nullptr, limits);
  early.prime(primer);
  early.reseed(7);
  late.reseed(7);
  REQUIRE(late.set(limits));
  CHECK(next_tokens(late, 500) == next_tokens(early, 500));
}
