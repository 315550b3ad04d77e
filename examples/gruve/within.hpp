// Pieces that are held to a corpus: a minute that is unlike the corpus's minutes is drawn again.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/core/thread_pool.hpp"
#include "gruve/generate/redraw.hpp"
#include "gruve/measure/measured_song.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/grid.hpp"

/// How often a minute is drawn at most.
inline constexpr int kTriesPerMinute = 64;

/// At which timesteps of a piece of so many the windows of a minute end that are measured of it, its own end
/// the last of them.
inline std::vector<std::int64_t> minute_ends(std::int64_t steps, double bpm,
                                             const gruve::TimeSignature& metre, int steps_per_quarter) {
  const std::int64_t bar = gruve::bar_steps(metre, steps_per_quarter);
  const double bars_per_minute = bpm * steps_per_quarter / static_cast<double>(bar);
  std::vector<std::int64_t> ends;
  for (int minute = 1;; ++minute) {
    // A bar belongs to the minute that it begins in.
    const auto bars = static_cast<std::int64_t>(std::ceil(minute * bars_per_minute - 1e-9));
    // What is left at the end is a window where it is half a minute at least.
    if (static_cast<double>(bars * bar) + bars_per_minute * static_cast<double>(bar) / 2 >
        static_cast<double>(steps))
      break;
    ends.push_back(bars * bar);
  }
  ends.push_back(steps);
  return ends;
}

/// How far the last minute of a song is outside the ranges of others, or nearly so; as far as all of them
/// where the song has no note.
inline double last_minute_outside(const gruve::Song& song, const gruve::MeasureRanges& minutes) {
  if (song.notes.empty()) return static_cast<double>(gruve::kJudgedByMinute.size());
  // Notes that sound at its end may go on, which moves its polyphony and its key a little.
  constexpr double kMargin = 0.02;
  gruve::MeasureRanges narrower = minutes;
  for (gruve::MeasureRange& range : narrower.values) {
    const double margin = kMargin * (range.high - range.low);
    range.low += margin;
    range.high -= margin;
  }
  return gruve::distance_outside(gruve::measures(gruve::windows(gruve::on_grid(song), 60).back()), narrower);
}

/// What the pieces are to be.
struct PiecesWithin {
  gruve::MeasureRanges minutes;  // in which those of each piece are to be
  std::int64_t steps = 0;        // timesteps of each, with the primer
  double bpm = 120;
  gruve::TimeSignature metre = {};
  std::span<const gruve::Token> primer = {};  // what each begins with
  std::int64_t primer_steps = 0;              // below `steps`
  std::uint64_t seed = 1;
  int count = 1;
};

/// The tokens of each piece behind the primer. Where no minute is drawn again they are those of a
/// BatchGenerator of the same seed.
template <gruve::MusicEncoder Encoder>
std::vector<std::vector<gruve::Token>> generate_within(const PiecesWithin& pieces,
                                                       const gruve::Ensemble& models, const Encoder& encoder,
                                                       const gruve::SamplerOptions& sampler,
                                                       const gruve::ControlOptions& controls,
                                                       gruve::ThreadPool& threads) {
  std::vector<std::int64_t> ends;  // behind the primer
  for (const std::int64_t end :
       minute_ends(pieces.steps, pieces.bpm, pieces.metre, encoder.steps_per_quarter()))
    if (end > pieces.primer_steps) ends.push_back(end - pieces.primer_steps);
  const auto cost = [&](std::span<const gruve::Token> tokens) {
    std::vector<gruve::Token> piece(pieces.primer.begin(), pieces.primer.end());
    piece.insert(piece.end(), tokens.begin(), tokens.end());
    gruve::Song song = encoder.decode(piece, pieces.bpm);
    if (song.time_signatures.empty()) song.time_signatures = {pieces.metre};
    return last_minute_outside(song, pieces.minutes);
  };
  std::vector<std::vector<gruve::Token>> made(static_cast<std::size_t>(pieces.count));
  threads.for_each(made.size(), [&](std::size_t i) {
    gruve::Generator generator(models, encoder, sampler, pieces.seed, i, nullptr, controls);
    generator.prime(pieces.primer);
    made[i] = generate_stretches(generator, ends, kTriesPerMinute, cost);
  });
  return made;
}
