#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "gruve/corpus/corpus.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/train/train_options.hpp"

namespace gruve::inline v0_2 {

/// Sizes of a model and settings of its training.
struct SuggestedOptions {
  ModelConfig model{};   // its vocabulary and the shape of its features are set by the training
  TrainOptions train{};  // those without a rule are the defaults
};

/// Sizes and settings that fit a corpus, by the number N of tokens of its train split, plus 2,000 for each
/// song: few songs need many small updates, more dropout, transposition and a smaller model, and many short
/// songs say more than a few long ones. Tokens of the timestep format count an eighth, since it takes some
/// eight times as many as the event format. docs/results.md has the trials that the rules come from.
///
///   N below       hidden size  dropout  batch size  music is transposed by up to
///   20,000        128          0.5      4           5 semitones
///   500,000       256          0.3      8           5 semitones
///   5,000,000     256          0.1      8           0
///   20,000,000    256          0        8           0
///   more          256          0        32          0
///
/// Events have the features place, sounding, repeat, tonality, relative, and form if they have tokens for it.
///
/// The embedding is half as large. There are ten epochs, or as many as 3,000 updates take, up to 2,000; the
/// training ends when a quarter of them have brought no better validation loss.
inline SuggestedOptions suggested_options(const Corpus& corpus) {
  struct Sizes {
    std::uint64_t tokens;  // below
    int hidden;
    double dropout;
    int batch;
    int transpose;
  };
  constexpr Sizes kRules[] = {{20'000, 128, 0.5, 4, 5},
                              {500'000, 256, 0.3, 8, 5},
                              {5'000'000, 256, 0.1, 8, 0},
                              {20'000'000, 256, 0, 8, 0},
                              {~std::uint64_t{0}, 256, 0, 32, 0}};
  const std::uint64_t tokens = corpus.num_tokens(Split::train);
  const std::uint64_t amount = (corpus.encoder().get_if<TimestepEncoder>() != nullptr ? tokens / 8 : tokens) +
                               2000 * std::uint64_t{corpus.songs(Split::train).size()};
  const Sizes& rule = *std::find_if(std::begin(kRules), std::end(kRules) - 1,
                                    [&](const Sizes& each) { return amount < each.tokens; });
  SuggestedOptions suggested;
  suggested.model.hidden_size = rule.hidden;
  suggested.model.embedding_size = rule.hidden / 2;
  if (const auto* events = corpus.encoder().get_if<EventEncoder>())
    suggested.model.features.description = events->options().form
                                               ? "place,sounding,repeat,form,tonality,relative"
                                               : "place,sounding,repeat,tonality,relative";
  suggested.train.dropout = rule.dropout;
  suggested.train.batch_size = rule.batch;
  if (corpus.encoder().is_music()) suggested.train.augment.transpose = rule.transpose;
  const std::uint64_t update =
      static_cast<std::uint64_t>(rule.batch) * static_cast<std::uint64_t>(suggested.train.unroll);
  const std::uint64_t updates = std::max<std::uint64_t>(1, (tokens + update - 1) / update);  // of an epoch
  suggested.train.epochs = static_cast<int>(std::clamp<std::uint64_t>(3000 / updates, 10, 2000));
  if (!corpus.songs(Split::valid).empty())
    suggested.train.patience = (std::max)(5, suggested.train.epochs / 4);
  return suggested;
}

}  // namespace gruve::inline v0_2
