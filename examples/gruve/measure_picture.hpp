// What `gruve measure --svg` draws.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gruve/measure/measured_song.hpp"

struct MeasuredPiece {
  std::string name;
  gruve::MeasuredSong song;
};

/// A panel for each measure: its values over the windows of 30 s, a line a piece, on the band in which nine
/// in ten of the corpus's windows lie. As an SVG document. A measure that no window has is left out.
std::string measures_svg(const std::vector<MeasuredPiece>& pieces,
                         const std::optional<gruve::CorpusRanges>& corpus);
