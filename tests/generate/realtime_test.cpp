// Generating takes no memory, no lock and no system call: with every set of kernels, way of drawing and
// control.
#include "realtime.hpp"

#include <vector>

#include "catch.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/generate/scale.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "untrained.hpp"

using namespace gruve;
using tests::counted;
using tests::realtime_calls;
using tests::RealtimeCounts;

namespace {

PackedModel<float> untrained_model(int vocab_size, ResetGate reset_gate,
                                   const kernels::Kernels<float>& kernels, const Features& features = {}) {
  return tests::untrained({.vocab_size = vocab_size,
                           .embedding_size = 8,
                           .hidden_size = 24,
                           .num_layers = 2,
                           .reset_gate = reset_gate,
                           .features = features},
                          3, kernels);
}

// Of a generator and of a copy of it, which allocates when it is made and not after.
template <class Encoder>
RealtimeCounts counted_tokens(Generator<Encoder>& generator, long calls) {
  const std::vector<Token> primer(3, generator.encoder().start_token());
  Generator<Encoder> copy = generator;
  return counted([&] {
    generator.prime(primer);
    copy.prime(primer);
    for (long i = 0; i < realtime_calls(calls); ++i) {
      generator.next();
      copy.next();
    }
  });
}

const std::vector<SamplerOptions> kWaysOfDrawing = {
    {},
    {.argmax = 1},
    {.argmax = 0.5f, .temperature = 3},
    {.temperature = 0.01f},
    {.top_k = 5},
    {.top_p = 0.8f},
    {.min_p = 0.1f},
    {.entropy = {.min_entropy = 1, .max_entropy = 2, .window = 16}},
    {.argmax = 0.2f,
     .temperature = 0.9f,
     .top_k = 40,
     .top_p = 0.9f,
     .min_p = 0.01f,
     .entropy = {.min_entropy = 1, .max_entropy = 2, .window = 16}}};

const std::vector<ControlOptions> kWaysOfControl = {{},
                                                    {.limits = {.scale = scale_from_name("G major")}},
                                                    {.limits = {.lowest = 40, .highest = 90}},
                                                    {.limits = {.max_keys = 4}},
                                                    {.limits = {.max_held = 2}},
                                                    {.limits = {.max_silence = 1}},
                                                    {.limits = {.max_notes_per_quarter = 6}},
                                                    {.max_repeats = 1},
                                                    {.limits = {.scale = scale_from_name("G major"),
                                                                .lowest = 40,
                                                                .highest = 90,
                                                                .max_keys = 4,
                                                                .max_held = 2,
                                                                .max_silence = 1,
                                                                .max_notes_per_quarter = 6},
                                                     .max_repeats = 1}};

}  // namespace

TEST_CASE("Generating takes no memory, no lock and no system call with any set of kernels",
          "[generate][realtime]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  const auto precision =
      GENERATE(kernels::Precision::fp32, kernels::Precision::bf16, kernels::Precision::int8);
  const TimestepEncoder encoder({.steps_per_quarter = 4});
  const Features features =
      AnyEncoder(encoder).features(GENERATE("", "index,held,intervals,bar=4,repeat,outer"));
  for (const kernels::Kernels<float>* kernels : kernels::available(precision)) {
    CAPTURE(kernels->name);
    const auto model = untrained_model(encoder.vocab_size(), reset_gate, *kernels, features);
    Generator generator(model, encoder, {}, 5);
    CHECK(counted_tokens(generator, 300) == RealtimeCounts{});
  }
}

TEST_CASE("Generating events with all features takes no memory, no lock and no system call",
          "[generate][realtime]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .velocities = true, .form = true});
  const auto model =
      untrained_model(encoder.vocab_size(), ResetGate::after_product, kernels::active(),
                      AnyEncoder(encoder).features("place,sounding,repeat,form,tonality,relative"));
  const SamplerOptions likely{.temperature = 0.2f};  // repeats itself
  for (const SamplerOptions& options : {SamplerOptions{}, likely}) {
    Generator generator(model, encoder, options, 5);
    CHECK(counted_tokens(generator, 3000) == RealtimeCounts{});
    Generator copy = generator;
    CHECK(counted_tokens(copy, 300) == RealtimeCounts{});
  }
}

TEMPLATE_TEST_CASE(
    "Generating takes no memory, no lock and no system call however tokens are drawn and controlled",
    "[generate][controls][realtime]", TimestepEncoder, EventEncoder) {
  const TestType encoder({.steps_per_quarter = 4});
  const auto model = untrained_model(encoder.vocab_size(), ResetGate::after_product, kernels::active());
  for (const SamplerOptions& options : kWaysOfDrawing) {
    for (const ControlOptions& controls : kWaysOfControl) {
      Generator generator(model, encoder, options, 5, 0, nullptr, controls);
      CHECK(counted_tokens(generator, 500) == RealtimeCounts{});
    }
  }
}

TEST_CASE("Generating text, and with several models, takes no memory, no lock and no system call",
          "[generate][realtime]") {
  const auto encoder = CharEncoder::from_text("hello, world\n");
  std::vector<PackedModel<float>> models;
  for (const ResetGate reset_gate : {ResetGate::after_product, ResetGate::before_product})
    models.push_back(untrained_model(encoder.vocab_size(), reset_gate, kernels::active()));
  for (const SamplerOptions& options : kWaysOfDrawing) {
    Generator one(models.front(), encoder, options, 5), all(models, encoder, options, 5);
    CHECK(counted_tokens(one, 500) == RealtimeCounts{});
    CHECK(counted_tokens(all, 500) == RealtimeCounts{});
  }
}
