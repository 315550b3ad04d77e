#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <Eigen/Core>

#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/measure/measures.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/tokens/id_encoder.hpp"
#include "gruve/train/trainer.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// Settings of a reader.
struct ReaderOptions {
  int embedding_size = 48;            // E
  int hidden_size = 96;               // H
  std::uint64_t tokens = 8'000'000;   // that it is trained on, in whole passes over its sequences, at most 20
  double learning_rate = 4e-3;        // the highest of one cycle
  std::uint64_t seed = 1;             // of its parameters and of the order
};
// clang-format on

/// Trains the judge's own language model, so that it knows what is usual before it judges: a small GRU in the
/// variant of Cho et al. 2014, of tokens without a grammar. Throws Error if there is no sequence, or on a
/// token that is not in the vocabulary. The result has the same bits for any number of threads.
///
/// vocab_size  V
inline GruModel<float> train_reader(int vocab_size, std::span<const std::vector<Token>> sequences,
                                    const ReaderOptions& options, ThreadPool& threads,
                                    const ProgressCallback& progress = {}) {
  const std::vector<Split> splits(sequences.size(), Split::train);
  const Corpus corpus =
      Corpus::from_songs({.encoder = IdEncoder(vocab_size)}, sequences, splits, "the sequences");
  std::uint64_t tokens = 0;
  for (const auto& sequence : sequences) tokens += sequence.size();
  const auto epochs = std::clamp<std::uint64_t>((options.tokens + tokens / 2) / tokens, 1, 20);
  Trainer trainer(corpus,
                  {.embedding_size = options.embedding_size,
                   .hidden_size = options.hidden_size,
                   .reset_gate = ResetGate::before_product},
                  {.batch_size = 16,
                   .epochs = static_cast<int>(epochs),
                   .learning_rate = options.learning_rate,
                   .seed = options.seed,
                   .threads = threads.size()});
  trainer.run({.on_progress = progress});
  return trainer.best_model();
}

/// The number of columns of read_sequences() behind the states.
inline constexpr int kReaderStatistics = 4;

/// What a reader makes of sequences: of each the mean of its state over the tokens, and how surprised it is:
/// the mean, the standard deviation, and the 90th and 99th percentiles of −ln p of the tokens.
///
/// Returns [N, H + kReaderStatistics]; of a sequence without a token zeros.
inline Eigen::MatrixXd read_sequences(std::span<const std::vector<Token>> sequences,
                                      const GruModel<float>& reader, ThreadPool& threads) {
  const PackedModel<float> packed(reader);
  const auto H = static_cast<Eigen::Index>(reader.config.hidden_size);
  Eigen::MatrixXd rows =
      Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(sequences.size()), H + kReaderStatistics);
  threads.for_each(sequences.size(), [&](std::size_t i) {
    Stepper stepper(packed);
    Eigen::VectorXd state = Eigen::VectorXd::Zero(H);
    std::vector<double> nats;
    double sum = 0, squares = 0;
    Token last = 0;  // the start token of an IdEncoder
    for (const Token token : sequences[i]) {
      const std::span<const float> logits = stepper.step(last);
      const float highest = *std::max_element(logits.begin(), logits.end());
      float total = 0;
      for (const float logit : logits) total += std::exp(logit - highest);
      nats.push_back(static_cast<double>(std::log(total) + highest - logits[token]));
      sum += nats.back();
      squares += nats.back() * nats.back();
      state += Eigen::Map<const Eigen::VectorXf>(stepper.state().data(), H).cast<double>();
      last = token;
    }
    if (nats.empty()) return;
    const auto count = static_cast<double>(nats.size());
    auto row = rows.row(static_cast<Eigen::Index>(i));
    row.head(H) = (state / count).transpose();
    row(H) = sum / count;
    row(H + 1) = std::sqrt((std::max)(0.0, squares / count - row(H) * row(H)));
    row(H + 2) = percentile(nats, 0.9);
    row(H + 3) = percentile(nats, 0.99);
  });
  return rows;
}

}  // namespace gruve::inline v0_2
