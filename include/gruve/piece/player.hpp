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
#include "gruve/generate/phrase_end.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/measure/measured_song.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/screening.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// Settings of a Player.
struct PlayerOptions {
  // The arithmetic, and with it the precision of weights, such as
  // &kernels::active(kernels::Precision::int8) of kernels/precisions.hpp;
  // null: kernels::active(), in float. A program that names no precision links the kernels in float alone.
  const kernels::Kernels<float>* implementation = nullptr;
  int threads = 0;  // 0 for one per hardware thread; the result has the same bits for any number
};

/// The most tokens of a piece whose length is in tokens.
inline constexpr std::size_t kMostTokens = std::size_t{1} << 26;

/// Settings of a piece. At most one of `bars`, `seconds` and `tokens` may be given; without any of them the
/// length is 60 seconds of music, or 1,000 tokens of an encoder without music.
struct PieceOptions {
  std::optional<int> bars = {};              // music: length with the primer, in bars of its metres
  std::optional<double> seconds = {};        // music: length with the primer, by its tempos; to a bar
  std::optional<std::size_t> tokens = {};    // minimum length without the primer, up to kMostTokens; ends at
                                             // a boundary: music at a bar line
  bool whole_bars = false;                   // music: whether the piece is lengthened to the next bar line
  std::optional<double> tempo_bpm = {};      // music: of its beginning, in quarter notes per minute, near
                                             // which it stays; if empty, the primer's or the model's
  int louder = 0;                            // music: added to the velocity of each new note; below 0 softer
  std::optional<TimeSignature> metre = {};   // music without a primer: if empty, the model's
  std::vector<int> form = {};                // music: for each new bar, how many bars back the one is that it
                                             // returns to, up to 64; 0, and those before the piece, for none;
                                             // the model decides on the bars behind. Needs
                                             // EventOptions::form; see form_bars(), form_of()
  std::optional<Song> primer = {};           // music: the song to continue, in its metre and near its
                                             // tempo; makes at most half of the piece
  bool whole_primer = false;                 // music: whether it is taken whole
  bool keep_key = true;                      // music: whether new notes keep to the scale of a primer in a
                                             // clear key, unless controls.limits has a scale
  std::string primer_name = "the primer";    // of that song in an Error
  ScreeningOptions primer_screening = {};    // how it is changed for the encoder, whose grid is taken
  std::vector<Token> primer_tokens = {};     // encoders without music: the tokens to continue
  SamplerOptions sampler = {};               // how tokens are drawn
  ControlOptions controls = {};              // limits; their metre is replaced by the primer's or the model's
  std::optional<MeasureRanges> within = {};  // music: each minute is redrawn until its measures are in
                                             // these ranges; see generate_within(), minute_ranges()
  std::uint64_t seed = 1;                    // the same seed gives the same pieces
};
// clang-format on

/// A generated piece.
struct Piece {
  std::vector<Token> primer = {};       // tokens of the primer
  std::vector<Token> tokens = {};       // tokens generated after them
  Song song = {};  // music: the whole piece, with the primer's original notes; its tempos
                   // are those of the tokens, up to 6 % faster or slower for its length
  std::optional<KeyEstimate> key = {};  // of a primer, if new notes kept to its scale
};

/// Generates from a model of any encoder, or from an ensemble of models. It copies the models' parameters, so
/// that the models need not outlive it.
///
///   Player player(load("model.safetensors"));
///   write_midi(player.generate({.bars = 8}), "piece.mid");
///
/// One call at a time: a second thread needs a Player of its own, or a copy of a Generator (see generator()).
class Player {
 public:
  /// Packs a model.
  explicit Player(const TrainedModel& model, const PlayerOptions& options = {})
      : Player(std::span(&model, 1), options) {}

  /// Packs several models of one encoder, whose probabilities are averaged. Throws Error if there is none, or
  /// if their encoders differ.
  explicit Player(std::span<const TrainedModel> models, const PlayerOptions& options = {});

  /// The models' encoder.
  const AnyEncoder& encoder() const noexcept { return encoder_; }

  /// Generates one piece of music. Throws Error if the model's encoder is not a music encoder, if more than
  /// one length is given, if the piece would be longer than kMaxTimesteps, and on options out of range.
  Song generate(const PieceOptions& options = {}) {
    if (!encoder_.is_music())
      internal::raise(Error("a model of type \"" + std::string(encoder_.type()) +
                            "\" is not music: generate_as() and generate_tokens() are for it"));
    return std::move(generate_pieces(options, 1).front().song);
  }

  /// Generates one piece and decodes it, for text or a program's own encoder:
  /// `player.generate_as<CharEncoder>({.tokens = 500})` is a string. Throws Error if the model's encoder is
  /// another.
  template <TokenEncoder Encoder>
  typename Encoder::Source generate_as(const PieceOptions& options = {}) {
    const Encoder& encoder = encoder_.as<Encoder>();
    if constexpr (MusicEncoder<Encoder>)
      return generate(options);
    else
      return encoder.decode(generate_pieces(options, 1).front().tokens);
  }

  /// Generates one piece with any encoder; returns its tokens after the primer.
  std::vector<Token> generate_tokens(const PieceOptions& options = {}) {
    return std::move(generate_pieces(options, 1).front().tokens);
  }

  /// Generates `count` pieces in batches, piece i from stream i of the seed. Throws Error as generate() does.
  std::vector<Piece> generate_pieces(const PieceOptions& options, int count);

  /// A Generator of this model, token by token, for a real-time thread. The player must outlive it. Musical
  /// controls need the encoder's own type, as in `player.generator<EventEncoder>({.temperature = 0.9f}, 1)`.
  template <class Encoder = AnyEncoder>
  Generator<Encoder> generator(const SamplerOptions& options = {}, std::uint64_t seed = 1,
                               const ControlOptions& controls = {}) const& {
    if constexpr (std::same_as<Encoder, AnyEncoder>)
      return {Ensemble(packed_), encoder_, options, seed, 0, nullptr, controls};
    else
      return {Ensemble(packed_), encoder_.as<Encoder>(), options, seed, 0, nullptr, controls};
  }
  template <class Encoder = AnyEncoder>
  Generator<Encoder> generator(const SamplerOptions& = {}, std::uint64_t = 1,
                               const ControlOptions& = {}) const&& = delete;  // the player must outlive it

  /// Tempo and metre of the music that the model was trained on; the defaults of MusicInfo if it is not
  /// music.
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
  AnyEncoder encoder_ = {};
  MusicInfo music_ = {};
  std::vector<PackedModel<float>> packed_ = {};
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/piece/player.inc"
#endif
