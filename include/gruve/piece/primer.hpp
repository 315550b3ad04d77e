#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/screening.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

/// The music that a piece begins with.
struct Primer {
  Song song = {};                  // the whole song as it is encoded: see screen()
  std::vector<Token> tokens = {};  // of the song's beginning
  std::int64_t steps = 0;          // timesteps of the tokens
};

/// A primer from the beginning of a song. It ends at a boundary of the grammar (a bar line, the end of a
/// timestep) and is max_steps timesteps long or a little longer; less if the song is shorter. Throws Error if
/// screen() refuses the song.
///
/// options  how the song is changed; the grid is the encoder's
/// name     of the song in an Error
template <MusicEncoder Encoder>
Primer make_primer(Song song, const Encoder& encoder, std::int64_t max_steps, ScreeningOptions options,
                   const std::string& name) {
  options.steps_per_quarter = encoder.steps_per_quarter();
  Screening screening = screen(std::move(song), options);
  if (!screening.accepted()) throw Error(name, "can't be a primer: " + screening.detail);
  Primer primer{.song = std::move(screening.song)};
  primer.tokens = encoder.encode(primer.song);
  std::size_t end = 0;
  auto state = encoder.start();
  std::int64_t steps = 0;
  for (std::size_t i = 0; i < primer.tokens.size() && steps < max_steps; ++i) {
    steps += encoder.steps(state, primer.tokens[i]);
    state = encoder.advance(state, primer.tokens[i]);
    if (!encoder.at_boundary(state)) continue;
    end = i + 1;
    primer.steps = steps;
  }
  primer.tokens.resize(end);
  return primer;
}

}  // namespace gruve::inline v0_1
