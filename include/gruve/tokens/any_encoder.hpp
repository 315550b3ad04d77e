#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/chunk_rules.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/grammar_state.hpp"
#include "gruve/tokens/id_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// gruve's own encoders, which corpora and model files can name without being passed to the reader.
template <class Encoder>
concept BuiltInEncoder = std::same_as<Encoder, TimestepEncoder> || std::same_as<Encoder, EventEncoder> ||
    std::same_as<Encoder, CharEncoder> || std::same_as<Encoder, IdEncoder>;

namespace internal {

/// A state of any grammar: a trivially copyable type of up to 256 bytes.
struct AnyState {
  alignas(std::max_align_t) std::array<unsigned char, 256> bytes{};

  template <class State>
  static AnyState of(const State& state) noexcept {
    static_assert(std::is_trivially_copyable_v<State> && sizeof(State) <= sizeof(bytes) &&
                      alignof(State) <= alignof(std::max_align_t),
                  "Encoder::State must be trivially copyable and take at most 256 bytes");
    AnyState any;
    std::memcpy(any.bytes.data(), &state, sizeof(State));
    return any;
  }
  template <class State>
  const State& as() const noexcept {
    return *std::launder(reinterpret_cast<const State*>(bytes.data()));
  }
};

/// What AnyFeatures holds.
class FeatureStateBase {
 public:
  virtual ~FeatureStateBase() = default;
  virtual std::unique_ptr<FeatureStateBase> copy() const = 0;
  virtual void assign(const FeatureStateBase& other) noexcept = 0;  // of the same class
  virtual void reset() noexcept = 0;
  virtual void advance(Token token) noexcept = 0;
  virtual FeatureRows rows() const noexcept = 0;
  virtual void transfer(StateBytes& bytes) noexcept = 0;
};

/// The features of an encoder that is known at run time. Only copying allocates.
class AnyFeatures {
 public:
  explicit AnyFeatures(std::unique_ptr<FeatureStateBase> state) : state_(std::move(state)) {}
  AnyFeatures(const AnyFeatures& other) : state_(other.state_->copy()) {}
  AnyFeatures(AnyFeatures&&) noexcept = default;
  // Of the same encoder and description: allocates nothing where its own assignment doesn't.
  AnyFeatures& operator=(const AnyFeatures& other) noexcept {
    state_->assign(*other.state_);
    return *this;
  }
  AnyFeatures& operator=(AnyFeatures&&) noexcept = default;
  ~AnyFeatures() = default;

  void reset() noexcept { state_->reset(); }
  void advance(Token token) noexcept { state_->advance(token); }
  FeatureRows rows() const noexcept { return state_->rows(); }
  void transfer(StateBytes& bytes) noexcept { state_->transfer(bytes); }

 private:
  std::unique_ptr<FeatureStateBase> state_;
};

/// What AnyEncoder refers to.
class EncoderBase {
 public:
  virtual ~EncoderBase() = default;
  virtual const void* tag() const noexcept = 0;
  virtual std::string_view type() const noexcept = 0;
  virtual std::string settings() const = 0;
  virtual bool equals(const EncoderBase& other) const = 0;

  virtual AnyState start() const noexcept = 0;
  virtual AnyState advance(const AnyState& state, Token token) const noexcept = 0;
  virtual bool allowed(const AnyState& state, Token token) const noexcept = 0;
  virtual bool at_boundary(const AnyState& state) const noexcept = 0;
  virtual bool returns(const AnyState& state) const noexcept = 0;
  virtual void transfer(StateBytes& bytes, AnyState& state) const noexcept = 0;
  virtual void transfer_kind(StateBytes& bytes) const noexcept = 0;

  virtual Features features(const std::string& description) const = 0;
  virtual std::unique_ptr<FeatureStateBase> feature_state(const std::string& description) const = 0;
  virtual std::unique_ptr<ChunkRules> rules(const Features& features, std::size_t num_sequences) const = 0;

  // Of music; else never called.
  virtual int steps_per_quarter() const noexcept = 0;
  virtual int steps(const AnyState& state, Token token) const noexcept = 0;
  virtual std::vector<Token> encode(const Song& song) const = 0;
  virtual Song decode(std::span<const Token> tokens, double bpm) const = 0;
};

// One for each type of encoder in the program.
template <class Encoder>
inline constexpr char kEncoderTag = 0;

template <TokenEncoder Encoder>
class EncoderHolder final : public EncoderBase {
 public:
  using State = typename Encoder::State;

  explicit EncoderHolder(Encoder encoder) : encoder_(std::move(encoder)) {
    if constexpr (!BuiltInEncoder<Encoder>) {
      const std::string name = std::string(Encoder::kType) + '\n' + encoder_.settings();
      hash_ = content_hash(std::as_bytes(std::span(name)));
    }
  }

  const Encoder& encoder() const noexcept { return encoder_; }

  const void* tag() const noexcept override { return &kEncoderTag<Encoder>; }
  std::string_view type() const noexcept override { return Encoder::kType; }
  std::string settings() const override {
    if constexpr (StoredEncoder<Encoder>)
      return encoder_.settings();
    else
      return {};
  }
  bool equals(const EncoderBase& other) const override {
    if (other.tag() != tag()) return false;
    const Encoder& that = static_cast<const EncoderHolder&>(other).encoder_;
    if constexpr (StoredEncoder<Encoder>)
      return encoder_.settings() == that.settings();
    else
      return encoder_ == that;
  }

  AnyState start() const noexcept override { return AnyState::of(encoder_.start()); }
  AnyState advance(const AnyState& state, Token token) const noexcept override {
    return AnyState::of(encoder_.advance(state.as<State>(), token));
  }
  bool allowed(const AnyState& state, Token token) const noexcept override {
    return encoder_.allowed(state.as<State>(), token);
  }
  bool at_boundary(const AnyState& state) const noexcept override {
    return encoder_.at_boundary(state.as<State>());
  }
  bool returns(const AnyState& state) const noexcept override {
    return gruve::returns(encoder_, state.as<State>());
  }

  void transfer(StateBytes& bytes, AnyState& state) const noexcept override {
    State own = state.as<State>();
    transfer_grammar(bytes, encoder_, own);
    if (bytes.is_reading()) state = AnyState::of(own);
  }
  void transfer_kind(StateBytes& bytes) const noexcept override {
    gruve::transfer_kind(bytes, encoder_);
    if constexpr (!BuiltInEncoder<Encoder>) bytes.same(hash_);
  }

  Features features(const std::string& description) const override {
    return features_of(encoder_, description);
  }
  std::unique_ptr<FeatureStateBase> feature_state(const std::string& description) const override {
    class Holder final : public FeatureStateBase {
     public:
      explicit Holder(FeatureStateOf<Encoder> state) : state_(std::move(state)) {}
      std::unique_ptr<FeatureStateBase> copy() const override { return std::make_unique<Holder>(*this); }
      void assign(const FeatureStateBase& other) noexcept override {
        state_ = static_cast<const Holder&>(other).state_;
      }
      void reset() noexcept override { state_.reset(); }
      void advance(Token token) noexcept override { state_.advance(token); }
      FeatureRows rows() const noexcept override { return state_.rows(); }
      void transfer(StateBytes& bytes) noexcept override { transfer_features(bytes, state_); }

     private:
      FeatureStateOf<Encoder> state_;
    };
    return std::make_unique<Holder>(first_features(encoder_, description));
  }
  std::unique_ptr<ChunkRules> rules(const Features& features, std::size_t num_sequences) const override {
    return std::make_unique<ChunkRulesOf<Encoder>>(encoder_, features, num_sequences);
  }

  int steps_per_quarter() const noexcept override {
    if constexpr (MusicEncoder<Encoder>)
      return encoder_.steps_per_quarter();
    else
      return 0;
  }
  int steps(const AnyState& state, Token token) const noexcept override {
    if constexpr (MusicEncoder<Encoder>)
      return encoder_.steps(state.as<State>(), token);
    else
      return 0;
  }
  std::vector<Token> encode(const Song& song) const override {
    if constexpr (MusicEncoder<Encoder>)
      return encoder_.encode(song);
    else
      internal::raise(Error("an encoder of type \"" + std::string(type()) + "\" does not encode music"));
  }
  Song decode(std::span<const Token> tokens, double bpm) const override {
    if constexpr (MusicEncoder<Encoder> && requires { encoder_.decode(tokens, bpm); })
      return encoder_.decode(tokens, bpm);
    else if constexpr (MusicEncoder<Encoder>)
      return with_tempo(encoder_.decode(tokens), bpm);
    else
      internal::raise(Error("an encoder of type \"" + std::string(type()) + "\" does not decode to music"));
  }

 private:
  static Song with_tempo(Song song, double bpm) {
    if (song.tempos.empty())
      song.tempos.push_back({.tick = 0, .microseconds_per_quarter = std::llround(60e6 / bpm)});
    return song;
  }

  Encoder encoder_;
  std::uint64_t hash_ = 0;  // of type and settings, of an encoder of a program's own
};

}  // namespace internal

/// An encoder of any type, as a corpus or a model file names it. Copies are cheap and share the encoder,
/// which is immutable.
///
///   if (const auto* events = any.get_if<EventEncoder>()) use(*events);
///   const auto& events = any.as<EventEncoder>();            // Error if it is another
///   visit_encoder(any, [](const auto& encoder) { … });      // for every type
///
/// It is a Grammar whose functions are indirect calls, so that a Generator<AnyEncoder> serves every encoder;
/// visit_encoder() passes gruve's music encoders by their own types.
class AnyEncoder {
 public:
  using State = internal::AnyState;  // of the grammar

  /// A TimestepEncoder with its defaults.
  AnyEncoder() : AnyEncoder(TimestepEncoder()) {}

  /// One of gruve's encoders, or a program's own that files can name (StoredEncoder). Allocates.
  template <class Encoder>
  requires(BuiltInEncoder<Encoder> || StoredEncoder<Encoder>) AnyEncoder(Encoder encoder)
      : vocab_size_(encoder.vocab_size()),
        start_token_(encoder.start_token()),
        allows_all_(kAllowsAll<Encoder>),
        is_music_(MusicEncoder<Encoder>),
        encoder_(std::make_shared<internal::EncoderHolder<Encoder>>(std::move(encoder))) {
    constexpr std::string_view kType = Encoder::kType;
    static_assert(
        BuiltInEncoder<Encoder> || (kType != TimestepEncoder::kType && kType != EventEncoder::kType &&
                                    kType != CharEncoder::kType && kType != IdEncoder::kType),
        "Encoder::kType must not be that of an encoder of gruve");
    if (vocab_size_ < 1 || vocab_size_ > kMaxVocabSize || start_token_ >= vocab_size_)
      internal::raise(Error("an encoder of " + std::to_string(vocab_size_) + " tokens whose start token is " +
                            std::to_string(start_token_) + ": expected 1 to " +
                            std::to_string(kMaxVocabSize) + " tokens, of which the start token is one"));
    if (is_music_ && encoder_->steps_per_quarter() < 1)
      internal::raise(Error("a music encoder of " + std::to_string(encoder_->steps_per_quarter()) +
                            " timesteps per quarter note, expected at least 1"));
  }
  AnyEncoder(const AnyEncoder&) = default;  ///< shares the encoder; there is no move, which would leave none
  AnyEncoder& operator=(const AnyEncoder&) = default;  ///< likewise
  ~AnyEncoder() = default;

  /// The encoder's kType.
  std::string_view type() const noexcept { return encoder_->type(); }
  /// The settings() of a StoredEncoder; empty for gruve's other encoders.
  std::string settings() const { return encoder_->settings(); }

  /// The encoder, or null if it has another type.
  template <class Encoder>
  const Encoder* get_if() const noexcept {
    if (encoder_->tag() != &internal::kEncoderTag<Encoder>) return nullptr;
    return &static_cast<const internal::EncoderHolder<Encoder>&>(*encoder_).encoder();
  }
  /// The encoder. Throws Error if it has another type.
  template <class Encoder>
  const Encoder& as() const {
    if (const Encoder* encoder = get_if<Encoder>()) return *encoder;
    internal::raise(Error("the encoder is of type \"" + std::string(type()) + "\", expected \"" +
                          std::string(Encoder::kType) + "\""));
  }

  /// V, the number of tokens.
  int vocab_size() const noexcept { return vocab_size_; }
  /// The token that a model reads before the first one of a sequence.
  Token start_token() const noexcept { return start_token_; }
  /// The state before the first token.
  State start() const noexcept { return encoder_->start(); }
  /// The state after one more token.
  State advance(const State& state, Token token) const noexcept { return encoder_->advance(state, token); }
  /// Whether a token may come next.
  bool allowed(const State& state, Token token) const noexcept {
    return allows_all_ ? token < vocab_size_ : encoder_->allowed(state, token);
  }
  /// Whether a sequence may end in a state.
  bool at_boundary(const State& state) const noexcept { return encoder_->at_boundary(state); }
  /// Whether the next token is within a part that is like an earlier one.
  bool returns(const State& state) const noexcept { return encoder_->returns(state); }

  /// Writes or reads a state; see transfer_grammar().
  void transfer(StateBytes& bytes, State& state) const noexcept { encoder_->transfer(bytes, state); }
  /// Writes or checks the kind of encoder; see transfer_kind().
  void transfer_kind(StateBytes& bytes) const noexcept { encoder_->transfer_kind(bytes); }

  /// The features of a description, with their shape. Throws Error if the encoder does not have them.
  Features features(const std::string& description) const {
    Features features = encoder_->features(description);
    const auto& [inputs, outputs] = features.shape;
    constexpr int kMaxRows = 65'536;
    if (inputs < 0 || inputs > kMaxRows || outputs < 0 || outputs > kMaxRows)
      internal::raise(Error("features of " + std::to_string(inputs) + " input rows and " +
                            std::to_string(outputs) + " output rows: expected up to 65536"));
    return features;
  }
  /// The state of the features of a description, before the first token. Allocates.
  internal::AnyFeatures feature_state(const std::string& description) const {
    return internal::AnyFeatures(encoder_->feature_state(description));
  }

  /// The grammar and the features of a batch of num_sequences sequences, for chunks. Allocates.
  std::unique_ptr<ChunkRules> rules(const Features& features, std::size_t num_sequences) const {
    return encoder_->rules(features, num_sequences);
  }

  /// Whether it is a MusicEncoder. The functions below are for those.
  bool is_music() const noexcept { return is_music_; }
  /// Timesteps per quarter note; 0 if it is not a MusicEncoder.
  int steps_per_quarter() const noexcept { return encoder_->steps_per_quarter(); }
  /// The number of timesteps by which a token advances the music; 0 if it is not a MusicEncoder.
  int steps(const State& state, Token token) const noexcept { return encoder_->steps(state, token); }
  /// The tokens of a song. Throws Error as the encoder does, and if it is not a MusicEncoder.
  std::vector<Token> encode_song(const Song& song) const { return encoder_->encode(song); }
  /// The song of tokens. Throws Error as the encoder does, and if it is not a MusicEncoder.
  ///
  /// bpm  tempo in quarter notes per minute, if the tokens have none
  Song decode_song(std::span<const Token> tokens, double bpm = 120) const {
    return encoder_->decode(tokens, bpm);
  }

  friend bool operator==(const AnyEncoder& a, const AnyEncoder& b) { return a.encoder_->equals(*b.encoder_); }

 private:
  int vocab_size_;
  Token start_token_;
  bool allows_all_;
  bool is_music_;
  std::shared_ptr<const internal::EncoderBase> encoder_;
};

static_assert(Grammar<AnyEncoder>);

/// A music encoder that is known at run time.
class AnyMusicEncoder : public AnyEncoder {
 public:
  using Source = Song;  // what it encodes

  /// Throws Error if the encoder is not a MusicEncoder.
  explicit AnyMusicEncoder(const AnyEncoder& encoder) : AnyEncoder(encoder) {
    if (!is_music())
      internal::raise(Error("an encoder of type \"" + std::string(type()) + "\" does not encode music"));
  }

  /// The tokens of a song; see AnyEncoder::encode_song().
  std::vector<Token> encode(const Song& song) const { return encode_song(song); }
  /// The song of tokens; see AnyEncoder::decode_song().
  Song decode(std::span<const Token> tokens, double bpm = 120) const { return decode_song(tokens, bpm); }
};

static_assert(MusicEncoder<AnyMusicEncoder>);

/// Calls f with the encoder: as a TimestepEncoder or an EventEncoder if it is one, as an AnyMusicEncoder if
/// it is another MusicEncoder, otherwise as the AnyEncoder. f must return the same type for each.
template <class F>
decltype(auto) visit_encoder(const AnyEncoder& encoder, F&& f) {
  if (const auto* timesteps = encoder.get_if<TimestepEncoder>()) return f(*timesteps);
  if (const auto* events = encoder.get_if<EventEncoder>()) return f(*events);
  if (encoder.is_music()) return f(AnyMusicEncoder(encoder));
  return f(encoder);
}

/// The state of an encoder's features before the first token. Throws Error if the encoder does not have the
/// features of the description.
template <Grammar Encoder>
auto feature_state(const Encoder& encoder, const std::string& description) {
  if constexpr (requires { encoder.feature_state(description); })
    return encoder.feature_state(description);
  else
    return first_features(encoder, description);
}

}  // namespace gruve::inline v0_2
