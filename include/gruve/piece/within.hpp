#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/core/thread_pool.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/generate/redraw.hpp"
#include "gruve/measure/measured_song.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"

namespace gruve::inline v0_2 {

/// The maximum number of attempts per minute of a piece.
inline constexpr int kTriesPerMinute = 64;

/// The timesteps at which the one-minute windows of a piece end that is `steps` timesteps long. The last one
/// is the end of the piece.
inline std::vector<std::int64_t> minute_ends(std::int64_t steps, double bpm, const TimeSignature& metre,
                                             int steps_per_quarter) {
  const std::int64_t bar = bar_steps(metre, steps_per_quarter);
  const double bars_per_minute = bpm * steps_per_quarter / static_cast<double>(bar);
  std::vector<std::int64_t> ends;
  for (int minute = 1;; ++minute) {
    // A bar belongs to the minute that it begins in.
    const auto bars = static_cast<std::int64_t>(std::ceil(minute * bars_per_minute - 1e-9));
    // The remainder is a window of its own if it is at least half a minute.
    if (static_cast<double>(bars * bar) + bars_per_minute * static_cast<double>(bar) / 2 >
        static_cast<double>(steps))
      break;
    ends.push_back(bars * bar);
  }
  ends.push_back(steps);
  return ends;
}

/// The same in seconds, of a piece whose tempo its tokens change.
inline std::vector<double> minute_ends(double seconds) {
  std::vector<double> ends;
  for (int minute = 1; 60 * minute + 30 <= seconds; ++minute) ends.push_back(60 * minute);
  ends.push_back(seconds);
  return ends;
}

/// How far the measures of a song's last minute are outside the ranges, each narrowed by 2 % at both ends;
/// the maximum if the song has no note.
inline double last_minute_outside(const Song& song, const MeasureRanges& minutes) {
  if (song.notes.empty()) return static_cast<double>(kJudgedByMinute.size());
  // Notes that sound at its end may be continued, which changes its polyphony and its key a little.
  constexpr double kMargin = 0.02;
  MeasureRanges narrower = minutes;
  for (MeasureRange& range : narrower.values) {
    const double margin = kMargin * (range.high - range.low);
    range.low += margin;
    range.high -= margin;
  }
  return distance_outside(measures(windows(on_grid(song), 60).back()), narrower);
}

/// Settings of generate_within().
struct PiecesWithin {
  MeasureRanges minutes;               // ranges of the measures of each minute
  std::vector<double> ends = {};       // amounts of music after the primer at which minutes end
  double bpm = 120;                    // tempo in quarter notes per minute
  TimeSignature metre = {};            // of the bars of an encoder whose tokens have no metre
  std::span<const Token> primer = {};  // tokens that each piece begins with
  std::uint64_t seed = 1;              // piece i is from stream i of the seed
  int count = 1;                       // number of pieces
  std::span<const int> lags = {};      // where bars return: see Outline
};

/// Generates pieces by rejection sampling; returns the tokens of each after the primer. A minute whose
/// measures are outside the ranges is redrawn. After kTriesPerMinute attempts the one nearest to the ranges
/// is kept. If no minute is redrawn, the tokens are those of a BatchGenerator of the same seed. One piece per
/// thread.
///
/// amount_of  what a token adds, in the unit of the ends; see generate_music()
template <MusicEncoder Encoder, class Amount>
std::vector<std::vector<Token>> generate_within(const PiecesWithin& pieces, Amount&& amount_of,
                                                const Ensemble& models, const Encoder& encoder,
                                                const SamplerOptions& sampler, const ControlOptions& controls,
                                                ThreadPool& threads) {
  const auto cost = [&](std::span<const Token> tokens) {
    std::vector<Token> piece(pieces.primer.begin(), pieces.primer.end());
    piece.insert(piece.end(), tokens.begin(), tokens.end());
    Song song = encoder.decode(piece, pieces.bpm);
    if (song.time_signatures.empty()) song.time_signatures = {pieces.metre};
    return last_minute_outside(song, pieces.minutes);
  };
  std::vector<std::vector<Token>> generated(static_cast<std::size_t>(pieces.count));
  threads.for_each(generated.size(), [&](std::size_t i) {
    Generator generator(models, encoder, sampler, pieces.seed, i, nullptr, controls);
    generator.prime(pieces.primer);
    generated[i] = generate_stretches(generator, pieces.ends, kTriesPerMinute, cost, amount_of, pieces.lags);
  });
  return generated;
}

}  // namespace gruve::inline v0_2
