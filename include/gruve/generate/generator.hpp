#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/generate/controls.hpp"
#include "gruve/generate/outline.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/generate/sequence.hpp"
#include "gruve/model/ensemble.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// The encoder. Throws Error if the models can't be of it: by the vocabulary first, since the features that it
// lacks are none that the caller has asked for.
template <Grammar Encoder>
Encoder encoder_of(const Ensemble& models, Encoder encoder) {
  models.require_vocabulary(encoder.vocab_size());
  for (const Features& features : models.features()) {
    if (!features.any()) continue;
    if (const std::optional<Error> error = error_of([&] { feature_state(encoder, features.description); }))
      raise(Error("a model of another encoder: " + std::string(error->reason())));
  }
  return encoder;
}

}  // namespace internal

/// Generates an endless sequence from a model, one token at a time. The encoder's grammar allows every token,
/// so the sequence decodes whatever the model has learnt.
///
///   const TrainedModel model = load("model.safetensors");
///   const PackedModel<float> packed(model.network);
///   Generator generator(packed, model.encoder, {.temperature = 0.9f}, seed);
///   const Token token = generator.next();
///
/// With a vector of packed models instead of one, it draws from the mean of their probabilities.
///
/// The constructor and copying allocate. Without a thread pool all other member functions allocate nothing,
/// take no lock and don't throw, so that an audio callback may call them; one thread at a time. A copy
/// generates the same tokens as the original until it is reseeded or its options are set. The packed models
/// must outlive the generator; several generators may share them.
///
/// Cost of next(): one step of each model and one Sampler::sample().
template <Grammar Encoder>
class Generator {
 public:
  /// A generator before the first token. The same seed and stream give the same tokens. Throws Error if an
  /// option is out of range, or if a model is of another encoder: its vocabulary has another size, or it has
  /// features that the encoder lacks.
  ///
  /// models   a PackedModel<float>, or a vector of them
  /// threads  share each step; null for none: see Stepper
  Generator(const Ensemble& models, Encoder encoder, const SamplerOptions& options, std::uint64_t seed,
            std::uint64_t stream = 0, ThreadPool* threads = nullptr, const ControlOptions& controls = {})
      : encoder_(internal::encoder_of(models, std::move(encoder))),
        sequence_(encoder_, models.features(), options, controls, seed, stream),
        last_(encoder_.start_token()) {
    for (std::size_t i = 0; i < models.size(); ++i) steppers_.emplace_back(models[i], threads);
  }

  /// Reads tokens as if it had generated them; next() continues after them. They must be in the vocabulary,
  /// and what the grammar allows, as an encoder's are: after others a state may be one that restore_state()
  /// refuses. Cost: one step of each model per token.
  void prime(std::span<const Token> tokens) noexcept {
    for (const Token token : tokens) {
      assert(token < encoder_.vocab_size());
      for (std::size_t i = 0; i < steppers_.size(); ++i) step(i);
      sequence_.take(encoder_, token);
      last_ = token;
    }
  }

  /// Generates the next token.
  Token next() noexcept {
    return next([](Token) { return true; });
  }

  /// Generates the next token among those that a filter accepts.
  ///
  /// filter  filter(token) restricts the choice further; it must accept at least one grammatical token
  template <class Filter>
  Token next(Filter&& filter) noexcept {
    last_ = sequence_.draw(
        encoder_, [this](std::size_t i) { return step(i); }, filter);
    return last_;
  }

  /// The probability of a token in the distribution that the last one was drawn from: see
  /// Sampler::probability().
  float probability(Token token) noexcept { return sequence_.probability(token); }

  /// Sets how tokens are drawn from the next one on. Returns false, and changes nothing, on options that the
  /// constructor would refuse.
  bool set(const SamplerOptions& options) noexcept { return sequence_.set(options); }
  /// Sets the limits from the next token on. Returns false, and changes nothing, on options that the
  /// constructor would refuse, and in one more case: see Controls::set().
  bool set(const ControlOptions& options) noexcept { return sequence_.set(options); }

  /// Continues with the random numbers of another seed and stream, from the first of them.
  void reseed(std::uint64_t seed, std::uint64_t stream = 0) noexcept { sequence_.reseed(seed, stream); }

  /// Restores the state of `earlier`, a copy of this generator, except for the random numbers: next() gives
  /// another continuation from there.
  void restore(const Generator& earlier) noexcept {
    steppers_ = earlier.steppers_;
    sequence_.restore(earlier.sequence_);
    last_ = earlier.last_;
  }

  /// The maximum size of a saved state in bytes; the same for all generators of the same sizes.
  std::size_t state_size() const noexcept {
    StateBytes bytes = StateBytes::measuring();
    transfer(bytes);
    return kStateOverhead + bytes.size();
  }

  /// Writes all that the next tokens depend on, except for the models' weights and the options: hidden
  /// states, grammar, features, controls, entropy, random numbers. Equal bytes mean equal states. Returns the
  /// number of bytes written, or 0 if `out` is too small; state_size() bytes always suffice.
  ///
  /// Cost: copies the state, of some kilobytes, to which models with repeat features add up to 80 bytes for
  /// each change in the last 32,768 timesteps.
  std::size_t save_state(std::span<std::byte> out) const noexcept {
    if (out.size() < kStateOverhead) return 0;
    StateBytes bytes = StateBytes::writing(out.subspan(kStateHead, out.size() - kStateOverhead));
    transfer(bytes);
    if (!bytes.ok()) return 0;
    StateBytes head = StateBytes::writing(out.first(kStateHead));
    head.same(kStateMark);
    head.same(static_cast<std::uint64_t>(bytes.size()));
    const std::size_t end = kStateHead + bytes.size();
    StateBytes tail = StateBytes::writing(out.subspan(end, sizeof(std::uint64_t)));
    tail.same(content_hash(std::span<const std::byte>(out.first(end))));
    return end + sizeof(std::uint64_t);
  }

  /// Restores a state that save_state() wrote: with the same weights and options next() then gives the same
  /// tokens. Returns false, and changes nothing, if the bytes are damaged, or are from a generator with
  /// another encoder or other sizes. Bytes from an untrusted source can give odd music, but no undefined
  /// behaviour.
  bool restore_state(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() < kStateOverhead) return false;
    const std::size_t end = bytes.size() - sizeof(std::uint64_t);
    StateBytes head = StateBytes::checking(bytes.first(kStateHead));
    head.same(kStateMark);
    head.same(static_cast<std::uint64_t>(end - kStateHead));
    StateBytes tail = StateBytes::checking(bytes.subspan(end));
    tail.same(content_hash(bytes.first(end)));
    if (!head.ok() || !tail.ok()) return false;
    const auto fields = bytes.subspan(kStateHead, end - kStateHead);
    StateBytes check = StateBytes::checking(fields);
    transfer(check);
    if (!check.ok() || check.size() != fields.size()) return false;
    StateBytes read = StateBytes::reading(fields);
    transfer(*this, read);
    return true;
  }

  /// Whether the sequence may end here.
  bool at_boundary() const noexcept { return encoder_.at_boundary(sequence_.state()); }

  /// The encoder whose grammar the tokens follow.
  const Encoder& encoder() const noexcept { return encoder_; }
  /// The grammar's state after the last token.
  typename Encoder::State state() const noexcept { return sequence_.state(); }

 private:
  // "gruve" and the version of what is written.
  static constexpr std::uint64_t kStateMark = 0x01'65'76'75'72'67;
  static constexpr std::size_t kStateHead = 2 * sizeof(std::uint64_t);
  static constexpr std::size_t kStateOverhead = kStateHead + sizeof(std::uint64_t);

  // Only Purpose::read changes the generator; const callers never read.
  void transfer(StateBytes& bytes) const noexcept { transfer(const_cast<Generator&>(*this), bytes); }

  static void transfer(Generator& self, StateBytes& bytes) noexcept {
    bytes.same(static_cast<std::uint32_t>(self.steppers_.size()));
    for (Stepper& stepper : self.steppers_) {
      const ModelConfig& config = stepper.config();
      for (const int size : {config.embedding_size, config.hidden_size, config.num_layers})
        bytes.same(static_cast<std::int32_t>(size));
      bytes.values(stepper.state());
    }
    self.sequence_.transfer(self.encoder_, bytes);
    const int V = self.encoder_.vocab_size();
    bytes.value(self.last_, [&](Token token) { return token < V; });
  }

  // The logits [V] of a model for the next token.
  std::span<const float> step(std::size_t model) noexcept {
    return steppers_[model].step(last_, sequence_.features(model));
  }

  std::vector<Stepper> steppers_ = {};  // of each model
  Encoder encoder_;
  Sequence<Encoder> sequence_;
  Token last_;  // not yet fed to the steppers
};

namespace internal {

// Whether a token says where the sequence ends, which is not known where its length is in tokens.
template <Grammar Encoder>
bool begins_ending(const Encoder& encoder, Token token) noexcept {
  if constexpr (std::is_same_v<Encoder, EventEncoder>)
    return encoder.event(token).kind == EventEncoder::Kind::left;
  else
    return false;
}

}  // namespace internal

/// Generates at least `count` tokens, and more until the next boundary of the grammar.
template <Grammar Encoder>
std::vector<Token> generate_tokens(Generator<Encoder>& generator, std::size_t count) {
  std::vector<Token> tokens;
  while (tokens.size() < count || !generator.at_boundary())
    tokens.push_back(
        generator.next([&](Token token) { return !internal::begins_ending(generator.encoder(), token); }));
  return tokens;
}

namespace internal {

// Whether the grammar allows a token that takes less than is left: true of the encoders of gruve.
template <MusicEncoder Encoder, class Amount>
bool can_sound(const Encoder& encoder, const typename Encoder::State& state, Amount&& amount_of,
               double left) noexcept {
  if constexpr (std::is_same_v<Encoder, TimestepEncoder> || std::is_same_v<Encoder, EventEncoder>)
    return true;
  for (int token = 0; token < encoder.vocab_size(); ++token) {
    const auto next = static_cast<Token>(token);
    if (encoder.allowed(state, next) && amount_of(state, next) < left) return true;
  }
  return false;
}

// What rounding may leave of an amount of music.
inline constexpr double kNoMusic = 1e-9;

// What a sequence's next token may be, and whether it needs one, where `left` of the last part of a piece is
// left: see generate_music().
template <MusicEncoder Encoder, class Amount>
bool may_follow(const Encoder& encoder, const Outline<Encoder>& outline, const typename Encoder::State& state,
                Token token, double left, Amount&& amount_of) noexcept {
  if (!outline.accepts(state, token, left, amount_of)) return false;
  return !encoder.at_boundary(state) || outline.is_ending(state) ||
         !can_sound(encoder, state, amount_of, left) || amount_of(state, token) < left - kNoMusic;
}
template <MusicEncoder Encoder>
bool is_complete(const Encoder& encoder, const Outline<Encoder>& outline,
                 const typename Encoder::State& state, double left) noexcept {
  return outline.is_over(state) ||
         (left <= kNoMusic && encoder.at_boundary(state) && !outline.is_ending(state));
}

// Appends an amount of music; if it is the last of a piece, as generate_music() does. Returns the amount that
// was appended.
//
// after  the amount that follows it in the piece
template <MusicEncoder Encoder, class Amount>
double append_music(Generator<Encoder>& generator, Outline<Encoder>& outline, double amount, double after,
                    Amount&& amount_of, std::vector<Token>& tokens) {
  const Encoder& encoder = generator.encoder();
  double left = amount;
  const bool is_last = after <= 0;
  const auto goes_on = [&] {
    if (!is_last) return left > kNoMusic && !outline.is_over(generator.state());
    return left > kNoMusic || !tokens.empty() ? !is_complete(encoder, outline, generator.state(), left)
                                              : false;
  };
  while (goes_on()) {
    const auto state = generator.state();
    tokens.push_back(generator.next([&](Token token) {
      return is_last ? may_follow(encoder, outline, state, token, left, amount_of)
                     : outline.accepts(state, token, left + after, amount_of);
    }));
    outline.advance(tokens.back());
    left -= amount_of(state, tokens.back());
  }
  return amount - left;
}

}  // namespace internal

/// Generates an amount of music, and more until the next boundary of the grammar: whole bars if the encoder
/// has bars. The last bar (of an encoder without bars, the last timestep) is not silent, so that a player
/// that stops after the last note does not shorten the piece. An encoder whose tokens say how many bars are
/// left ends the piece at the bar nearest to that amount; at the tempo of its last bars, they are counted by
/// seconds.
///
/// lags       for each bar, how many bars back the one is that it returns to: see Outline
/// amount_of  amount_of(state, token): what a token that is allowed in a state adds, at least 0: timesteps,
///            bars or seconds
template <MusicEncoder Encoder, class Amount>
std::vector<Token> generate_music(Generator<Encoder>& generator, double amount, Amount&& amount_of,
                                  std::span<const int> lags = {}) {
  std::vector<Token> tokens;
  Outline<Encoder> outline(generator.encoder(), lags);
  internal::append_music(generator, outline, amount, 0, amount_of, tokens);
  return tokens;
}

/// Generates music of `steps` timesteps, as generate_music() does.
template <MusicEncoder Encoder>
std::vector<Token> generate_steps(Generator<Encoder>& generator, std::int64_t steps) {
  const Encoder& encoder = generator.encoder();
  return generate_music(generator, static_cast<double>(steps),
                        [&](const typename Encoder::State& state, Token token) {
                          return static_cast<double>(encoder.steps(state, token));
                        });
}

}  // namespace gruve::inline v0_2
