#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/aligned.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/gru_model.hpp"

namespace gruve::inline v0_1 {

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
           int batch_size, ThreadPool& threads) {
    for (const GruModel<float>& model : models) {
      if (model.config.vocab_size != student.vocab_size)
        throw Error("a teacher of " + std::to_string(model.config.vocab_size) + " tokens for a model of " +
                    std::to_string(student.vocab_size));
      if (model.config.features != student.features)
        throw Error("a teacher must have the same features as the model that learns from it");
      if (!model.initial_state.empty())
        throw Error("a teacher must not have a learnt initial state: a training resets states to zero");
      passes_.push_back(std::make_unique<ChunkPass<float>>(model.config, num_timesteps, batch_size, threads));
      passes_.back()->assign(model);
      std::uint64_t hash = 0;
      model.for_each_parameter([&](const std::string&, const Parameter<float>& parameter) {
        hash = hash * 31 + content_hash(std::as_bytes(std::span(parameter.data(), parameter.size())));
      });
      hashes_.push_back(hash);
    }
    if (!passes_.empty())
      mean_.resize(static_cast<std::size_t>(num_timesteps) * static_cast<std::size_t>(batch_size) *
                   static_cast<std::size_t>(student.vocab_size));
  }

  /// The mean of the models' probabilities [T, B, V] over a chunk; empty if there is no model. Advances the
  /// models' states. Valid until the next call.
  std::span<const float> probabilities(const Chunk& chunk) {
    std::fill(mean_.begin(), mean_.end(), 0.0f);
    const float scale = 1 / static_cast<float>(std::max<std::size_t>(passes_.size(), 1));
    for (const auto& pass : passes_) {
      pass->evaluate(chunk);
      const std::span<const float> probabilities = pass->probabilities();
      for (std::size_t i = 0; i < mean_.size(); ++i) mean_[i] += scale * probabilities[i];
    }
    return mean_;
  }

  /// The states [L, B, H] of each model before the next chunk, zero at first.
  std::vector<std::span<float>> states() {
    std::vector<std::span<float>> states;
    for (const auto& pass : passes_) states.push_back(pass->state());
    return states;
  }

  /// A hash of each model's parameters.
  const std::vector<std::uint64_t>& hashes() const noexcept { return hashes_; }

 private:
  std::vector<std::unique_ptr<ChunkPass<float>>> passes_ = {};
  std::vector<std::uint64_t> hashes_ = {};
  AlignedVector<float> mean_ = {};
};

}  // namespace gruve::inline v0_1
