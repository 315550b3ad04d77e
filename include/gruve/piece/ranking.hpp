#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/json.hpp"
#include "gruve/measure/measured_song.hpp"
#include "gruve/measure/ranges_json.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/train/losses.hpp"

namespace gruve::inline v0_2 {

/// How near a piece is to the songs of a corpus and to what its model is used to, to choose among pieces.
///
/// The distances are counted in widths of the corpus's ranges: 0 for a piece that is inside, 1 for one that
/// is as far outside as the range is wide. The score is 100 / (1 + sum of the six): 100 for a piece that
/// nothing is said against, 50 for one that is a whole width away in one of them.
struct PieceScore {
  double score = 0;      // 0 to 100
  double measures = 0;   // mean over minutes of distance_outside()
  double structure = 0;  // mean over minutes of the distances of the three structure measures
  double form = 0;       // distances of kWholeForm, each at most 1
  double loops = 0;      // 1 if a bar sounds more than kMostSameBars times in succession, otherwise 0
  double copies = 0;     // 1 if its copied run is longer than in 95 % of the corpus's songs, otherwise 0
  double surprise = 0;   // |ln| of its nats per token by those of the corpus's songs
  double nats = std::numeric_limits<double>::quiet_NaN();  // per token, as given
  std::size_t minutes = 0;                                 // number of minutes of the piece
  std::size_t missed = 0;  // number of minutes with a measure of kJudgedByMinute outside the range
};

/// The measures of a minute that tell whether its parts return.
inline constexpr std::array<Measure, 3> kStructure{Measure::structure_short, Measure::structure_middle,
                                                   Measure::structure_long};

/// The measures of a whole piece that tell whether its bars return, and whether it ends.
inline constexpr std::array<Measure, 2> kWholeForm{Measure::returning_bars, Measure::ends_on_tonic};

/// Scores a piece by the ranges of a corpus.
///
/// piece   as measure_song() measured it; with set_copied(), its copies count
/// nats    of the piece per generated token, by its model; NaN if not known, then they don't count
/// usual   of the corpus's songs per token, by the model: see usual_nats(); NaN if not known
inline PieceScore score_piece(const MeasuredSong& piece, const CorpusRanges& corpus,
                              double nats = std::numeric_limits<double>::quiet_NaN(),
                              double usual = std::numeric_limits<double>::quiet_NaN()) {
  const Verdict verdict = judge(piece, corpus);
  PieceScore score{.loops = verdict.loops ? 1.0 : 0.0,
                   .copies = verdict.copies ? 1.0 : 0.0,
                   .nats = nats,
                   .minutes = piece.minutes.size()};
  for (const WindowMeasures& minute : piece.minutes) {
    const double outside = distance_outside(minute.measures, corpus.minutes);
    score.measures += outside;
    if (outside > 0) ++score.missed;
    // A structure measure is undefined in a minute that is too short for it.
    for (const Measure measure : kStructure) {
      const MeasureRange range = corpus.minutes[measure];
      const double value = minute.measures[measure];
      if (std::isnan(value) || !(range.high > range.low)) continue;
      score.structure += (std::max)({0.0, range.low - value, value - range.high}) / (range.high - range.low);
    }
  }
  if (score.minutes > 0) {
    score.measures /= static_cast<double>(score.minutes);
    score.structure /= static_cast<double>(score.minutes);
  }
  for (const Measure measure : kWholeForm) {
    const MeasureRange range = corpus.whole[measure];
    const double value = piece.whole[measure];
    if (std::isnan(value) || std::isnan(range.low) || range.contains(value)) continue;
    const double outside = (std::max)(range.low - value, value - range.high);
    score.form += range.high > range.low ? (std::min)(1.0, outside / (range.high - range.low)) : 1;
  }
  if (nats > 0 && usual > 0) score.surprise = std::abs(std::log(nats / usual));
  score.score =
      100 / (1 + score.measures + score.structure + score.form + score.loops + score.copies + score.surprise);
  return score;
}

/// The order of pieces from the highest score to the lowest; equal ones as they were.
inline std::vector<std::size_t> ranked(std::span<const PieceScore> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a].score > scores[b].score; });
  return order;
}

/// The validation loss of a model in nats per token, with which the nats of its pieces are compared; NaN if
/// the model has none.
inline double usual_nats(const TrainedModel& model) {
  double lowest = std::numeric_limits<double>::quiet_NaN();
  const nlohmann::json training = internal::json_of(model.training);
  if (!training.is_object() || !training.contains("curve") || !training["curve"].is_object()) return lowest;
  const auto losses = training["curve"].find("valid_loss");
  if (losses == training["curve"].end() || !losses->is_array()) return lowest;
  for (const nlohmann::json& loss : *losses)
    if (loss.is_number() && !(loss.get<double>() >= lowest)) lowest = loss.get<double>();
  return lowest;
}

/// The nats per generated token of pieces, by the models that generated them. Throws Error as token_nats()
/// does.
inline std::vector<double> nats_of(std::span<const Piece> pieces, std::span<const TrainedModel> models,
                                   int num_threads = 0) {
  std::vector<std::vector<Token>> sequences;
  for (const Piece& piece : pieces) {
    sequences.push_back(piece.primer);
    sequences.back().insert(sequences.back().end(), piece.tokens.begin(), piece.tokens.end());
  }
  std::vector<TokenNats> by_model;
  for (const TrainedModel& model : models) by_model.push_back(token_nats(model, sequences, num_threads));
  const TokenNats nats = mean_nats(by_model);
  std::vector<double> means;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::span<const double> generated = std::span(nats[i]).last(pieces[i].tokens.size());
    means.push_back(std::accumulate(generated.begin(), generated.end(), 0.0) /
                    static_cast<double>(std::max<std::size_t>(1, generated.size())));
  }
  return means;
}

/// The ranges that a model keeps of the songs that it was trained on; empty if it keeps none. Throws Error,
/// which names `file`, if they are damaged.
inline std::optional<CorpusRanges> corpus_ranges(const TrainedModel& model, const std::string& file) {
  if (model.measures.empty()) return std::nullopt;
  return corpus_ranges_from_json(model.measures, file);
}

}  // namespace gruve::inline v0_2
