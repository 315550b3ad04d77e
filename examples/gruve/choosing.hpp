// The best of several pieces: by the measures of a corpus, copies, and the models' nats.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gruve/core/thread_pool.hpp"
#include "gruve/piece/measured_corpus.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/piece/ranking.hpp"
#include "sampling.hpp"

/// With what pieces are compared.
struct Yardstick {
  std::optional<gruve::CorpusRanges> ranges;  // none if neither a corpus is given nor the model keeps any
  gruve::MeasuredCorpus corpus;               // the songs to find copies of; none if no corpus is given
};

/// The ranges and songs of the corpus of --within; without one, the ranges that the model keeps. Throws Error
/// if they can't be read, or if there are none but --within is given.
Yardstick yardstick_of(const SamplingArguments& options, const gruve::TrainedModel& model,
                       const std::string& model_file, gruve::ThreadPool& threads, bool quiet);

/// A piece, and what is thought of it.
struct RankedPiece {
  gruve::Piece piece;
  std::optional<gruve::PieceScore> score;  // where there are ranges
  std::string why;                         // in words
};

/// The `count` best pieces, the best first; where there is nothing to compare with, the first ones as they
/// are.
std::vector<RankedPiece> best_of(std::vector<gruve::Piece> pieces, std::size_t count,
                                 const Yardstick& yardstick, const std::vector<gruve::TrainedModel>& models,
                                 gruve::ThreadPool& threads);
