#pragma once

#include <cstdint>

#include "gruve/core/once.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/trained_model.hpp"

namespace gruve::inline v0_2 {

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
GRUVE_ONCE void check(const InitialStateOptions& options);

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
GRUVE_ONCE TrainedModel tune_initial_state(TrainedModel model, const Corpus& corpus,
                                           const InitialStateOptions& options = {},
                                           const ProgressCallback& progress = {});

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/initial_state.inc"
#endif
