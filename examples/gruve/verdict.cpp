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

// A measure of kJudgedForm that is outside, in a sentence.
std::string form_words(Measure measure, double value, const gruve::MeasureRange& range) {
  if (measure == Measure::ends_on_tonic)
    return value < range.low ? "does not end on the tonic" : "ends on the tonic";
  const std::string side = value < range.low ? "fewer" : "more";
  if (measure == Measure::returning_bars)
    return side + " bars return (" + gruve::decimal(100 * value, 0) + " %)";
  const char* const part = measure == Measure::structure_short    ? "3 to 8 s"
                           : measure == Measure::structure_middle ? "8 to 15 s"
                                                                  : "over 15 s";
  return side + " parts of " + part + " return";
}

}  // namespace

std::string value_text(Measure measure, double value) {
  if (std::isnan(value)) return "-";
  if (measure == Measure::ends_on_tonic) return value > 0.5 ? "yes" : "no";
  const bool is_count = measure == Measure::pitch_range || measure == Measure::longest_loop ||
                        measure == Measure::longest_return || measure == Measure::velocities ||
                        measure == Measure::tempos || measure == Measure::copied_run;
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
  if (std::isnan(range.low)) return "-";
  const std::string low = value_text(measure, range.low), high = value_text(measure, range.high);
  // Of a measure that is yes or no, the range says which of them are usual.
  if (measure == Measure::ends_on_tonic) return low == high ? low : "yes or no";
  return low + " to " + high;
}

std::string objections(const gruve::MeasuredSong& song, const gruve::Verdict& verdict,
                       const gruve::CorpusRanges& corpus) {
  std::string text;
  const auto object = [&](const std::string& words) { text += (text.empty() ? "" : "; ") + words; };
  for (std::size_t i = 0; i < gruve::kJudgedByMinute.size(); ++i)
    if (verdict.inside[i] < verdict.minutes)
      object(kWords[i] + std::string(" outside the songs' range in ") +
             std::to_string(verdict.minutes - verdict.inside[i]) + " of " + std::to_string(verdict.minutes) +
             (verdict.minutes == 1 ? " minute" : " minutes"));
  for (std::size_t i = 0; i < gruve::kJudgedForm.size(); ++i)
    if (verdict.form_outside[i])
      object(form_words(gruve::kJudgedForm[i], song.whole[gruve::kJudgedForm[i]],
                        corpus.whole[gruve::kJudgedForm[i]]));
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
    add(score.minutes == 1 ? "its minute is in the songs' ranges"
                           : "all " + std::to_string(score.minutes) + " minutes are in the songs' ranges");
  int more = 0;
  for (const gruve::WindowMeasures& minute : song.minutes)
    for (const Measure measure : gruve::kStructure) {
      const gruve::MeasureRange range = corpus.minutes[measure];
      more += minute.measures[measure] > range.high ? 1 : minute.measures[measure] < range.low ? -1 : 0;
    }
  add(score.structure == 0 ? "parts return as in the songs"
      : more > 0           ? "parts return more than in the songs"
                           : "parts return less than in the songs");
  if (std::isnan(score.nats)) return text;
  add(gruve::decimal(score.nats, 2) + " nats per token");
  return text;
}
