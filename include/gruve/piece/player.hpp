#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/generate/batch_generator.hpp"
#include "gruve/generate/continuation.hpp"
#include "gruve/generate/controls.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/measure/measured_song.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/piece/primer.hpp"
#include "gruve/piece/within.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/grid.hpp"

namespace gruve {

/// How a Player generates.
struct PlayerOptions {
  kernels::Precision precision = kernels::Precision::fp32;  // of the weights
  int threads = 0;  // 0: as many as the machine has; the result has the same bits for any number
};

/// What a piece is to be. Its length is one of bars, seconds and tokens; without any it is 60 seconds of
/// music, or 1,000 tokens of anything else.
struct PieceOptions {
  std::optional<int> bars = {};            // music, with the primer: in the primer's or the model's metre
  std::optional<double> seconds = {};      // music, with the primer
  std::optional<std::size_t> tokens = {};  // without the primer, and as many more as it takes to a boundary
  bool whole_bars = false;                 // music: lengthened to the next bar line
  std::optional<double> tempo_bpm =
      {};                           // music: quarter notes per minute; without it the primer's or the model's
  std::optional<Song> primer = {};  // music: what it continues; of a long one as much as makes half the piece
  std::string primer_name = "the primer";  // of that song in an Error
  std::vector<Token> primer_tokens = {};   // of anything else than music: what it continues
  SamplerOptions sampler = {};
  ControlOptions controls = {};              // their metre is filled in
  std::optional<MeasureRanges> within = {};  // music: each minute is redrawn until its measures are in these
                                             // ranges (see generate_within and minute_ranges)
  std::uint64_t seed = 1;  // the same seed gives the same pieces
};

/// A piece that was generated.
struct Piece {
  std::vector<Token> primer = {};  // the tokens that it was primed with
  std::vector<Token> tokens = {};  // those that were generated after them
  Song song = {};                  // music: all of it, with the primer's own notes
};

/// Generates from a model of any encoder, or from several models together, whose probabilities are averaged.
/// It owns all that it needs; the models that it was made from may go.
///
///   Player player(load("model.safetensors"));
///   write_midi(player.generate({.bars = 8}), "piece.mid");
///
/// One call at a time: a second thread needs a Player of its own, or a copy of a Generator (see generator()).
class Player {
 public:
  explicit Player(const TrainedModel& model, const PlayerOptions& options = {})
      : Player(std::span(&model, 1), options) {}

  /// Several models of one encoder. Throws Error where there is none, or where their encoders differ.
  explicit Player(std::span<const TrainedModel> models, const PlayerOptions& options = {})
      : threads_(std::make_unique<ThreadPool>(options.threads)) {
    if (models.empty()) throw Error("a player of no model");
    encoder_ = models.front().encoder;
    music_ = models.front().music.value_or(MusicInfo());
    for (const TrainedModel& model : models) {
      if (!(model.encoder == encoder_)) throw Error("a player of models whose encoders differ");
      packed_.emplace_back(model.network.config, kernels::active(options.precision));
      packed_.back().assign(model.network, *threads_);
    }
  }

  const AnyEncoder& encoder() const noexcept { return encoder_; }

  /// One piece of music. Throws Error where the model's encoder is not music, where more than one length is
  /// given, where the piece would be longer than kMaxTimesteps, and on options out of range.
  Song generate(const PieceOptions& options = {}) {
    return std::move(generate_pieces(options, 1).front().song);
  }

  /// What the encoder's tokens decode to, of a text or of a program's own encoder:
  /// `player.generate_as<CharEncoder>({.tokens = 500})` is a string. Throws Error where the model's encoder
  /// is another.
  template <TokenEncoder Encoder>
  typename Encoder::Source generate_as(const PieceOptions& options = {}) {
    const Encoder& encoder = encoder_.as<Encoder>();
    if constexpr (std::same_as<typename Encoder::Source, Song>)
      return generate(options);
    else
      return encoder.decode(generate_pieces(options, 1).front().tokens);
  }

  /// The tokens of one piece of any encoder, after the primer.
  std::vector<Token> generate_tokens(const PieceOptions& options = {}) {
    return std::move(generate_pieces(options, 1).front().tokens);
  }

  /// Several pieces, piece i from stream i of the seed, many at a time where there is more than one. Throws
  /// Error as generate() does.
  std::vector<Piece> generate_pieces(const PieceOptions& options, int count) {
    if ((options.bars ? 1 : 0) + (options.seconds ? 1 : 0) + (options.tokens ? 1 : 0) > 1)
      throw Error("a piece has one length: bars, seconds or tokens");
    return visit_encoder(encoder_, [&]<class Encoder>(const Encoder& encoder) {
      if constexpr (MusicEncoder<Encoder>)
        return generate_music(encoder, options, count);
      else
        return generate_other(encoder, options, count);
    });
  }

  /// A generator of this model, token by token, fit for a real-time thread; see Generator. The player must
  /// outlive it. `player.generator<EventEncoder>({.temperature = 0.9f}, 1)` is of that encoder, with its
  /// controls; without it is of any.
  template <class Encoder = AnyEncoder>
  Generator<Encoder> generator(const SamplerOptions& options = {}, std::uint64_t seed = 1,
                               const ControlOptions& controls = {}) const {
    if constexpr (std::same_as<Encoder, AnyEncoder>)
      return {Ensemble(packed_), encoder_, options, seed, 0, nullptr, controls};
    else
      return {Ensemble(packed_), encoder_.as<Encoder>(), options, seed, 0, nullptr, controls};
  }

  /// Of the music that the model was trained on; the defaults of MusicInfo of anything else.
  const MusicInfo& music() const noexcept { return music_; }

 private:
  template <MusicEncoder Encoder>
  std::vector<Piece> generate_music(const Encoder& encoder, const PieceOptions& options, int count) {
    double bpm = music_.tempo_bpm;
    TimeSignature metre = music_.time_signature;
    if (options.primer && !options.primer->tempos.empty()) bpm = options.primer->tempos.front().bpm();
    if (options.primer && !options.primer->time_signatures.empty())
      metre = options.primer->time_signatures.front();
    metre.tick = 0;
    bpm = options.tempo_bpm.value_or(bpm);
    const std::int64_t steps = options.tokens ? 0 : length(options, bpm, metre, encoder.steps_per_quarter());
    Primer primer;
    if (options.primer)
      primer = make_primer(*options.primer, encoder, options.tokens ? kMaxTimesteps : steps / 2,
                           options.primer_name);
    ControlOptions controls = options.controls;
    controls.limits.metre = metre;

    const auto generated = [&] {
      if (!options.within)
        return generate_all(encoder, options, controls, primer.tokens, count, [&](auto& generator) {
          return options.tokens ? gruve::generate_tokens(generator, *options.tokens)
                                : generate_steps(generator, steps - primer.steps);
        });
      if (options.tokens) throw Error("a piece within ranges has a length in bars or seconds, not tokens");
      return generate_within({.minutes = *options.within,
                              .steps = steps,
                              .bpm = bpm,
                              .metre = metre,
                              .primer = primer.tokens,
                              .primer_steps = primer.steps,
                              .seed = options.seed,
                              .count = count},
                             packed_, encoder, options.sampler, controls, *threads_);
    }();
    std::vector<Piece> pieces(generated.size());
    threads_->for_each(pieces.size(), [&](std::size_t i) {
      pieces[i] = {.primer = primer.tokens, .tokens = generated[i]};
      std::vector<Token> tokens = primer.tokens;
      tokens.insert(tokens.end(), generated[i].begin(), generated[i].end());
      Song song = encoder.decode(tokens, bpm);
      if (song.time_signatures.empty()) song.time_signatures = {metre};
      if (primer.steps > 0)
        song = with_primer(std::move(song), primer.song,
                           primer.steps * song.ticks_per_quarter / encoder.steps_per_quarter());
      pieces[i].song = std::move(song);
    });
    return pieces;
  }

  template <Grammar Encoder>
  std::vector<Piece> generate_other(const Encoder& encoder, const PieceOptions& options, int count) {
    if (options.bars || options.seconds || options.whole_bars || options.primer || options.within ||
        options.tempo_bpm)
      throw Error("a model of type \"" + std::string(encoder_.type()) +
                  "\" is not music: the length of its pieces is in tokens, their primer is primer_tokens");
    for (const Token token : options.primer_tokens)
      if (token >= encoder.vocab_size())
        throw Error("the primer has token " + std::to_string(token) +
                    ", which is outside the vocabulary of " + std::to_string(encoder.vocab_size()));
    auto generated = generate_all(
        encoder, options, options.controls, options.primer_tokens, count,
        [&](auto& generator) { return gruve::generate_tokens(generator, options.tokens.value_or(1000)); });
    std::vector<Piece> pieces;
    for (auto& tokens : generated)
      pieces.push_back({.primer = options.primer_tokens, .tokens = std::move(tokens)});
    return pieces;
  }

  // Timesteps of a piece, with its primer.
  static std::int64_t length(const PieceOptions& options, double bpm, const TimeSignature& metre,
                             int steps_per_quarter) {
    const double quarters = options.bars ? *options.bars * 4.0 * metre.numerator / metre.denominator
                                         : options.seconds.value_or(60) * bpm / 60;
    const double wanted = quarters * steps_per_quarter;
    if (!(wanted >= 0 && wanted <= static_cast<double>(kMaxTimesteps)))
      throw Error("the requested length is " + std::to_string(wanted) + " timesteps, expected at most " +
                  std::to_string(kMaxTimesteps));
    std::int64_t steps = std::max<std::int64_t>(1, std::llround(wanted));
    if (options.whole_bars) {
      const std::int64_t bar = bar_steps(metre, steps_per_quarter);
      steps = (steps + bar - 1) / bar * bar;
    }
    return steps;
  }

  // The tokens of every piece: generate(generator) for one, or for a group of several.
  template <class Encoder, class Generate>
  std::vector<std::vector<Token>> generate_all(const Encoder& encoder, const PieceOptions& options,
                                               const ControlOptions& controls, std::span<const Token> primer,
                                               int count, Generate&& generate) {
    const Ensemble models(packed_);
    std::vector<std::vector<Token>> all;
    if (count == 1) {
      // Models that a core's second-level cache holds are stepped faster by one thread alone.
      const bool is_large = models.step_bytes() > (std::size_t{1} << 20);
      Generator generator(models, encoder, options.sampler, options.seed, 0,
                          is_large ? threads_.get() : nullptr, controls);
      generator.prime(primer);
      all.push_back(generate(generator));
      return all;
    }
    constexpr int kGroup = 256;
    for (int first = 0; first < count; first += kGroup) {
      BatchGenerator generator(models, encoder, options.sampler, options.seed,
                               std::min(kGroup, count - first), *threads_, static_cast<std::uint64_t>(first),
                               controls);
      generator.prime(primer);
      for (std::vector<Token>& tokens : generate(generator)) all.push_back(std::move(tokens));
    }
    return all;
  }

  std::unique_ptr<ThreadPool> threads_;
  AnyEncoder encoder_;
  MusicInfo music_;
  std::vector<PackedModel<float>> packed_;
};

}  // namespace gruve
