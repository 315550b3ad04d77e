#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

#include "gruve/core/once.hpp"
#include "gruve/corpus/augment.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/train/optimizer.hpp"
#include "gruve/train/schedule.hpp"
#include "gruve/train/weight_dropout.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// Settings of a training.
struct TrainOptions {
  int batch_size = 32;                      // B, sequences in a batch
  int shards = 1;                           // parts of the batch whose gradients are computed apart, each from
                                            // songs of its own, and then added: what Ranks share. Divides B
  int unroll = 128;                         // T, timesteps of truncated backpropagation through time
  int epochs = 10;                          // passes over the train split, each rounded up to whole steps
  double minutes = 0;                       // time limit of the training; 0 for none. With a limit, and only
                                            // then, the result depends on the machine's speed
  OptimizerOptions optimizer = {};          // the rule of an update
  double learning_rate = 2e-3;              // η, the full learning rate, at least 0
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
GRUVE_ONCE void check(const TrainOptions& options);

/// The settings, as JSON, that must be equal for a training to resume from a checkpoint.
GRUVE_ONCE nlohmann::json to_json(const TrainOptions& options);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/train_options.inc"
#endif
