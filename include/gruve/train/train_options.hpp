#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/corpus/augment.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/train/optimizer.hpp"
#include "gruve/train/schedule.hpp"
#include "gruve/train/weight_dropout.hpp"

namespace gruve::inline v0_1 {

// clang-format off
/// Settings of a training.
struct TrainOptions {
  int batch_size = 32;                      // B, sequences in a batch
  int unroll = 128;                         // T, timesteps of truncated backpropagation through time
  int epochs = 10;                          // passes over the train split, each rounded up to whole steps
  double minutes = 0;                       // time limit of the training; 0 for none. With a limit, and only
                                            // then, the result depends on the machine's speed
  OptimizerOptions optimizer = {};          // the rule of an update
  double learning_rate = 2e-3;              // η, the full learning rate, above 0
  Schedule schedule = Schedule::one_cycle;  // how the learning rate changes
  double clip_norm = 1;                     // maximum gradient norm, over all parameters; 0 for no limit
                                            // (Pascanu et al. 2013)
  double dropout = 0;                       // probability that an output of a layer is dropped; below 1
  double input_dropout = 0;                 // the same for the first layer's input; needs input features
  bool variational = false;                 // whether all timesteps of a chunk drop the same outputs
  WeightDropout weights = {};               // dropout of weights
  double average = 0;                       // decay per update of a moving average of the weights, which is
                                            // validated and saved; 0 for none (Polyak and Juditsky 1992)
  int patience = 0;                         // ends after this number of consecutive epochs without a better
                                            // validation loss; 0 for never
  AugmentOptions augment = {};              // how the train split is augmented
  std::uint64_t seed = 1;                   // of all random numbers
  int threads = 0;                          // 0 for one per hardware thread; does not affect the result
  int checkpoint_interval = 200;            // steps from one checkpoint to the next
  kernels::Precision precision = kernels::Precision::fp32;  // of the products: fp32 or bf16. Parameters and
                                                            // the optimiser's moments are float
};
// clang-format on

/// Throws Error naming the option that is out of its range.
inline void check(const TrainOptions& options) {
  const auto require = [](bool holds, const char* name, const char* range, double value) {
    if (!holds) throw Error(std::string(name) + " must be " + range + ", not " + std::to_string(value));
  };
  const auto positive = [&](int value, const char* name) { require(value >= 1, name, "at least 1", value); };
  positive(options.batch_size, "batch_size");
  positive(options.unroll, "unroll");
  positive(options.epochs, "epochs");
  positive(options.checkpoint_interval, "checkpoint_interval");
  const auto number = [&](double value, const char* name) {
    require(value >= 0 && std::isfinite(value), name, "a number of at least 0", value);
  };
  number(options.minutes, "minutes");
  number(options.learning_rate, "learning_rate");
  number(options.clip_norm, "clip_norm");
  number(options.optimizer.weight_decay, "weight_decay");
  const auto fraction = [&](double value, const char* name) {
    require(value >= 0 && value < 1, name, "at least 0 and below 1", value);
  };
  fraction(options.dropout, "dropout");
  fraction(options.input_dropout, "input_dropout");
  fraction(options.weights.recurrent, "recurrent dropout");
  fraction(options.weights.embedding, "embedding dropout");
  fraction(options.average, "average");
  require(options.patience >= 0, "patience", "at least 0", options.patience);
}

/// The settings, as JSON, that must be equal for a training to resume from a checkpoint.
inline nlohmann::json to_json(const TrainOptions& options) {
  return internal::JsonObject<>()
      .add("batch_size", options.batch_size)
      .add("unroll", options.unroll)
      .add("optimizer", optimizer_name(options.optimizer.kind))
      .add("momentum", options.optimizer.momentum)
      .add("alpha", options.optimizer.alpha)
      .add("beta1", options.optimizer.beta1)
      .add("beta2", options.optimizer.beta2)
      .add("epsilon", options.optimizer.epsilon)
      .add("learning_rate", options.learning_rate)
      .add("schedule", schedule_name(options.schedule))
      .add("clip_norm", options.clip_norm)
      .add("dropout", options.dropout)
      .add("input_dropout", options.input_dropout)
      .add("variational", options.variational)
      .add("recurrent_dropout", options.weights.recurrent)
      .add("embedding_dropout", options.weights.embedding)
      .add("average", options.average)
      .add("weight_decay", options.optimizer.weight_decay)
      .add("transpose", options.augment.transpose)
      .add("transpose_share", options.augment.share)
      .add("stretch", options.augment.stretch)
      .add("velocity", options.augment.velocity)
      .add("seed", options.seed)
      .add("checkpoint_interval", options.checkpoint_interval)
      .add("precision", kernels::precision_name(options.precision))
      .take();
}

}  // namespace gruve::inline v0_1
