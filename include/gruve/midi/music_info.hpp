#pragma once

#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2 {

/// What holds for the music of a corpus, or of the model trained on it, as a whole.
struct MusicInfo {
  double tempo_bpm = 120;             // quarter notes per minute, 4 to 60,000,000: the median over songs
  TimeSignature time_signature = {};  // the one with the most quarter notes in all songs

  friend bool operator==(const MusicInfo&, const MusicInfo&) = default;
};

}  // namespace gruve::inline v0_2
