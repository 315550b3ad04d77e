#pragma once

#include <algorithm>

#include "gruve/corpus/batch_stream.hpp"
#include "gruve/model/chunk_pass.hpp"

namespace gruve {

/// The loss of the model that was assigned to the pass over all songs of a split, each from the zero state.
/// The pass's own state is as before afterwards.
template <class Scalar>
ChunkLoss evaluate(ChunkPass<Scalar>& pass, const Corpus& corpus, Split split, int num_timesteps,
                   int batch_size) {
  BatchStream stream(corpus, split, batch_size, BatchStream::Passes::once);
  Chunk chunk(num_timesteps, batch_size);
  const std::vector<Scalar> state(pass.state().begin(), pass.state().end());
  ChunkLoss total;
  while (stream.next(chunk)) {
    const ChunkLoss loss = pass.evaluate(chunk);
    total.nats += loss.nats;
    total.tokens += loss.tokens;
    total.correct += loss.correct;
  }
  std::copy(state.begin(), state.end(), pass.state().begin());
  return total;
}

/// The same for a model by itself, with kernels of any precision.
inline ChunkLoss evaluate(const GruModel<float>& model, const Corpus& corpus, Split split,
                          ThreadPool& threads, const kernels::Kernels<float>& kernels = kernels::active()) {
  constexpr int kTimesteps = 128, kBatchSize = 32;
  ChunkPass<float> pass(model.config, kTimesteps, kBatchSize, threads, kernels);
  pass.assign(model);
  return evaluate(pass, corpus, split, kTimesteps, kBatchSize);
}

}  // namespace gruve
