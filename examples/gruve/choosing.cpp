#include "choosing.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gruve/core/error.hpp"
#include "progress_bar.hpp"
#include "verdict.hpp"

Yardstick yardstick_of(const SamplingArguments& options, const gruve::TrainedModel& model,
                       const std::string& model_file, gruve::ThreadPool& threads, bool quiet) {
  Yardstick yardstick;
  if (options.within.empty()) {
    yardstick.ranges = gruve::corpus_ranges(model, model_file);
    if (options.is_within && !yardstick.ranges)
      throw gruve::Error(model_file,
                         "keeps no measures of its songs: give --within a corpus file or a folder");
    return yardstick;
  }
  ProgressBar bar("measuring", quiet);
  yardstick.corpus = gruve::measure_corpus(std::filesystem::path(options.within), threads,
                                           [&](const gruve::Progress& progress) { bar(progress); });
  bar.finish();
  yardstick.ranges = yardstick.corpus.ranges;
  return yardstick;
}

std::vector<RankedPiece> best_of(std::vector<gruve::Piece> pieces, std::size_t count,
                                 const Yardstick& yardstick, const std::vector<gruve::TrainedModel>& models,
                                 gruve::ThreadPool& threads) {
  std::vector<RankedPiece> best;
  if (!yardstick.ranges) {
    pieces.resize(std::min(count, pieces.size()));
    for (gruve::Piece& piece : pieces) best.push_back({.piece = std::move(piece), .score = {}, .why = {}});
    return best;
  }
  const std::vector<double> nats = gruve::nats_of(pieces, models, threads.size());
  const double usual = gruve::usual_nats(models.front());
  std::vector<std::optional<gruve::MeasuredSong>> measured(pieces.size());
  threads.for_each(pieces.size(), [&](std::size_t i) {
    try {
      measured[i] = gruve::measure_song(pieces[i].song);
    } catch (const gruve::Error&) {
      measured[i].reset();  // without a note, for example
    }
  });
  if (!yardstick.corpus.steps.empty()) {
    std::vector<gruve::NoteSteps> steps;
    for (const auto& each : measured) steps.push_back(each ? each->steps : gruve::NoteSteps());
    const auto copied = gruve::find_copied(steps, yardstick.corpus.steps, yardstick.corpus.identities);
    for (std::size_t i = 0; i < pieces.size(); ++i)
      if (measured[i]) gruve::set_copied(*measured[i], copied[i]);
  }
  std::vector<gruve::PieceScore> scores;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    scores.push_back(measured[i] ? gruve::score_piece(*measured[i], *yardstick.ranges, nats[i], usual)
                                 : gruve::PieceScore());  // the last
  for (const std::size_t i : gruve::ranked(scores)) {
    if (best.size() == count) break;
    best.push_back(
        {.piece = std::move(pieces[i]),
         .score = scores[i],
         .why = measured[i] ? reasons(scores[i], *measured[i], *yardstick.ranges) : "it can't be measured"});
  }
  return best;
}
