#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/train/evaluate.hpp"

namespace gruve::inline v0_2 {

/// −ln p of each token of each song of a corpus, in nats; empty for songs that were not evaluated.
using TokenNats = std::vector<std::vector<double>>;

/// What each token of some sequences costs a model, in nats: where a sensor or a log is unlike what the model
/// was trained on, that rises. Throws Error where there is no sequence, and with sequence and position where
/// one is empty, or has a token that is not in the model's vocabulary or that its grammar does not allow.
///
///   const auto nats = token_nats(model, std::vector{readings});
///   const double cost_of_the_third = nats[0][2];
///
/// num_threads  0 or less: as many as the machine has
GRUVE_ONCE TokenNats token_nats(const TrainedModel& model, std::span<const std::vector<Token>> sequences,
                                int num_threads = 0);

/// The losses of a split's tokens under an n-gram model (NgramModel) that has counted the train split.
GRUVE_ONCE TokenNats ngram_nats(const Corpus& corpus, Split split, int order);

/// The losses of an ensemble: −ln of the mean of the models' probabilities of each token.
///
/// models  losses of each model for the same tokens; at least one
GRUVE_ONCE TokenNats mean_nats(std::span<const TokenNats> models);

/// Nats per timestep of music, as papers report them. All are 0 if no song has a timestep.
struct NatsPerTimestep {
  /// Computes the means over songs; songs without timesteps are skipped.
  explicit NatsPerTimestep(std::span<const SongLoss> songs);

  std::uint64_t steps = 0;         // total number of timesteps
  double micro = 0;                // mean over all timesteps
  double macro = 0;                // mean over songs of each song's mean
  double micro_without_first = 0;  // micro without the first timestep of each song
  double macro_without_first = 0;  // macro without the first timestep of each song
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/losses.inc"
#endif
