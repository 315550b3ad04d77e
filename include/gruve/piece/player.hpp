#pragma once

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
#include "gruve/generate/controls.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/measure/measured_song.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/tokens/any_encoder.hpp"

namespace gruve::inline v0_1 {

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
  std::uint64_t seed = 1;                    // the same seed gives the same pieces
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
  explicit Player(std::span<const TrainedModel> models, const PlayerOptions& options = {});

  const AnyEncoder& encoder() const noexcept { return encoder_; }

  /// One piece of music. Throws Error where the model's encoder is not music, where more than one length is
  /// given, where the piece would be longer than kMaxTimesteps, and on options out of range.
  Song generate(const PieceOptions& options = {}) {
    if (!encoder_.is_music())
      throw Error("a model of type \"" + std::string(encoder_.type()) +
                  "\" is not music: generate_as() and generate_tokens() are for it");
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
  std::vector<Piece> generate_pieces(const PieceOptions& options, int count);

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
  std::vector<Piece> generate_music(const Encoder& encoder, const PieceOptions& options, int count);
  template <Grammar Encoder>
  std::vector<Piece> generate_other(const Encoder& encoder, const PieceOptions& options, int count);
  template <class Encoder, class Generate>
  std::vector<std::vector<Token>> generate_all(const Encoder& encoder, const PieceOptions& options,
                                               const ControlOptions& controls, std::span<const Token> primer,
                                               int count, Generate&& generate);

  std::unique_ptr<ThreadPool> threads_;
  AnyEncoder encoder_;
  MusicInfo music_;
  std::vector<PackedModel<float>> packed_;
};

}  // namespace gruve::inline v0_1

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/piece/player.inc"
#endif
