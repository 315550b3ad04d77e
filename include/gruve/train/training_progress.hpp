#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/once.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/train/curve.hpp"

namespace gruve::inline v0_2::internal {

// How far a training is: all of its state but for the arrays.
struct TrainingProgress {
  std::uint64_t step = 0;     // steps done
  std::uint64_t updates = 0;  // of the optimiser; steps that were undone are none
  double seconds = 0;
  double rate_scale = 1;  // halved at each roll-back
  double best_loss = std::numeric_limits<double>::infinity();
  bool has_best = false;
  int epochs_without_gain = 0;
  double first_loss = 0;                              // Divergence's
  int steps_above = 0;                                // likewise
  std::uint64_t good_updates = 0;                     // of the state that a roll-back returns to
  std::vector<BatchStream::Position> positions = {};  // in the corpus, of each shard
  Curve curve = {};
};

GRUVE_ONCE nlohmann::json to_json(const TrainingProgress& progress);

// What to_json() wrote. Throws Error on what is missing, of another type or out of range. Whether the
// position is one of the corpus, BatchStream::seek() checks.
GRUVE_ONCE TrainingProgress progress_from_json(const nlohmann::json& json, const std::string& file);

}  // namespace gruve::inline v0_2::internal

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/training_progress.inc"
#endif
