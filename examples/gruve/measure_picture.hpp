// The picture of `gruve measure --svg`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gruve/measure/measured_song.hpp"

struct MeasuredPiece {
  std::string name;
  gruve::MeasuredSong song;
};

/// An SVG document with a panel for each measure: its values over the windows of 30 s, one line per piece,
/// and the band that contains nine in ten of the corpus's windows. A measure that no window has is skipped.
std::string measures_svg(const std::vector<MeasuredPiece>& pieces,
                         const std::optional<gruve::CorpusRanges>& corpus);
