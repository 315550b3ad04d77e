#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/optimizer.hpp"

namespace gruve::inline v0_1 {

// clang-format off
/// Settings of tune_initial_state().
struct InitialStateOptions {
  int unroll = 64;              // T, tokens of each song's beginning that the state is learnt from
  int batch_size = 16;          // B, songs in an update; at most as many as the train split has
  int epochs = 200;             // passes over the train split's songs
  int patience = 20;            // ends after this number of consecutive epochs without a better validation
                                // loss; 0 for never
  double learning_rate = 0.01;  // η of Adam
  std::uint64_t seed = 1;       // of the order of songs
  int threads = 0;              // 0 for one per hardware thread; does not affect the result
};
// clang-format on

/// Throws Error naming the option that is out of its range.
inline void check(const InitialStateOptions& options) {
  const auto require = [](bool holds, const char* name, const char* range) {
    if (!holds) throw Error(std::string(name) + " must be " + range);
  };
  require(options.unroll >= 1, "unroll", "at least 1");
  require(options.batch_size >= 1, "batch_size", "at least 1");
  require(options.epochs >= 1, "epochs", "at least 1");
  require(options.patience >= 0, "patience", "at least 0");
  require(options.learning_rate > 0 && std::isfinite(options.learning_rate), "learning_rate",
          "a number above 0");
}

/// Learns the initial state [L, H] of a model from the songs of a corpus, and no weight: how pieces of a
/// style begin, in a few kilobytes, learnt from a handful of songs in seconds. The gradient of the loss over
/// the first T tokens of each song goes back to the state before them, which Adam changes; each number is
/// kept from -1 to 1, as in all states of a GRU. Returns the model with the state of the lowest loss over the
/// first T tokens of the valid split's songs, the state before training included; without a valid split, with
/// the last one. Generation then begins in it, and so does evaluation.
///
/// model     begins in its own initial state, or in zeros
/// progress  called after each update with the losses; done and total are updates
///
/// Throws Error on options out of range, if the train split has no song, and if the corpus's encoder is not
/// the model's. The result has the same bits for any number of threads.
///
/// Cost: a forward and a backward pass over B·T tokens per update, and a forward pass over the valid split's
/// beginnings per epoch.
///
/// Source: state tuning, as in MIDI-RWKV (Zhou-Zheng and Pasquier 2025).
inline TrainedModel tune_initial_state(TrainedModel model, const Corpus& corpus,
                                       const InitialStateOptions& options = {},
                                       const ProgressCallback& progress = {}) {
  check(options);
  if (!(model.encoder == corpus.encoder()))
    throw Error(corpus.file(), "has a different encoder than the model whose initial state is learnt");
  const ModelConfig& config = model.network.config;
  const std::size_t songs = corpus.songs(Split::train).size();
  const int B =
      static_cast<int>(std::clamp<std::size_t>(songs, 1, static_cast<std::size_t>(options.batch_size)));
  BatchStream stream(corpus, Split::train, B, BatchStream::Passes::beginnings, options.seed, {},
                     config.features);
  ThreadPool threads(options.threads);
  ChunkPass<float> pass(config, options.unroll, B, threads);
  Chunk chunk(options.unroll, B);
  GruModel<float> gradient(config);
  std::vector<float>& state = model.network.initial_state;
  state.resize(static_cast<std::size_t>(config.num_layers) * static_cast<std::size_t>(config.hidden_size));
  gradient.initial_state.resize(state.size());
  Optimizer<float> optimizer({}, std::vector{std::span(state)},
                             std::vector{std::span(gradient.initial_state)});

  const bool validates = !corpus.songs(Split::valid).empty();
  double best_loss = std::numeric_limits<double>::infinity();
  std::vector<float> best = state;
  int epochs_without_gain = 0;
  // Whether the state is the best so far, or there is nothing to compare it by.
  const auto validate = [&] {
    pass.assign(model.network);
    if (!validates) return true;
    const double loss = evaluate_beginnings(pass, corpus, Split::valid, options.unroll, B).mean();
    const bool improved = loss < best_loss;
    best_loss = improved ? loss : best_loss;
    return improved;
  };

  validate();
  const auto updates_per_epoch = (songs + static_cast<std::size_t>(B) - 1) / static_cast<std::size_t>(B);
  const auto total = updates_per_epoch * static_cast<std::size_t>(options.epochs);
  for (std::size_t update = 1; update <= total; ++update) {
    stream.next(chunk);
    const ChunkLoss loss = pass.backpropagate(chunk, gradient);
    optimizer.update(options.learning_rate, 1, threads);
    for (float& h : state) h = std::clamp(h, -1.0f, 1.0f);
    pass.assign(model.network);
    bool ends = update == total;
    if (update % updates_per_epoch == 0) {
      const bool improved = validate();
      epochs_without_gain = improved ? 0 : epochs_without_gain + 1;
      if (improved) best = state;
      ends = ends || (options.patience > 0 && epochs_without_gain >= options.patience);
    }
    if (progress) {
      std::array<char, 80> message{};
      if (validates)
        std::snprintf(message.data(), message.size(), "loss %.4f, best validation %.4f", loss.mean(),
                      best_loss);
      else
        std::snprintf(message.data(), message.size(), "loss %.4f", loss.mean());
      progress({.done = update, .total = ends ? update : total, .message = message.data()});
    }
    if (ends) break;
  }
  state = best;
  return model;
}

}  // namespace gruve::inline v0_1
