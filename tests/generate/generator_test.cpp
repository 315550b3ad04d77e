#include "gruve/generate/generator.hpp"

#include <vector>

#include "catch.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "realtime.hpp"

using namespace gruve;

namespace {

// A model that has learnt nothing: whatever it wants to say, the grammar must hold.
struct Untrained {
  explicit Untrained(int vocab_size, int num_layers = 2, const std::string& features = {})
      : network({.vocab_size = vocab_size,
                 .embedding_size = 8,
                 .hidden_size = 24,
                 .num_layers = num_layers,
                 .features = AnyEncoder(TimestepEncoder()).features(features)}),
        packed(network.config) {
    initialize(network, 3);
    ThreadPool threads(1);
    packed.assign(network, threads);
  }
  GruModel<float> network;
  PackedModel<float> packed;
};

}  // namespace

TEST_CASE("An untrained model's music obeys the grammar and has exactly the requested length",
          "[generate][generator]") {
  const Untrained model(89);
  const TimestepEncoder encoder({.steps_per_quarter = GENERATE(4, 24)});
  for (const SamplerOptions& options :
       {SamplerOptions{}, SamplerOptions{.argmax = 0.6f}, SamplerOptions{.temperature = 5},
        SamplerOptions{.top_k = 3}, SamplerOptions{.top_p = 0.5f}, SamplerOptions{.min_p = 0.1f},
        SamplerOptions{.argmax = 1}}) {
    Generator generator(model.packed, encoder, options, 5);
    const auto tokens = generate_steps(generator, 500);
    CHECK(count_violations(encoder, std::span<const Token>(tokens)) == 0);
    const Song song = encoder.decode(tokens, 100);
    CHECK(song.length == 500 * song.ticks_per_quarter / encoder.steps_per_quarter());
    REQUIRE(!song.notes.empty());
    // Something sounds in the last timestep, so the last note ends with the piece.
    std::int64_t end = 0;
    for (const Note& note : song.notes) end = std::max(end, note.end);
    CHECK(end == song.length);
    CHECK(parse_midi(midi_bytes(song), "generated").song.notes == song.notes);
  }
}

TEST_CASE("Bars that return are drawn at the return temperature", "[generate][generator]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .form = true});
  GruModel<float> model({.vocab_size = encoder.vocab_size(), .embedding_size = 8, .hidden_size = 24});
  initialize(model, 3);
  const PackedModel<float> packed(model);
  // So low that the most probable token is certain.
  Generator generator(packed, encoder, {.return_temperature = 1e-6f}, 5);
  const std::vector<int> lags{0, 0, 2, 2, 0, 4};
  Outline<EventEncoder> outline(encoder, lags);
  const auto amount_of = [&](const EventEncoder::State&, Token token) { return token == 0 ? 1.0 : 0.0; };
  std::size_t returning = 0, certain = 0;
  for (int bar = 0; bar < 6;) {
    const EventEncoder::State state = generator.state();
    const Token token =
        generator.next([&](Token next) { return outline.accepts(state, next, 100, amount_of); });
    outline.advance(token);
    if (encoder.returns(state)) {
      ++returning;
      CHECK(state.lag == lags[static_cast<std::size_t>(bar)]);
      CHECK(generator.probability(token) > 0.999f);
    } else if (generator.probability(token) > 0.999f) {
      ++certain;  // as where the outline leaves one
    }
    if (token != encoder.start_token()) continue;
    CHECK(state.lag == lags[static_cast<std::size_t>(bar)]);
    ++bar;
  }
  CHECK(returning > 10);
  CHECK(certain < 10);
}

TEST_CASE("A length in tokens is followed to the end of the timestep", "[generate][generator]") {
  const Untrained model(89);
  Generator generator(model.packed, TimestepEncoder(), {}, 5);
  const auto tokens = generate_tokens(generator, 100);
  CHECK(tokens.size() >= 100);
  CHECK(tokens.back() == TimestepEncoder::kEndOfStep);
  for (std::size_t i = 99; i + 1 < tokens.size(); ++i) CHECK(tokens[i] != TimestepEncoder::kEndOfStep);
}

TEST_CASE("Generating takes no memory, no lock and no system call", "[generate][realtime]") {
  const Untrained model(89, 2, GENERATE("", "index,held,intervals,bar=4,repeat,outer"));
  const TimestepEncoder encoder;
  Generator generator(model.packed, encoder,
                      {.argmax = 0.2f, .temperature = 0.9f, .top_k = 40, .top_p = 0.9f, .min_p = 0.01f}, 5);
  const std::vector<Token> primer = {60, 50, 88};
  CHECK(tests::counted([&] {
          generator.prime(primer);
          for (long i = 0; i < tests::realtime_calls(1000); ++i) generator.next();
        }) == tests::RealtimeCounts{});
  static_assert(noexcept(generator.next())&& noexcept(generator.prime(primer)));
}

TEST_CASE("A primed generator continues as one that generated the primer itself", "[generate][generator]") {
  const Untrained model(89, 2, GENERATE("", "index,held,intervals,bar=4,repeat,outer"));
  Generator first(model.packed, TimestepEncoder(), {.argmax = 1}, 1);
  const auto whole = generate_tokens(first, 60);
  Generator second(model.packed, TimestepEncoder(), {.argmax = 1}, 1);
  second.prime(std::span(whole).first(30));
  for (std::size_t i = 30; i < whole.size(); ++i) CHECK(second.next() == whole[i]);
}

TEST_CASE("Text is generated from a vocabulary of its own", "[generate][generator]") {
  const auto encoder = CharEncoder::from_text("hello, world\n");
  const Untrained model(encoder.vocab_size(), 1);
  Generator generator(model.packed, encoder, {}, 2);
  const std::string text = encoder.decode(generate_tokens(generator, 200));
  CHECK(text.size() == 200);
  CHECK(text.find_first_not_of("hello, world\n") == std::string::npos);
}

TEST_CASE("The smallest vocabulary is generated with any hidden size and every implementation",
          "[generate][generator]") {
  const auto encoder = CharEncoder::from_text("ab");
  REQUIRE(encoder.vocab_size() == 2);
  for (const int H : {1, 3, 17, 1000}) {
    GruModel<float> network({.vocab_size = 2, .embedding_size = 1, .hidden_size = H});
    initialize(network, 3);
    ThreadPool threads(1);
    for (const kernels::Kernels<float>* kernels : kernels::available()) {
      CAPTURE(kernels->name, H);
      PackedModel<float> packed(network.config, *kernels);
      packed.assign(network, threads);
      Generator generator(packed, encoder, {}, 5);
      const std::string text = encoder.decode(generate_tokens(generator, 50));
      CHECK(text.find('a') != std::string::npos);
      CHECK(text.find('b') != std::string::npos);
    }
  }
}

TEST_CASE("A state that is stored and put back gives the same logits again", "[model][stepper]") {
  const Untrained model(10);
  Stepper stepper(model.packed);
  stepper.step(3);
  const std::vector<float> state(stepper.state().begin(), stepper.state().end());
  const auto logits = [&] {
    const auto view = stepper.step(4);
    return std::vector<float>(view.begin(), view.end());
  };
  const auto once = logits();
  CHECK(logits() != once);
  std::copy(state.begin(), state.end(), stepper.state().begin());
  CHECK(logits() == once);
}
