#include "verdict.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "gruve/render/markup.hpp"

using gruve::Measure;

namespace {

// The measures of kJudgedByMinute in a sentence.
constexpr std::array<const char*, gruve::kJudgedByMinute.size()> kWords{
    "entropy of a bar", "entropy of four bars", "notes per second", "polyphony", "key clarity"};

}  // namespace

std::string value_text(Measure measure, double value) {
  if (std::isnan(value)) return "-";
  const bool is_count =
      measure == Measure::pitch_range || measure == Measure::longest_loop || measure == Measure::copied_run;
  // With trailing zeros, for columns.
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f",
                is_count                                 ? 0
                : measure == Measure::groove_consistency ? 3
                                                         : 2,
                value);
  return text.data();
}

std::string range_text(Measure measure, const gruve::MeasureRange& range) {
  return std::isnan(range.low) ? "-"
                               : value_text(measure, range.low) + " to " + value_text(measure, range.high);
}

std::string objections(const gruve::MeasuredSong& song, const gruve::Verdict& verdict,
                       const gruve::CorpusRanges& corpus) {
  std::string text;
  const auto object = [&](const std::string& words) { text += (text.empty() ? "" : "; ") + words; };
  for (std::size_t i = 0; i < gruve::kJudgedByMinute.size(); ++i)
    if (verdict.inside[i] < verdict.minutes)
      object(kWords[i] + std::string(" outside in ") + std::to_string(verdict.minutes - verdict.inside[i]) +
             " of " + std::to_string(verdict.minutes) + (verdict.minutes == 1 ? " minute" : " minutes"));
  if (verdict.loops)
    object("the same bar " + value_text(Measure::longest_loop, song.whole[Measure::longest_loop]) +
           " times in a row");
  if (verdict.copies)
    object(value_text(Measure::copied_run, song.whole[Measure::copied_run]) +
           " notes in a row as in another song, more than " +
           value_text(Measure::copied_run, corpus.whole[Measure::copied_run].high));
  return text;
}

std::string reasons(const gruve::PieceScore& score, const gruve::MeasuredSong& song,
                    const gruve::CorpusRanges& corpus) {
  std::string text = objections(song, judge(song, corpus), corpus);
  const auto add = [&](const std::string& words) { text += (text.empty() ? "" : "; ") + words; };
  if (score.missed == 0)
    add(score.minutes == 1 ? "like the corpus's songs"
                           : "all " + std::to_string(score.minutes) + " minutes like the corpus's songs");
  int more = 0;
  for (const gruve::WindowMeasures& minute : song.minutes)
    for (const Measure measure : gruve::kStructure) {
      const gruve::MeasureRange range = corpus.minutes[measure];
      more += minute.measures[measure] > range.high ? 1 : minute.measures[measure] < range.low ? -1 : 0;
    }
  add(score.structure == 0 ? "parts return as they do there"
      : more > 0           ? "parts return more than there"
                           : "parts return less than there");
  if (std::isnan(score.nats)) return text;
  add(gruve::decimal(score.nats, 2) + " nats per token");
  return text;
}
