#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/generate/batch_generator.hpp"
#include "gruve/model/ensemble.hpp"

namespace gruve::inline v0_1 {

/// A corpus in memory with more songs to train on: besides all of its own, pieces that models generate
/// together, `times` as many tokens as its train split has, in the train split. The data of a distillation
/// (see Teachers).
///
/// models  of the corpus's vocabulary; else Error
inline Corpus with_generated_songs(const Corpus& corpus, const Ensemble& models, double times,
                                   std::uint64_t seed, ThreadPool& threads,
                                   const ProgressCallback& progress = {}) {
  std::vector<std::vector<Token>> songs;
  std::vector<Split> splits;
  for (std::size_t i = 0; i < corpus.num_songs(); ++i) {
    corpus.check_tokens(i);
    songs.emplace_back(corpus.song(i).tokens.begin(), corpus.song(i).tokens.end());
    splits.push_back(corpus.song(i).split);
  }
  const auto tokens = static_cast<double>(corpus.num_tokens(Split::train));
  const auto num_pieces =
      static_cast<std::size_t>(std::ceil(times * static_cast<double>(corpus.songs(Split::train).size())));
  const auto length = static_cast<std::size_t>(std::ceil(times * tokens / static_cast<double>(num_pieces)));
  constexpr std::size_t kGroup = 256;
  for (std::size_t first = 0; first < num_pieces; first += kGroup) {
    visit_encoder(corpus.encoder(), [&](const auto& encoder) {
      BatchGenerator generator(models, encoder, {}, seed,
                               static_cast<int>(std::min(kGroup, num_pieces - first)), threads, first);
      for (auto& generated : generate_tokens(generator, length)) songs.push_back(std::move(generated));
    });
    if (progress)
      progress({.done = std::min(first + kGroup, num_pieces), .total = num_pieces, .message = ""});
  }
  splits.resize(songs.size(), Split::train);
  return Corpus::from_songs(corpus.info(), songs, splits, corpus.file());
}

}  // namespace gruve::inline v0_1
