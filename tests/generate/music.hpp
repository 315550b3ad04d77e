// What generated music does, found out from the song that its tokens decode to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/midi/song.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::tests {

/// Times in timesteps.
struct Music {
  std::int64_t longest_note = 0;
  std::int64_t longest_silence = 0;
  int most_keys = 0;          // at once
  int most_in_a_quarter = 0;  // notes that begin in any quarter note
  int lowest = 127, highest = 0;
  unsigned pitch_classes = 0;
};

template <MusicEncoder Encoder>
Music listen(const Encoder& encoder, const std::vector<Token>& tokens) {
  const Song song = encoder.decode(tokens);
  const std::int64_t ticks = song.ticks_per_quarter / encoder.steps_per_quarter();
  Music music;
  std::int64_t sounds_until = 0;
  for (std::size_t i = 0; i < song.notes.size(); ++i) {
    const Note& note = song.notes[i];
    music.longest_note = std::max(music.longest_note, (note.end - note.start) / ticks);
    music.longest_silence = std::max(music.longest_silence, (note.start - sounds_until) / ticks);
    sounds_until = std::max(sounds_until, note.end);
    music.lowest = std::min(music.lowest, note.pitch);
    music.highest = std::max(music.highest, note.pitch);
    music.pitch_classes |= 1u << note.pitch % 12;
    int keys = 0, begun = 0;
    for (std::size_t j = i + 1; j-- > 0;) {
      keys += song.notes[j].end > note.start ? 1 : 0;
      begun += song.notes[j].start > note.start - song.ticks_per_quarter ? 1 : 0;
    }
    for (std::size_t j = i + 1; j < song.notes.size() && song.notes[j].start == note.start; ++j) {
      ++keys;
      ++begun;
    }
    music.most_keys = std::max(music.most_keys, keys);
    music.most_in_a_quarter = std::max(music.most_in_a_quarter, begun);
  }
  music.longest_silence = std::max(music.longest_silence, (song.length - sounds_until) / ticks);
  return music;
}

/// How often the same `period` bars, as the tokens between bar lines, sound in a row at most.
inline int most_repeats(const std::vector<std::vector<Token>>& bars, std::size_t period) {
  std::size_t most = 0;
  for (std::size_t first = 0; first < bars.size(); ++first) {
    std::size_t alike = first;
    while (alike + period < bars.size() && bars[alike + period] == bars[alike]) ++alike;
    most = std::max(most, (alike - first + period) / period);
  }
  return static_cast<int>(most);
}

/// The tokens cut behind those that end a bar.
template <class IsBarLine>
std::vector<std::vector<Token>> bars_of(const std::vector<Token>& tokens, IsBarLine&& is_bar_line) {
  std::vector<std::vector<Token>> bars(1);
  for (const Token token : tokens) {
    bars.back().push_back(token);
    if (is_bar_line(token)) bars.emplace_back();
  }
  if (bars.back().empty()) bars.pop_back();
  return bars;
}

}  // namespace gruve::tests
