#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/core/hash.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/generate/controls.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/generate/sequence.hpp"
#include "gruve/model/ensemble.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

/// Generates an endless sequence from a model, a token at a time, each one allowed by the encoder's grammar:
/// whatever the model has learnt, the sequence decodes.
///
///   const TrainedModel model = load("model.safetensors");
///   const PackedModel<float> packed(model.network);
///   Generator generator(packed, model.encoder, {.temperature = 0.9f}, seed);
///   const Token token = generator.next();
///
/// Given a vector of packed models in place of one, it draws from the mean of their probabilities.
///
/// The constructor allocates, and a copy for itself. All other member functions allocate nothing, take no
/// lock and don't throw, so an audio callback may call them; one thread at a time. A copy is a fork: it goes
/// on with the same tokens until it is reseeded or set otherwise. The packed models must outlive the
/// generator; several generators may share them.
///
/// Cost of next(): a step of each model and Sampler::sample().
template <Grammar Encoder>
class Generator {
 public:
  /// The same seed and stream give the same tokens. Throws Error on options that are out of range, and on a
  /// model whose vocabulary is not of the encoder's size.
  /// models   a PackedModel<float>, or a vector of them
  /// threads  as Stepper has them
  Generator(const Ensemble& models, Encoder encoder, const SamplerOptions& options, std::uint64_t seed,
            std::uint64_t stream = 0, ThreadPool* threads = nullptr, const ControlOptions& controls = {})
      : encoder_(std::move(encoder)),
        sequence_(encoder_, models.features(), options, controls, seed, stream),
        last_(encoder_.start_token()) {
    models.require_vocabulary(encoder_.vocab_size());
    for (std::size_t i = 0; i < models.size(); ++i) steppers_.emplace_back(models[i], threads);
  }

  /// Takes tokens as if it had generated them, to go on from there. They must be in the vocabulary.
  void prime(std::span<const Token> tokens) noexcept {
    for (const Token token : tokens) {
      for (std::size_t i = 0; i < steppers_.size(); ++i) step(i);
      sequence_.take(encoder_, token);
      last_ = token;
    }
  }

  /// Generates the next token.
  Token next() noexcept {
    return next([](Token) { return true; });
  }

  /// filter  filter(token) restricts the choice further; it must accept a token that the grammar allows
  template <class Filter>
  Token next(Filter&& filter) noexcept {
    last_ = sequence_.draw(
        encoder_, [this](std::size_t i) { return step(i); }, filter);
    return last_;
  }

  /// Sets how tokens are drawn, or what is kept of music, from the next token on. False, and nothing changed,
  /// on options that the constructor would refuse; see Controls::set() for one case more.
  bool set(const SamplerOptions& options) noexcept { return sequence_.set(options); }
  bool set(const ControlOptions& options) noexcept { return sequence_.set(options); }

  /// Goes on with the random numbers of another seed and stream, from their beginning.
  void reseed(std::uint64_t seed, std::uint64_t stream = 0) noexcept { sequence_.reseed(seed, stream); }

  /// Makes this what `earlier`, a copy of it, was, but for the random numbers: what comes is another
  /// continuation from there.
  void restore(const Generator& earlier) noexcept {
    steppers_ = earlier.steppers_;
    sequence_.restore(earlier.sequence_);
    last_ = earlier.last_;
  }

  /// The most bytes that a state takes; the same for all generators of the same sizes.
  std::size_t state_size() const noexcept {
    StateBytes bytes = StateBytes::measuring();
    transfer(bytes);
    return kStateOverhead + bytes.size();
  }

  /// Writes what the tokens to come depend on, besides the models' weights and the options: hidden states,
  /// grammar, features, controls, entropy, random numbers. Equal bytes are equal states. Returns how many
  /// bytes were written, 0 where `out` is too small; state_size() is always enough.
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

  /// Goes on from what save_state() wrote: with the same weights and options the tokens to come are the same
  /// bits. False, and nothing changed, where the bytes are damaged, or of a generator with another encoder or
  /// other sizes. Bytes that come from an untrusted source can give odd music, but no undefined behaviour.
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

  const Encoder& encoder() const noexcept { return encoder_; }
  typename Encoder::State state() const noexcept { return sequence_.state(); }

 private:
  // "gruve" and the version of what is written.
  static constexpr std::uint64_t kStateMark = 0x01'65'76'75'72'67;
  static constexpr std::size_t kStateHead = 2 * sizeof(std::uint64_t);
  static constexpr std::size_t kStateOverhead = kStateHead + sizeof(std::uint64_t);

  // Reading changes the generator, and is asked for only where that may be.
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

  // The logits [V] of a model for the token to come.
  std::span<const float> step(std::size_t model) noexcept {
    return steppers_[model].step(last_, sequence_.features(model));
  }

  std::vector<Stepper> steppers_;  // of each model
  Encoder encoder_;
  Sequence<Encoder> sequence_;
  Token last_;  // not yet fed to the steppers
};

/// At least `count` tokens, and then as many more as it takes to come to a boundary.
template <Grammar Encoder>
std::vector<Token> generate_tokens(Generator<Encoder>& generator, std::size_t count) {
  std::vector<Token> tokens;
  while (tokens.size() < count || !generator.at_boundary()) tokens.push_back(generator.next());
  return tokens;
}

namespace internal {

// Appends music of `steps` timesteps, which may be the last of a piece: then as of generate_steps(). Returns
// how many timesteps it takes.
template <MusicEncoder Encoder>
std::int64_t append_steps(Generator<Encoder>& generator, std::int64_t steps, bool is_last,
                          std::vector<Token>& tokens) {
  const Encoder& encoder = generator.encoder();
  std::int64_t left = steps;
  while (left > 0 || (is_last && !tokens.empty() && !generator.at_boundary())) {
    const auto state = generator.state();
    const bool must_sound = is_last && generator.at_boundary();
    tokens.push_back(
        generator.next([&](Token token) { return !must_sound || encoder.steps(state, token) < left; }));
    left -= encoder.steps(state, tokens.back());
  }
  return steps - left;
}

}  // namespace internal

/// Music of `steps` timesteps, and as many more as it takes to come to a boundary: of whole bars where the
/// encoder counts in bars. It doesn't end in silence from one boundary to the next, so that the piece is as
/// long as it is meant to be also to a player that stops with the last note.
template <MusicEncoder Encoder>
std::vector<Token> generate_steps(Generator<Encoder>& generator, std::int64_t steps) {
  std::vector<Token> tokens;
  internal::append_steps(generator, steps, true, tokens);
  return tokens;
}

}  // namespace gruve::inline v0_1
