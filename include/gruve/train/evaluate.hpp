#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/chunk_pass.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// Throws Error where a model can't read the chunks of a corpus.
GRUVE_ONCE void require_encoder_of(const ModelConfig& config, const Corpus& corpus);

// How the songs of a split follow each other: see ChunkPass on models with an initial state.
inline BatchStream::Passes passes_for(bool has_initial_state) noexcept {
  return has_initial_state ? BatchStream::Passes::once_apart : BatchStream::Passes::once;
}

}  // namespace internal

namespace internal {

template <class Scalar>
ChunkLoss evaluate(ChunkPass<Scalar>& pass, const Corpus& corpus, std::vector<std::size_t> songs,
                   int num_timesteps, int batch_size, BatchStream::Passes passes) {
  require_encoder_of(pass.config(), corpus);
  BatchStream stream(corpus, std::move(songs), batch_size, passes, 0, {}, pass.config().features);
  Chunk chunk(num_timesteps, batch_size);
  const std::vector<Scalar> state(pass.state().begin(), pass.state().end());
  ChunkLoss total;
  while (stream.next(chunk)) {
    total += pass.evaluate(chunk);
  }
  std::copy(state.begin(), state.end(), pass.state().begin());
  return total;
}

}  // namespace internal

/// The loss over all songs of a split, each from the model's initial state, of the model that was assigned to
/// the pass. The pass's own state does not change. Throws Error if the split has no song, or if the corpus
/// has another vocabulary or other features than the model.
template <class Scalar>
ChunkLoss evaluate(ChunkPass<Scalar>& pass, const Corpus& corpus, Split split, int num_timesteps,
                   int batch_size) {
  return internal::evaluate(pass, corpus, corpus.songs(split), num_timesteps, batch_size,
                            internal::passes_for(pass.has_initial_state()));
}

/// The same over the first `num_timesteps` tokens of each song.
template <class Scalar>
ChunkLoss evaluate_beginnings(ChunkPass<Scalar>& pass, const Corpus& corpus, Split split, int num_timesteps,
                              int batch_size) {
  return internal::evaluate(pass, corpus, corpus.songs(split), num_timesteps, batch_size,
                            BatchStream::Passes::beginnings_once);
}

/// The loss of a model over all songs of a split, with kernels of any precision. Allocates a ChunkPass.
/// Throws Error likewise.
GRUVE_ONCE ChunkLoss evaluate(const GruModel<float>& model, const Corpus& corpus, Split split,
                              ThreadPool& threads,
                              const kernels::Kernels<float>& kernels = kernels::active());

/// The same over the first `num_timesteps` tokens of each song.
GRUVE_ONCE ChunkLoss evaluate_beginnings(const GruModel<float>& model, const Corpus& corpus, Split split,
                                         int num_timesteps, ThreadPool& threads);

/// The loss of one song.
struct SongLoss {
  std::size_t song = 0;      // index in the corpus
  double nats = 0;           // sum of −ln p over its tokens
  std::uint64_t tokens = 0;  // number of tokens
  std::uint64_t steps = 0;   // number of timesteps; 0 if it is not music
  std::uint64_t notes = 0;   // number of notes, each held note counted once; 0 if it is not music
  double first_nats = 0;     // sum of −ln p over the tokens of the first timestep
};

/// The losses of the songs of a split, summed from the losses of their tokens.
///
/// nats  −ln p of each token of each song of the corpus; songs of other splits are ignored
GRUVE_ONCE std::vector<SongLoss> song_losses(const Corpus& corpus, Split split,
                                             std::span<const std::vector<double>> nats);

/// The loss of a split: in total, and of each token.
struct SplitLoss {
  ChunkLoss total{};                        // over all songs of the split
  std::vector<std::vector<double>> nats{};  // −ln p of each token of each song; empty in other splits
};

/// The loss of a model over a split, in total and of each token; each song from its initial state. Allocates
/// a ChunkPass and a double per token. Throws Error as evaluate() does.
GRUVE_ONCE SplitLoss evaluate_tokens(const GruModel<float>& model, const Corpus& corpus, Split split,
                                     ThreadPool& threads,
                                     const kernels::Kernels<float>& kernels = kernels::active());

/// The loss of a split where a model's logits are divided by a temperature, and in parts that return by
/// return_temperature times that (see SamplerOptions): of the distributions that pieces are drawn from. With
/// 1 and 1 it is that of evaluate(). Throws Error as evaluate() does.
GRUVE_ONCE ChunkLoss tempered_loss(const GruModel<float>& model, const Corpus& corpus, Split split,
                                   double temperature, double return_temperature, ThreadPool& threads);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/evaluate.inc"
#endif
