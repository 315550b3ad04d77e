#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/measure/tonality.hpp"
#include "gruve/midi/music.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/read_song.hpp"
#include "gruve/tokens/screening.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// The music that a piece begins with: what is heard of it, and what a model reads of it.
struct Primer {
  Song song = {};                  // its music, with drums, programs and pedal; what sounds after `cut` too
  std::int64_t begin = 0;          // tick of the song at which the tokens begin: behind a beginning of drums
  std::int64_t cut = 0;            // tick at which the tokens end, and new music begins
  std::vector<Token> tokens = {};  // from `begin` to `cut`
  std::int64_t steps = 0;          // timesteps of the tokens
};

/// A primer from the beginning of a song's music. It ends at a boundary of the grammar (a bar line, the end
/// of a timestep). Throws Error if screen() refuses the song.
///
/// options  how the song is changed for the encoder, whose grid is taken
/// limit    limit(music): the tick of the song's music up to which, or to the boundary after it, it is taken
/// name     of the song in an Error
template <MusicEncoder Encoder, class Limit>
Primer make_primer(const Song& given, const Encoder& encoder, ScreeningOptions options, Limit&& limit,
                   const std::string& name) {
  Primer primer{.song = music_of(given).song};
  options = screening_for(encoder, options);
  Screening screening = screen(primer.song, options);
  if (!screening.accepted()) internal::raise(Error(name, "can't be a primer: " + screening.detail));
  primer.begin = primer.cut = screening.begin;
  primer.tokens = encoder.encode(screening.song);
  const std::int64_t last = limit(primer.song);
  std::size_t end = 0;
  auto state = encoder.start();
  std::int64_t steps = 0;
  for (std::size_t i = 0; i < primer.tokens.size() && primer.cut < last; ++i) {
    steps += encoder.steps(state, primer.tokens[i]);
    state = encoder.advance(state, primer.tokens[i]);
    if (!encoder.at_boundary(state)) continue;
    end = i + 1;
    primer.steps = steps;
    primer.cut = primer.begin + steps * primer.song.ticks_per_quarter / encoder.steps_per_quarter();
  }
  primer.tokens.resize(end);
  return primer;
}

/// The key of what is taken of a primer.
inline KeyEstimate key_of(const Primer& primer) {
  std::array<double, 12> weights{};
  for (const Note& note : primer.song.notes)
    if (note.channel != kDrumChannel && note.start < primer.cut)
      weights[static_cast<std::size_t>(note.pitch % 12)] +=
          static_cast<double>((std::min)(note.end, primer.cut) - note.start);
  return estimate_key(weights);
}

/// The tick of a piece at which the primer's own music ends and new notes begin.
inline std::int64_t cut_in(const Primer& primer, const Song& piece) noexcept {
  const std::int64_t from = primer.song.ticks_per_quarter;
  return (primer.cut * piece.ticks_per_quarter + from / 2) / from;
}

/// A piece that begins with a primer's own music, as it was written: times, velocities, channels, programs,
/// pedal, drums, tempo and metre map. The new notes are played by the channels that the tokens give them;
/// without such, by the sound of the primer's only channel or, if it has several, by a piano on a channel of
/// its own.
///
/// continued  decoded from the primer's tokens and those generated after them; its tempos and metres count
///            from the cut on
/// kept       what the tokens represent; without velocities the new notes have the mean velocity of the last
///            32 notes of the primer
inline Song with_primer(Song continued, const Primer& primer, const EventOptions& kept) {
  const Song& song = primer.song;
  const auto scaled = [&](std::int64_t tick) {
    return (tick * continued.ticks_per_quarter + song.ticks_per_quarter / 2) / song.ticks_per_quarter;
  };
  const std::int64_t begin = scaled(primer.begin), cut = scaled(primer.cut);
  // With microtiming the first new notes begin up to half a timestep before the cut; those before are the
  // primer's.
  const std::int64_t early =
      cut - (kept.microtiming > 1 ? continued.ticks_per_quarter / (2 * kept.steps_per_quarter) : 0);
  // A note that sounds at the cut ends where the music that was read with it ends it.
  const auto held_until = [&](const Note& note) {
    if (note.channel == kDrumChannel && !kept.channels) return scaled(note.end);
    std::int64_t end = cut;
    for (const Note& each : continued.notes)
      if (each.pitch == internal::folded(note.pitch) && begin + each.start < early &&
          (!kept.channels || each.channel == note.channel))
        end = (std::max)(end, begin + each.end);
    return end;
  };
  Song piece{.ticks_per_quarter = continued.ticks_per_quarter, .length = begin + continued.length};
  std::bitset<16> channels;
  std::vector<int> velocities;
  for (Note note : song.notes) {
    const std::int64_t start = scaled(note.start);
    if (start >= cut) continue;
    note.end = scaled(note.end) >= cut ? held_until(note) : scaled(note.end);
    note.start = start;
    piece.notes.push_back(note);
    if (note.channel == kDrumChannel) continue;
    channels.set(static_cast<std::size_t>(note.channel));
    velocities.push_back(note.velocity);
  }
  const auto take = [&](const auto& from, auto& to) {
    for (auto change : from) {
      change.tick = scaled(change.tick);
      if (change.tick < cut || change.tick == 0) to.push_back(change);
    }
  };
  take(song.tempos, piece.tempos);
  take(song.time_signatures, piece.time_signatures);
  take(song.programs, piece.programs);
  take(song.pedal, piece.pedal);
  for (const Tempo& tempo : continued.tempos)
    if (begin + tempo.tick >= cut)
      piece.tempos.push_back({begin + tempo.tick, tempo.microseconds_per_quarter});
  for (const TimeSignature& metre : continued.time_signatures)
    if (begin + metre.tick >= cut)
      piece.time_signatures.push_back({begin + metre.tick, metre.numerator, metre.denominator});

  std::array<bool, 16> is_down{};
  std::array<int, 16> program{};
  for (const PedalMove& move : piece.pedal) is_down[static_cast<std::size_t>(move.channel)] = move.down;
  for (const ProgramChange& change : piece.programs)
    program[static_cast<std::size_t>(change.channel)] = change.program;
  std::size_t channel = 0;  // of the new notes, if the tokens don't give it
  if (channels.count() == 1)
    while (!channels[channel]) ++channel;
  else
    while (channel < 15 && (channels[channel] || channel == kDrumChannel)) ++channel;
  const auto channel_of = [&](const auto& of) {
    return kept.channels ? of.channel : static_cast<int>(channel);
  };
  // At the cut pedals and programs become what they are in the tokens, which go on from there.
  std::array<bool, 16> goes_on_down{};
  std::array<int, 16> goes_on_with{};
  for (const PedalMove& move : continued.pedal)
    if (begin + move.tick < cut) goes_on_down[static_cast<std::size_t>(channel_of(move))] = move.down;
  for (const ProgramChange& change : continued.programs)
    if (begin + change.tick < early) goes_on_with[static_cast<std::size_t>(change.channel)] = change.program;
  for (std::size_t each = 0; each < 16; ++each) {
    if (is_down[each] != goes_on_down[each])
      piece.pedal.push_back({cut, static_cast<int>(each), goes_on_down[each]});
    if (kept.channels && channels[each] && program[each] != goes_on_with[each])
      piece.programs.push_back({cut, static_cast<int>(each), goes_on_with[each]});
  }
  for (const PedalMove& move : continued.pedal)
    if (begin + move.tick >= cut) piece.pedal.push_back({begin + move.tick, channel_of(move), move.down});
  for (const ProgramChange& change : continued.programs)
    if (begin + change.tick >= early)
      piece.programs.push_back({begin + change.tick, change.channel, change.program});
  if (!kept.channels && channels.count() > 1 && program[channel] != 0)
    piece.programs.push_back({cut, static_cast<int>(channel), 0});

  constexpr std::size_t kLast = 32;
  int velocity = 80;
  if (!velocities.empty()) {
    const std::size_t first = velocities.size() - (std::min)(velocities.size(), kLast);
    int sum = 0;
    for (std::size_t i = first; i < velocities.size(); ++i) sum += velocities[i];
    velocity = std::clamp(sum / static_cast<int>(velocities.size() - first), 1, 127);
  }
  for (Note note : continued.notes) {
    note.start += begin;
    note.end += begin;
    if (note.start < early) continue;
    note.channel = channel_of(note);
    if (!kept.velocities) note.velocity = velocity;
    piece.notes.push_back(note);
  }
  sort_notes(piece.notes);
  const auto by_tick = [](const auto& a, const auto& b) { return a.tick < b.tick; };
  std::stable_sort(piece.programs.begin(), piece.programs.end(), by_tick);
  std::stable_sort(piece.pedal.begin(), piece.pedal.end(), by_tick);
  return piece;
}

}  // namespace gruve::inline v0_2
