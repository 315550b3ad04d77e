#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "gruve/core/error.hpp"
#include "gruve/midi/music.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// How long a piece is, with its primer.
struct PieceLength {
  std::optional<int> bars = {};        // by the piece's own metres
  std::optional<double> seconds = {};  // by the piece's own tempos
  bool whole_bars = false;             // whether it is lengthened to the next bar line
};

/// Where new music begins: after a primer, or at the beginning of a piece.
struct PieceStart {
  Song map = {};           // the tempos and metres up to `cut`; what holds there goes on
  std::int64_t cut = 0;    // tick of the map
  double bpm = 120;        // that holds at the cut
  TimeSignature metre{};   // that holds at the cut
  double seconds = 0;      // before the cut
  std::int64_t bars = 0;   // before the cut, the bar in which it is included
  std::int64_t begin = 0;  // tick at which that bar begins; the cut itself if it is a bar line
  std::int64_t end = 0;    // tick at which it ends; the cut itself if it is a bar line

  /// A start at a tick of a song.
  PieceStart(const Song& song, std::int64_t at) : cut(at) {
    map.ticks_per_quarter = song.ticks_per_quarter;
    const auto is_later = [&](const auto& change) { return change.tick >= cut && change.tick > 0; };
    map.tempos = tempo_map(song);
    map.time_signatures = metre_map(song);
    std::erase_if(map.tempos, is_later);
    std::erase_if(map.time_signatures, is_later);
    bpm = map.tempos.back().bpm();
    metre = map.time_signatures.back();
    seconds = seconds_at(map, cut);
    const Bars all(map);
    begin = end = 0;
    while (end < cut) {
      const Bar bar = all.at(end);
      begin = bar.begin;
      end = bar.end;
      ++bars;
    }
    if (end == cut) begin = cut;
  }
};

/// What tokens of an encoder add to a piece after its start.
template <MusicEncoder Encoder>
class PieceClock {
 public:
  using State = typename Encoder::State;  // of the grammar

  /// Copies what it needs.
  PieceClock(const Encoder& encoder, const PieceStart& start, const State& state)
      : encoder_(&encoder), bpm_(start.bpm) {
    if constexpr (kHasTempos) level_ = state.tempo;
  }

  /// Whether tokens can change the tempo.
  bool has_tempos() const noexcept {
    if constexpr (kHasTempos) return encoder_->options().tempos;
    return false;
  }
  /// Whether tokens have bars of their own.
  static constexpr bool has_bars() noexcept { return kHasTempos; }

  /// Timesteps of a token.
  double steps(const State& state, Token token) const noexcept {
    return static_cast<double>(encoder_->steps(state, token));
  }
  /// Seconds of a token.
  double seconds(const State& state, Token token) const noexcept {
    return steps(state, token) * 60 / (bpm(state) * encoder_->steps_per_quarter());
  }
  /// 1 for a token that ends a bar.
  double bars(const State&, Token token) const noexcept { return token == encoder_->start_token() ? 1 : 0; }

 private:
  static constexpr bool kHasTempos = std::is_same_v<Encoder, EventEncoder>;

  double bpm(const State& state) const noexcept {
    if constexpr (kHasTempos)
      if (state.tempo >= 0 && state.tempo != level_) return EventEncoder::tempo_bpm(state.tempo);
    return bpm_;
  }

  const Encoder* encoder_;
  double bpm_;      // at the start, which its level only approximates
  int level_ = -1;  // of the start's tempo
};

/// The tick at which a song's bar begins, bars counted from 0.
inline std::int64_t tick_of_bar(const Song& song, std::int64_t number) {
  const Bars bars(song);
  std::int64_t tick = 0;
  for (std::int64_t i = 0; i < number && tick < song.length; ++i) tick = bars.at(tick).end;
  return tick;
}

/// The tick of a song at a number of seconds, by its tempos; at most its length.
inline std::int64_t tick_at(const Song& song, double seconds) {
  const Timeline timeline(song);
  std::int64_t low = 0, high = song.length;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (timeline.seconds(middle) < seconds - 1e-9)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/// The timesteps of new music that a piece needs at the start's tempo and metre. Throws Error if it has more
/// than kMaxTimesteps.
inline std::int64_t steps_after(const PieceStart& start, const PieceLength& length, int steps_per_quarter) {
  const double ticks = static_cast<double>(start.map.ticks_per_quarter);
  const double bar = ticks * 4 * start.metre.numerator / start.metre.denominator;
  double added = 0;  // ticks
  if (length.bars)
    added = static_cast<double>(start.end - start.cut) + static_cast<double>(*length.bars - start.bars) * bar;
  else
    added = (length.seconds.value_or(60) - start.seconds) * start.bpm / 60 * ticks;
  if (length.whole_bars && added > 0) {
    // To a bar line, counted from the end of the bar in which the start is.
    const double from = static_cast<double>(start.end - start.cut);
    added = from + std::ceil((added - from) / bar - 1e-9) * bar;
  }
  const double steps = added * steps_per_quarter / ticks;
  if (!(steps <= static_cast<double>(kMaxTimesteps))) {
    const double most = static_cast<double>(kMaxTimesteps) / steps_per_quarter;  // quarter notes
    internal::raise(Error(length.bars ? "a piece of " + std::to_string(*length.bars) +
                                            " bars is too long, expected at most " +
                                            std::to_string(std::llround(most * ticks / bar))
                                      : "a piece of that many seconds is too long, expected at most " +
                                            std::to_string(std::llround(most * 60 / start.bpm))));
  }
  return std::max<std::int64_t>(0, std::llround(steps));
}

}  // namespace gruve::inline v0_2
