#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/ngram.hpp"

namespace gruve::inline v0_1 {

/// −ln p of each token of each song of a corpus, in nats; empty for songs that were not evaluated.
using TokenNats = std::vector<std::vector<double>>;

/// What each token of some sequences costs a model, in nats: where a sensor or a log is unlike what the model
/// was trained on, that rises. Throws Error where a sequence is empty or a token is not in the model's
/// vocabulary.
///
///   const auto nats = token_nats(model, std::vector{readings});
///   const double cost_of_the_third = nats[0][2];
inline TokenNats token_nats(const TrainedModel& model, std::span<const std::vector<Token>> sequences,
                            int num_threads = 0) {
  const std::vector<Split> splits(sequences.size(), Split::test);
  const Corpus corpus = Corpus::from_songs({.encoder = model.encoder}, sequences, splits, "the sequences");
  ThreadPool threads(num_threads);
  return evaluate_tokens(model.network, corpus, Split::test, threads).nats;
}

/// The losses of a split's tokens under an n-gram model (NgramModel) that has counted the train split.
inline TokenNats ngram_nats(const Corpus& corpus, Split split, int order) {
  TokenNats nats(corpus.num_songs());
  const AnyEncoder& encoder = corpus.encoder();
  NgramModel model(encoder.vocab_size(), order);
  for (const std::size_t song : corpus.songs(Split::train)) {
    corpus.check_tokens(song);
    model.add(encoder.start_token(), corpus.song(song).tokens);
  }
  for (const std::size_t song : corpus.songs(split)) {
    corpus.check_tokens(song);
    nats[song] = model.nats(encoder, corpus.song(song).tokens);
  }
  return nats;
}

/// The losses of an ensemble: −ln of the mean of the models' probabilities of each token.
///
/// models  losses of each model for the same tokens; at least one
inline TokenNats mean_nats(std::span<const TokenNats> models) {
  TokenNats nats = models.front();
  if (models.size() == 1) return nats;
  for (std::size_t song = 0; song < nats.size(); ++song)
    for (std::size_t i = 0; i < nats[song].size(); ++i) {
      double p = 0;
      for (const TokenNats& model : models) p += std::exp(-model[song][i]);
      nats[song][i] = -std::log(p / static_cast<double>(models.size()));
    }
  return nats;
}

/// Nats per timestep of music, as papers report them. All are 0 if no song has a timestep.
struct NatsPerTimestep {
  /// Computes the means over songs; songs without timesteps are skipped.
  explicit NatsPerTimestep(std::span<const SongLoss> songs) {
    double nats = 0, first = 0;
    std::uint64_t counted = 0, longer = 0;
    for (const SongLoss& song : songs) {
      if (song.steps == 0) continue;
      const auto song_steps = static_cast<double>(song.steps);
      ++counted;
      steps += song.steps;
      nats += song.nats;
      first += song.first_nats;
      macro += song.nats / song_steps;
      if (song.steps < 2) continue;
      ++longer;
      macro_without_first += (song.nats - song.first_nats) / (song_steps - 1);
    }
    const auto ratio = [](double sum, std::uint64_t count) {
      return count > 0 ? sum / static_cast<double>(count) : 0;
    };
    micro = ratio(nats, steps);
    macro = ratio(macro, counted);
    micro_without_first = ratio(nats - first, steps - counted);
    macro_without_first = ratio(macro_without_first, longer);
  }

  std::uint64_t steps = 0;         // total number of timesteps
  double micro = 0;                // mean over all timesteps
  double macro = 0;                // mean over songs of each song's mean
  double micro_without_first = 0;  // micro without the first timestep of each song
  double macro_without_first = 0;  // macro without the first timestep of each song
};

}  // namespace gruve::inline v0_1
