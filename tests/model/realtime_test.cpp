// Stepping a model takes no memory, no lock and no system call, with every set of kernels.
#include "realtime.hpp"

#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/batch_stepper.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"

using namespace gruve;
using tests::counted;
using tests::realtime_calls;
using tests::RealtimeCounts;

namespace {

const Features kFeatures = {.shape = {304, 210}};

GruModel<float> realtime_model(ResetGate reset_gate, const Features& features) {
  GruModel<float> model({.vocab_size = 89,
                         .embedding_size = 5,
                         .hidden_size = 20,
                         .num_layers = 2,
                         .reset_gate = reset_gate,
                         .features = features});
  initialize(model, 1);
  return model;
}

// Rows of the embedding, and for each token rows of the output layer, without any sense.
struct RealtimeFeatures {
  explicit RealtimeFeatures(const ModelConfig& config) {
    for (int row = 0; row < config.features.shape.inputs && row < 3; ++row)
      inputs.push_back(static_cast<std::uint16_t>(row));
    for (int token = 0; config.features.shape.outputs > 0 && token < config.vocab_size; ++token)
      outputs.push_back({static_cast<Token>(token), 0});
  }
  FeatureRows rows() const { return {inputs, outputs}; }
  std::vector<std::uint16_t> inputs;
  std::vector<OutputFeature> outputs;
};

}  // namespace

TEST_CASE("A step of a model takes no memory, no lock and no system call", "[model][stepper][realtime]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  const auto precision =
      GENERATE(kernels::Precision::fp32, kernels::Precision::bf16, kernels::Precision::int8);
  const auto model = realtime_model(reset_gate, GENERATE(Features{}, kFeatures));
  const RealtimeFeatures features(model.config);
  ThreadPool threads(1);
  for (const kernels::Kernels<float>* kernels : kernels::available(precision)) {
    CAPTURE(kernels->name);
    PackedModel<float> packed(model.config, *kernels);
    packed.assign(model, threads);
    Stepper stepper(packed), shared(packed, &threads);
    BatchStepper batch(packed, 3, threads);
    const std::vector<Token> tokens = {1, 2, 3};
    CHECK(counted([&] {
            for (long i = 0; i < realtime_calls(500); ++i) {
              const auto token = static_cast<Token>(i % 89);
              stepper.step(token, features.rows());
              shared.step(token, features.rows());
            }
          }) == RealtimeCounts{});
    batch.step(tokens,
               [&](std::size_t) { return features.rows(); });  // Eigen reads the sizes of the caches once
    CHECK(counted([&] {
            for (long i = 0; i < realtime_calls(500); ++i)
              batch.step(tokens, [&](std::size_t) { return features.rows(); });
          }) == RealtimeCounts{});
    static_assert(noexcept(stepper.step(1))&& noexcept(batch.step(tokens)));
  }
}
