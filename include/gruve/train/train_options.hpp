#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

#include "gruve/corpus/augment.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/train/optimizer.hpp"
#include "gruve/train/schedule.hpp"
#include "gruve/train/weight_dropout.hpp"

namespace gruve::inline v0_1 {

/// The settings of a training.
struct TrainOptions {
  int batch_size = 32;  // B, sequences side by side
  int unroll = 128;     // T, timesteps through which gradients go back
  int epochs = 10;      // an epoch is as many steps as the training split's tokens fill
  double minutes = 0;  // ends earlier after so many minutes of training, where positive; then, and only then,
                       // the result depends on the machine's speed
  OptimizerOptions optimizer = {};
  double learning_rate = 2e-3;
  Schedule schedule = Schedule::one_cycle;
  double clip_norm = 1;      // longest gradient, over all parameters; 0 for no limit (Pascanu et al. 2013)
  double dropout = 0;        // share of each layer's outputs that is dropped
  double input_dropout = 0;  // of the first layer's input, of models with input features
  bool variational = false;  // drops the same outputs at all timesteps of a chunk
  WeightDropout weights = {};
  double average = 0;  // share of the old in a moving average of the weights, from one update to the next,
                       // which is then what is validated and kept; 0 for none (Polyak and Juditsky 1992)
  int patience = 0;    // ends after so many epochs in a row without a better validation loss, where positive
  AugmentOptions augment = {};  // how the songs that are trained on are varied
  std::uint64_t seed = 1;
  int threads = 0;                // 0: all the machine has; the result has the same bits for any number
  int checkpoint_interval = 200;  // steps
  kernels::Precision precision = kernels::Precision::fp32;  // of the products, fp32 or bf16; what is trained,
                                                            // and the optimiser's memory, are float
};

/// What two trainings must share for one to go on where the other stopped.
inline nlohmann::json to_json(const TrainOptions& options) {
  return {{"batch_size", options.batch_size},
          {"unroll", options.unroll},
          {"optimizer", optimizer_name(options.optimizer.kind)},
          {"momentum", options.optimizer.momentum},
          {"alpha", options.optimizer.alpha},
          {"beta1", options.optimizer.beta1},
          {"beta2", options.optimizer.beta2},
          {"epsilon", options.optimizer.epsilon},
          {"learning_rate", options.learning_rate},
          {"schedule", schedule_name(options.schedule)},
          {"clip_norm", options.clip_norm},
          {"dropout", options.dropout},
          {"input_dropout", options.input_dropout},
          {"variational", options.variational},
          {"recurrent_dropout", options.weights.recurrent},
          {"embedding_dropout", options.weights.embedding},
          {"average", options.average},
          {"weight_decay", options.optimizer.weight_decay},
          {"transpose", options.augment.transpose},
          {"transpose_share", options.augment.share},
          {"stretch", options.augment.stretch},
          {"velocity", options.augment.velocity},
          {"seed", options.seed},
          {"checkpoint_interval", options.checkpoint_interval},
          {"precision", kernels::precision_name(options.precision)}};
}

}  // namespace gruve::inline v0_1
