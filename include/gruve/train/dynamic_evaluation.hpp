#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "gruve/corpus/batch_stream.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/optimizer.hpp"

namespace gruve::inline v0_1 {

/// Settings of dynamic evaluation: see evaluate_dynamically().
struct DynamicOptions {
  int unroll = 32;              // tokens from one update to the next
  double learning_rate = 3e-5;  // η
  double decay = 2e-3;          // λ, the rate of decay towards the original parameters at each update
};

namespace internal {

/// The root mean square of each parameter's gradient over the chunks of the train split, in the order of
/// parameter_spans().
inline std::vector<float> gradient_rms(const GruModel<float>& model, const Corpus& corpus,
                                       ThreadPool& threads) {
  constexpr int kTimesteps = 128, kBatchSize = 16;
  ChunkPass<float> pass(model.config, kTimesteps, kBatchSize, threads);
  pass.assign(model);
  GruModel<float> gradient(model.config);
  BatchStream stream(corpus, Split::train, kBatchSize, passes_for(pass.has_initial_state()), 0, {},
                     model.config.features);
  Chunk chunk(kTimesteps, kBatchSize);
  std::vector<float> rms(model.num_parameters());
  double chunks = 0;
  for (; stream.next(chunk); ++chunks) {
    pass.backpropagate(chunk, gradient);
    std::size_t at = 0;
    for (const std::span<const float> g : parameter_spans(gradient))
      for (const float x : g) rms[at++] += x * x;
  }
  for (float& x : rms) x = static_cast<float>(std::sqrt(static_cast<double>(x) / chunks));
  return rms;
}

}  // namespace internal

/// The loss of a split by dynamic evaluation: like evaluate_tokens(), but after each part of `unroll` tokens
/// the model is updated with the gradient g of that part's mean loss. Each song begins with the original
/// parameters θ₀.
///
///   θ ← θ − η g / (s + ε) + λ (θ₀ − θ)
///
/// with s the root mean square of each parameter's gradients over the train split, and ε the mean of s.
///
/// Throws Error if the train split or the evaluated split has no song. Cost: a pass over the train split,
/// then one forward and backward pass per song at batch size 1.
///
/// Source: Krause et al. 2018.
inline SplitLoss evaluate_dynamically(const GruModel<float>& model, const Corpus& corpus, Split split,
                                      const DynamicOptions& options, ThreadPool& threads) {
  internal::require_encoder_of(model.config, corpus);
  const std::vector<float> rms = internal::gradient_rms(model, corpus, threads);
  double epsilon = 0;
  for (const float s : rms) epsilon += static_cast<double>(s) / static_cast<double>(rms.size());

  ChunkPass<float> pass(model.config, options.unroll, 1, threads);
  BatchStream stream(corpus, split, 1, BatchStream::Passes::once_apart, 0, {}, model.config.features);
  Chunk chunk(options.unroll, 1);
  GruModel<float> original = model, adapted = model, gradient(model.config);
  const auto before = parameter_spans(original), parameters = parameter_spans(adapted),
             gradients = parameter_spans(gradient);
  SplitLoss loss;
  loss.nats.resize(corpus.num_songs());
  while (stream.next(chunk)) {
    if (chunk.reset.front() != 0) adapted = model;
    pass.assign(adapted);
    const ChunkLoss part = pass.backpropagate(chunk, gradient);
    loss.total += part;
    for (std::size_t at = 0; at < chunk.targets.size(); ++at)
      if (chunk.targets[at] != kNoToken)
        loss.nats[chunk.songs[at]].push_back(static_cast<double>(pass.losses()[at]));

    const float* s = rms.data();
    const auto rate = static_cast<float>(options.learning_rate), decay = static_cast<float>(options.decay),
               least = static_cast<float>(epsilon);
    for (std::size_t i = 0; i < parameters.size(); ++i)
      for (std::size_t k = 0; k < parameters[i].size(); ++k) {
        float& p = parameters[i][k];
        p += decay * (before[i][k] - p) - rate * gradients[i][k] / (*s++ + least);
      }
  }
  return loss;
}

}  // namespace gruve::inline v0_1
