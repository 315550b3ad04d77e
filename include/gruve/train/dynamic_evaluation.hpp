#pragma once

#include "gruve/core/once.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/train/evaluate.hpp"

namespace gruve::inline v0_2 {

/// Settings of dynamic evaluation: see evaluate_dynamically().
struct DynamicOptions {
  int unroll = 32;              // tokens from one update to the next
  double learning_rate = 3e-5;  // η
  double decay = 2e-3;          // λ, the rate of decay towards the original parameters at each update
};

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
GRUVE_ONCE SplitLoss evaluate_dynamically(const GruModel<float>& model, const Corpus& corpus, Split split,
                                          const DynamicOptions& options, ThreadPool& threads);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/dynamic_evaluation.inc"
#endif
