#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/trained_model.hpp"

namespace gruve::inline v0_2 {

/// What a model learns from a few songs besides its weight matrices: how pieces begin, and the biases of all
/// layers. A few kilobytes, where the model takes megabytes.
struct Style {
  std::vector<float> initial_state = {};  // [L, H]
  std::vector<float> biases =
      {};                   // of each layer [3H] of the input and [3H] of the state, then output [V + R]
  std::uint64_t model = 0;  // hash of the weight matrices that they belong to

  friend bool operator==(const Style&, const Style&) = default;
};

/// The initial state and the biases of a model.
GRUVE_ONCE Style style_of(TrainedModel model);

/// The model with the initial state and the biases of a style. Throws Error if the style was learnt for other
/// weight matrices.
GRUVE_ONCE TrainedModel with_style(TrainedModel model, const Style& style);

/// Writes a style as a safetensors file, atomically. Throws Error if it can't be written.
GRUVE_ONCE void save_style(const Style& style, const std::filesystem::path& path);

/// Reads a style. Throws Error with the file and the reason if it is missing or damaged, if it belongs to
/// another model than this, or if a number in it is none that a model has.
GRUVE_ONCE Style load_style(const std::filesystem::path& path, const TrainedModel& model);

// clang-format off
/// Settings of learn_style().
struct StyleOptions {
  int unroll = 128;             // T, timesteps of truncated backpropagation through time
  int batch_size = 8;           // B, songs at a time; at most as many as the train split has
  int updates = 300;            // from chunks of T tokens of B songs, in passes over the train split's songs
  double learning_rate = 0.01;  // η of Adam at first; it falls to 0 as a cosine
  int threads = 0;              // 0 for one per hardware thread; does not affect the result
};
// clang-format on

/// Throws Error naming the option that is out of its range.
GRUVE_ONCE void check(const StyleOptions& options);

/// Learns a style from the songs of a corpus's train split: Adam on the initial state and the biases, by
/// truncated backpropagation through time over whole songs; the weight matrices stay as they are. A few songs
/// take seconds. A program that plays meanwhile learns on a thread of its own and hands the model with the
/// style over: `player.hand_over(with_style(model, style))`.
///
/// progress  called after each update with the loss; what it throws ends the learning
///
/// Throws Error on options out of range, if the train split has no song, and if the corpus's encoder is not
/// the model's. The result has the same bits for any number of threads.
///
/// Cost: a forward and a backward pass over B·T tokens per update.
///
/// Source: bias terms alone, as in BitFit (Ben Zaken et al. 2022), and the state, as in tune_initial_state().
GRUVE_ONCE Style learn_style(TrainedModel model, const Corpus& corpus, const StyleOptions& options = {},
                             const ProgressCallback& progress = {});

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/style.inc"
#endif
