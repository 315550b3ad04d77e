// What measures, verdicts and scores are in words, for tables and pages.
#pragma once

#include <string>

#include "gruve/measure/measured_song.hpp"
#include "gruve/piece/ranking.hpp"

/// "2.31", with the digits of the measure's precision; "-" if it is undefined.
std::string value_text(gruve::Measure measure, double value);

/// "1.21 to 2.35"; "-" if there is none.
std::string range_text(gruve::Measure measure, const gruve::MeasureRange& range);

/// The reasons why a piece fails; empty if it passes.
std::string objections(const gruve::MeasuredSong& song, const gruve::Verdict& verdict,
                       const gruve::CorpusRanges& corpus);

/// What a score is made of: "all 3 minutes are in the songs' ranges; parts return as in the songs".
std::string reasons(const gruve::PieceScore& score, const gruve::MeasuredSong& song,
                    const gruve::CorpusRanges& corpus);
