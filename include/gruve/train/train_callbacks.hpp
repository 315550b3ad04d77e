#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "gruve/core/progress.hpp"
#include "gruve/model/chunk_pass.hpp"

namespace gruve::inline v0_2 {

/// The result of one training step.
struct StepReport {
  std::uint64_t step = 0;    // number of steps done, this one included
  double loss = 0;           // nats per token
  double gradient_norm = 0;  // Euclidean norm over all parameters, before clipping
  double learning_rate = 0;  // of this step
  bool undone = false;       // the training had diverged (Divergence), and was rolled back
};

/// The result of a validation at the end of an epoch.
struct ValidationReport {
  std::uint64_t step = 0;   // number of steps done
  std::uint64_t epoch = 0;  // number of epochs done
  ChunkLoss loss;           // of the valid split
  bool improved = false;    // whether it is the lowest loss so far, and no worse than uniform guessing
};

// clang-format off
/// Why a training ended.
enum class StopReason {
  epochs,    // all epochs are done
  minutes,   // the time limit is reached
  patience,  // no better validation loss for TrainOptions::patience epochs
  diverged,  // it was rolled back nine times
  callback,  // TrainCallbacks::on_step returned false
};
// clang-format on

/// The reason as words of a message.
constexpr std::string_view stop_reason_name(StopReason reason) noexcept {
  constexpr std::string_view kNames[] = {"all epochs done", "time is up",
                                         "no better validation loss for a while",
                                         "it diverged again and again", "stopped"};
  return kNames[static_cast<int>(reason)];
}

// clang-format off
/// What Trainer::run() calls; each may be empty.
struct TrainCallbacks {
  std::function<bool(const StepReport&)> on_step = {};              // after each step; false ends it
  std::function<void(const ValidationReport&)> on_validation = {};  // after each validation
  ProgressCallback on_progress = {};                                // after each step, with the losses
};
// clang-format on

}  // namespace gruve::inline v0_2
