#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gruve/core/aligned.hpp"
#include "gruve/core/once.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/gru_model.hpp"

namespace gruve::inline v0_2 {

/// The teachers of a knowledge distillation. The mean of their probabilities is the soft targets of the
/// student, so that an ensemble is distilled into one model.
///
/// Source: Hinton et al. 2015, arXiv:1503.02531.
class Teachers {
 public:
  /// Copies the models' parameters. Throws Error if a model's vocabulary or features differ from the
  /// student's, since all of them read the same chunks, or if a
  /// model has an initial state, since a training resets states to zero. The threads must outlive the
  /// teachers. Allocates a ChunkPass per model.
  Teachers(std::span<const GruModel<float>> models, const ModelConfig& student, int num_timesteps,
           int batch_size, ThreadPool& threads);

  /// The mean of the models' probabilities [T, B, V] over a chunk; empty if there is no model. Advances the
  /// models' states. Valid until the next call.
  std::span<const float> probabilities(const Chunk& chunk);

  /// The states [L, B, H] of each model before the next chunk, zero at first.
  std::vector<std::span<float>> states();

  /// A hash of each model's parameters.
  const std::vector<std::uint64_t>& hashes() const noexcept { return hashes_; }

 private:
  std::vector<std::unique_ptr<ChunkPass<float>>> passes_ = {};
  std::vector<std::uint64_t> hashes_ = {};
  AlignedVector<float> mean_ = {};
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/teachers.inc"
#endif
