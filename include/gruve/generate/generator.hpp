#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/generate/controls.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/generate/sequence.hpp"
#include "gruve/model/ensemble.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

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
/// next() and prime() allocate nothing, take no lock and don't throw, so an audio callback may call them. The
/// packed models must outlive the generator; several generators may share them.
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

  /// Generates the next token among those for which also(token) holds, which must be so for one that the
  /// grammar allows.
  template <class Also>
  Token next(Also&& also) noexcept {
    last_ = sequence_.draw(
        encoder_, [this](std::size_t i) { return step(i); }, also);
    return last_;
  }

  /// Makes this what `earlier`, a copy of it, was, but for the random numbers: what comes is another way on
  /// from there.
  void go_back(const Generator& earlier) {
    steppers_ = earlier.steppers_;
    sequence_.go_back(earlier.sequence_);
    last_ = earlier.last_;
  }

  /// Whether the sequence may end here.
  bool at_boundary() const noexcept { return encoder_.at_boundary(sequence_.state()); }

  const Encoder& encoder() const noexcept { return encoder_; }
  typename Encoder::State state() const noexcept { return sequence_.state(); }

 private:
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

}  // namespace gruve
