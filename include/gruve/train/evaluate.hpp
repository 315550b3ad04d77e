#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/model/chunk_pass.hpp"

namespace gruve::inline v0_1 {

namespace internal {

// Throws Error where a model can't read the chunks of a corpus.
inline void require_encoder_of(const ModelConfig& config, const Corpus& corpus) {
  if (config.vocab_size != corpus.vocab_size())
    throw Error(corpus.file(), "is of " + std::to_string(corpus.vocab_size()) + " tokens, the model of " +
                                   std::to_string(config.vocab_size));
  if (corpus.encoder().features(config.features.description).shape != config.features.shape)
    throw Error(corpus.file(), "has other features than the model");
}

// How the songs of a split follow each other: see ChunkPass on models with an initial state.
inline BatchStream::Passes passes_for(bool has_initial_state) noexcept {
  return has_initial_state ? BatchStream::Passes::once_apart : BatchStream::Passes::once;
}

}  // namespace internal

namespace internal {

template <class Scalar>
ChunkLoss evaluate(ChunkPass<Scalar>& pass, const Corpus& corpus, Split split, int num_timesteps,
                   int batch_size, BatchStream::Passes passes) {
  require_encoder_of(pass.config(), corpus);
  BatchStream stream(corpus, split, batch_size, passes, 0, {}, pass.config().features);
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
/// the pass. The pass's own state does not change.
template <class Scalar>
ChunkLoss evaluate(ChunkPass<Scalar>& pass, const Corpus& corpus, Split split, int num_timesteps,
                   int batch_size) {
  return internal::evaluate(pass, corpus, split, num_timesteps, batch_size,
                            internal::passes_for(pass.has_initial_state()));
}

/// The same over the first `num_timesteps` tokens of each song.
template <class Scalar>
ChunkLoss evaluate_beginnings(ChunkPass<Scalar>& pass, const Corpus& corpus, Split split, int num_timesteps,
                              int batch_size) {
  return internal::evaluate(pass, corpus, split, num_timesteps, batch_size,
                            BatchStream::Passes::beginnings_once);
}

/// The loss of a model over all songs of a split, with kernels of any precision. Allocates a ChunkPass.
inline ChunkLoss evaluate(const GruModel<float>& model, const Corpus& corpus, Split split,
                          ThreadPool& threads, const kernels::Kernels<float>& kernels = kernels::active()) {
  constexpr int kTimesteps = 128, kBatchSize = 32;
  ChunkPass<float> pass(model.config, kTimesteps, kBatchSize, threads, kernels);
  pass.assign(model);
  return evaluate(pass, corpus, split, kTimesteps, kBatchSize);
}

/// The same over the first `num_timesteps` tokens of each song.
inline ChunkLoss evaluate_beginnings(const GruModel<float>& model, const Corpus& corpus, Split split,
                                     int num_timesteps, ThreadPool& threads) {
  constexpr int kBatchSize = 16;
  ChunkPass<float> pass(model.config, num_timesteps, kBatchSize, threads);
  pass.assign(model);
  return evaluate_beginnings(pass, corpus, split, num_timesteps, kBatchSize);
}

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
inline std::vector<SongLoss> song_losses(const Corpus& corpus, Split split,
                                         std::span<const std::vector<double>> nats) {
  std::vector<SongLoss> losses;
  for (const std::size_t song : corpus.songs(split)) {
    SongLoss loss{.song = song, .tokens = nats[song].size()};
    const AnyEncoder& encoder = corpus.encoder();
    if (encoder.is_music()) loss.notes = encoder.decode_song(corpus.song(song).tokens).notes.size();
    auto state = encoder.start();
    for (std::size_t i = 0; i < nats[song].size(); ++i) {
      const Token token = corpus.song(song).tokens[i];
      loss.nats += nats[song][i];
      if (encoder.is_music()) {
        if (loss.steps == 0) loss.first_nats += nats[song][i];
        loss.steps += static_cast<std::uint64_t>(encoder.steps(state, token));
      }
      state = encoder.advance(state, token);
    }
    losses.push_back(loss);
  }
  return losses;
}

/// The loss of a split: in total, and of each token.
struct SplitLoss {
  ChunkLoss total{};                        // over all songs of the split
  std::vector<std::vector<double>> nats{};  // −ln p of each token of each song; empty in other splits
};

/// The loss of a model over a split, in total and of each token; each song from its initial state. Allocates
/// a ChunkPass and a double per token.
inline SplitLoss evaluate_tokens(const GruModel<float>& model, const Corpus& corpus, Split split,
                                 ThreadPool& threads,
                                 const kernels::Kernels<float>& kernels = kernels::active()) {
  constexpr int kTimesteps = 128, kBatchSize = 32;
  internal::require_encoder_of(model.config, corpus);
  ChunkPass<float> pass(model.config, kTimesteps, kBatchSize, threads, kernels);
  pass.assign(model);
  BatchStream stream(corpus, split, kBatchSize, internal::passes_for(pass.has_initial_state()), 0, {},
                     model.config.features);
  Chunk chunk(kTimesteps, kBatchSize);
  SplitLoss loss;
  loss.nats.resize(corpus.num_songs());
  while (stream.next(chunk)) {
    loss.total += pass.evaluate(chunk);
    for (std::size_t at = 0; at < chunk.targets.size(); ++at)
      if (chunk.targets[at] != kNoToken)
        loss.nats[chunk.songs[at]].push_back(static_cast<double>(pass.losses()[at]));
  }
  return loss;
}

/// The loss of a split where a model's logits are divided by a temperature, and in parts that return by
/// return_temperature times that (see SamplerOptions): of the distributions that pieces are drawn from. With
/// 1 and 1 it is that of evaluate(). Throws Error as evaluate() does.
inline ChunkLoss tempered_loss(const GruModel<float>& model, const Corpus& corpus, Split split,
                               double temperature, double return_temperature, ThreadPool& threads) {
  constexpr int kTimesteps = 128, kBatchSize = 32;
  internal::require_encoder_of(model.config, corpus);
  ChunkPass<float> pass(model.config, kTimesteps, kBatchSize, threads);
  pass.assign(model);
  BatchStream stream(corpus, split, kBatchSize, internal::passes_for(pass.has_initial_state()), 0, {},
                     model.config.features);
  Chunk chunk(kTimesteps, kBatchSize);
  const auto V = static_cast<std::size_t>(model.config.vocab_size);
  ChunkLoss total;
  // The grammar's state before the next token of each song.
  std::vector<AnyEncoder::State> states(corpus.num_songs(), corpus.encoder().start());
  while (stream.next(chunk)) {
    pass.evaluate(chunk);
    std::vector<double> nats(chunk.targets.size()), temperatures(nats.size(), temperature);
    for (std::size_t at = 0; at < nats.size(); ++at) {
      if (chunk.targets[at] == kNoToken) continue;
      AnyEncoder::State& state = states[chunk.songs[at]];
      if (corpus.encoder().returns(state)) temperatures[at] *= return_temperature;
      state = corpus.encoder().advance(state, static_cast<Token>(chunk.targets[at]));
    }
    threads.for_each(nats.size(), [&](std::size_t at) {
      if (chunk.targets[at] == kNoToken) return;
      double sum = 0;
      for (const float p : pass.probabilities().subspan(at * V, V))
        if (p > 0) sum += std::pow(static_cast<double>(p), 1 / temperatures[at]);
      nats[at] = static_cast<double>(pass.losses()[at]) / temperatures[at] + std::log(sum);
    });
    for (std::size_t at = 0; at < nats.size(); ++at) {
      if (chunk.targets[at] == kNoToken) continue;
      total.nats += nats[at];
      ++total.tokens;
    }
  }
  return total;
}

}  // namespace gruve::inline v0_1
