#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/chunk.hpp"
#include "gruve/train/optimizer.hpp"

namespace gruve::inline v0_1 {

// clang-format off
/// Settings of a sequence classifier.
struct ClassifierOptions {
  int embedding_size = 32;      // E
  int hidden_size = 64;         // H
  int unroll = 128;             // T, tokens through which a gradient goes back
  int batch_size = 16;          // B, sequences in an update
  int epochs = 8;               // of as many updates as a pass over the train split takes
  int least_updates = 32;       // in an epoch
  int patience = 2;             // ends after so many epochs without a lower loss on the valid split
  double learning_rate = 3e-3;  // of Adam
  double dropout = 0.3;         // of the GRU's output
  std::uint64_t seed = 1;       // of the parameters and of the order
};
// clang-format on

/// Tells two kinds of token sequences apart: a GRU that predicts after each token to which kind the sequence
/// belongs. The loss is the mean of −ln p(kind) over all tokens, so that each of them counts, not only the
/// last.
///
/// It is trained on the train split of a corpus, and keeps the parameters of the lowest loss on the valid
/// split.
///
/// corpus  the sequences; of an encoder without a grammar (IdEncoder), whose masks would be made for nothing
/// kinds   0 or 1 for each sequence of the corpus
///
/// Returns for each sequence of the test split the mean over its tokens of ln p(1) − ln p(0), NaN for those
/// of other splits. The result has the same bits for any number of threads. Throws Error if a split has no
/// sequence.
inline std::vector<double> classify_sequences(const Corpus& corpus, std::span<const std::uint8_t> kinds,
                                              const ClassifierOptions& options, ThreadPool& threads) {
  // The vocabulary is the two kinds; the tokens of the sequences are input features, rows of the embedding
  // behind them.
  const int V = corpus.vocab_size();
  const ModelConfig config{.vocab_size = 2,
                           .embedding_size = options.embedding_size,
                           .hidden_size = options.hidden_size,
                           .reset_gate = ResetGate::before_product,
                           .features = {.description = "tokens", .shape = {.inputs = V}}};
  const int T = options.unroll, B = options.batch_size;
  GruModel<float> model(config), gradient(config);
  initialize(model, options.seed);
  ChunkPass<float> pass(config, T, B, threads);
  Optimizer<float> optimizer({}, model, gradient);
  const auto label = [&](Chunk& chunk) {
    chunk.forbidden.clear();
    chunk.feature_begin.resize(chunk.inputs.size() + 1);
    chunk.feature_rows.resize(chunk.inputs.size());
    for (std::size_t at = 0; at < chunk.inputs.size(); ++at) {
      chunk.feature_begin[at + 1] = static_cast<std::uint32_t>(at + 1);
      chunk.feature_rows[at] = chunk.inputs[at];
      chunk.inputs[at] = 0;
      if (chunk.targets[at] != kNoToken) chunk.targets[at] = kinds[chunk.songs[at]];
    }
  };
  // Calls visit(chunk) after each chunk of a split.
  const auto run = [&](Split split, auto&& visit) {
    std::fill(pass.state().begin(), pass.state().end(), 0.0f);
    BatchStream stream(corpus, split, B, BatchStream::Passes::once);
    Chunk chunk(T, B);
    while (stream.next(chunk)) {
      label(chunk);
      visit(chunk, pass.evaluate(chunk));
    }
  };

  std::size_t tokens = 0;
  for (const std::size_t song : corpus.songs(Split::train)) tokens += corpus.song(song).tokens.size();
  const auto rows = static_cast<std::size_t>(T) * static_cast<std::size_t>(B);
  const std::size_t updates =
      std::max((tokens + rows - 1) / rows, static_cast<std::size_t>(std::max(1, options.least_updates)));
  BatchStream stream(corpus, Split::train, B, BatchStream::Passes::endless, options.seed);
  Chunk chunk(T, B);
  std::vector<float> state(pass.state().size());
  GruModel<float> best = model;
  double lowest = std::numeric_limits<double>::infinity();
  for (int epoch = 0, worse = 0; epoch < options.epochs && worse < options.patience; ++epoch) {
    std::copy(state.begin(), state.end(), pass.state().begin());
    for (std::size_t i = 0; i < updates; ++i) {
      stream.next(chunk);
      label(chunk);
      pass.assign(model);
      const auto update = static_cast<std::uint64_t>(epoch) * updates + i;
      pass.backpropagate(chunk, gradient,
                         {.probability = options.dropout, .seed = options.seed, .step = update});
      const double norm = optimizer.gradient_norm(threads);
      optimizer.update(options.learning_rate, norm > 1 ? 1 / norm : 1, threads);
    }
    std::copy(pass.state().begin(), pass.state().end(), state.begin());
    pass.assign(model);
    ChunkLoss loss;
    run(Split::valid, [&](const Chunk&, const ChunkLoss& part) { loss += part; });
    ++worse;
    if (loss.mean() < lowest) {
      lowest = loss.mean();
      best = model;
      worse = 0;
    }
  }

  pass.assign(best);
  std::vector<double> odds(corpus.num_songs(), 0);
  std::vector<std::size_t> counts(corpus.num_songs(), 0);
  run(Split::test, [&](const Chunk& part, const ChunkLoss&) {
    for (std::size_t at = 0; at < part.targets.size(); ++at) {
      if (part.targets[at] == kNoToken) continue;
      const float* const p = pass.probabilities().data() + at * 2;
      constexpr double kLeast = 1e-30;
      odds[part.songs[at]] +=
          std::log(static_cast<double>(p[1]) + kLeast) - std::log(static_cast<double>(p[0]) + kLeast);
      ++counts[part.songs[at]];
    }
  });
  for (std::size_t i = 0; i < odds.size(); ++i)
    odds[i] =
        counts[i] > 0 ? odds[i] / static_cast<double>(counts[i]) : std::numeric_limits<double>::quiet_NaN();
  return odds;
}

}  // namespace gruve::inline v0_1
