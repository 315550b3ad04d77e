#pragma once

#include <vector>

#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// What holds for the music of a corpus, or of the model trained on it, as a whole.
struct MusicInfo {
  double tempo_bpm = 120;             // quarter notes per minute, 4 to 60,000,000: the median over songs
  TimeSignature time_signature = {};  // the one with the most quarter notes in all songs
  std::vector<double> tempos = {};    // those that tokens of the songs set, ascending; empty if not known
  double tempo_change = 0;  // factor within which these stay near a song's first one, in 95 % of the
                            // songs; 0 if not known
  std::vector<TimeSignature> metres = {};  // those that they begin with or tokens set; empty if not known

  friend bool operator==(const MusicInfo&, const MusicInfo&) = default;
};

}  // namespace gruve::inline v0_2
