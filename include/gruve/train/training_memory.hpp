#pragma once

#include <cmath>
#include <cstdint>

#include "gruve/model/gru_model.hpp"
#include "gruve/train/train_options.hpp"

namespace gruve::inline v0_2 {

/// An estimate of the memory in bytes that a Trainer allocates, besides the corpus and teachers: to be
/// compared with the machine's before it is. The sizes in config must be complete (a Corpus's vocabulary and
/// features).
inline double training_memory(const ModelConfig& config, const TrainOptions& options) {
  const double H = config.hidden_size, E = config.embedding_size, L = config.num_layers;
  const double parameters = static_cast<double>(config.embedding_rows()) * E + 3 * H * (E + H + 2) +
                            (L - 1) * 3 * H * (2 * H + 2) +
                            static_cast<double>(config.output_rows()) * (H + 1);
  // The model, its gradient, the best, the average, the dropped one, two that a roll-back returns to, two
  // moments twice, and what is packed for the kernels; sums of the shards' gradients.
  const double copies = 14 + (options.shards > 1 ? 2 + std::log2(options.shards) : 0);
  // Of each token of a chunk: gates, states and their gradients in each layer, and the logits.
  const double tokens = static_cast<double>(options.batch_size / options.shards) * options.unroll;
  const double values = L * 10 * H + 4 * E + 2.0 * config.output_rows();
  return 4 * (copies * parameters + tokens * values);
}

}  // namespace gruve::inline v0_2
