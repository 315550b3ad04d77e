#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gruve/core/thread_pool.hpp"
#include "gruve/generate/controls.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/generate/outline.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/generate/sequence.hpp"
#include "gruve/model/batch_stepper.hpp"
#include "gruve/model/ensemble.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Generates a batch of sequences from a model or an ensemble, each as a Generator of its own stream would,
/// several times as fast. A sequence depends neither on the others nor on the number of threads.
///
/// The constructor and run() allocate; set() does not. One thread at a time may call a batch generator.
template <Grammar Encoder>
class BatchGenerator {
 public:
  /// A batch before the first token. Sequence i draws from stream first_stream + i of the seed. The models
  /// and the threads must outlive the generator. Throws Error as a Generator does.
  BatchGenerator(const Ensemble& models, Encoder encoder, const SamplerOptions& options, std::uint64_t seed,
                 int num_sequences, ThreadPool& threads, std::uint64_t first_stream = 0,
                 const ControlOptions& controls = {})
      : logits_(models.size()),
        threads_(&threads),
        encoder_(internal::encoder_of(models, std::move(encoder))) {
    for (std::size_t i = 0; i < models.size(); ++i) steppers_.emplace_back(models[i], num_sequences, threads);
    for (int i = 0; i < num_sequences; ++i)
      running_.push_back({i,
                          {encoder_, models.features(), options, controls, seed,
                           first_stream + static_cast<std::uint64_t>(i)},
                          true});
    last_.assign(running_.size(), encoder_.start_token());
  }

  BatchGenerator(const BatchGenerator&) = default;  // nothing that it points to is its own
  BatchGenerator(BatchGenerator&&) = default;
  BatchGenerator& operator=(const BatchGenerator&) = default;
  BatchGenerator& operator=(BatchGenerator&&) = default;

  /// All sequences read the tokens as if they had generated them. The tokens must be in the vocabulary,
  /// and what the grammar allows.
  void prime(std::span<const Token> tokens) noexcept {
    for (const Token token : tokens) {
      assert(token < encoder_.vocab_size());
      step();
      std::fill(last_.begin(), last_.end(), token);
      for (Running& one : running_) one.sequence.take(encoder_, token);
    }
  }

  /// Generates until every sequence has ended, one token of each per step.
  ///
  /// filter(i, state, token)       whether sequence i may continue with the token in that state; it must
  ///                               accept at least one grammatical token
  /// take(i, state, token, next)   receives the token that leads from one state to the next; returns false to
  ///                               end the sequence
  ///
  /// Several threads call both at once, for different sequences.
  template <class Filter, class Take>
  void run(Filter&& filter, Take&& take) {
    const auto V = static_cast<std::size_t>(encoder_.vocab_size());
    while (!running_.empty()) {
      step();
      const auto parts = static_cast<std::size_t>(threads_->size());
      threads_->for_each_thread([&](std::size_t part) {
        const std::size_t end = running_.size() * (part + 1) / parts;
        for (std::size_t i = running_.size() * part / parts; i < end; ++i) {
          Running& one = running_[i];
          const auto state = one.sequence.state();
          last_[i] = one.sequence.draw(
              encoder_, [&](std::size_t model) { return logits_[model].subspan(i * V, V); },
              [&](Token next) { return filter(one.index, state, next); });
          one.continues = take(one.index, state, last_[i], one.sequence.state());
        }
      });
      for (std::size_t i = running_.size(); i-- > 0;)
        if (!running_[i].continues) end(i);
    }
  }

  /// Sets how tokens are drawn in all sequences that have not ended; see Generator::set().
  bool set(const SamplerOptions& options) noexcept { return set_all(options); }
  /// Sets the limits of all sequences that have not ended; see Generator::set().
  bool set(const ControlOptions& options) noexcept { return set_all(options); }

  /// The encoder whose grammar the tokens follow.
  const Encoder& encoder() const noexcept { return encoder_; }
  /// The number of sequences at the start, those that have ended included.
  int num_sequences() const noexcept { return steppers_.front().batch_size(); }

 private:
  struct Running {
    int index;
    Sequence<Encoder> sequence;
    bool continues;
  };

  // If one of them accepts the options all do: they differ only in their random numbers.
  template <class Options>
  bool set_all(const Options& options) noexcept {
    return std::all_of(running_.begin(), running_.end(),
                       [&](Running& one) { return one.sequence.set(options); });
  }

  void step() noexcept {
    for (std::size_t model = 0; model < steppers_.size(); ++model)
      logits_[model] =
          steppers_[model].step(last_, [&](std::size_t i) { return running_[i].sequence.features(model); });
  }

  // The last running sequence takes the place of one that has ended.
  void end(std::size_t i) {
    for (BatchStepper& stepper : steppers_) {
      for (int l = 0; l < stepper.config().num_layers; ++l) {
        const auto from = stepper.state(l, static_cast<int>(running_.size()) - 1);
        std::copy(from.begin(), from.end(), stepper.state(l, static_cast<int>(i)).begin());
      }
    }
    std::swap(running_[i], running_.back());
    last_[i] = last_.back();
    running_.pop_back();
    last_.pop_back();
  }

  std::vector<BatchStepper> steppers_ = {};     // of each model
  std::vector<std::span<const float>> logits_;  // [n, V] of each model, for the next tokens
  ThreadPool* threads_;
  Encoder encoder_;
  std::vector<Running> running_ = {};  // the steppers' rows
  std::vector<Token> last_ = {};       // of each, not yet fed to the steppers
};

/// Of each sequence at least `count` tokens, and then as many more as it takes to come to a boundary.
template <Grammar Encoder>
std::vector<std::vector<Token>> generate_tokens(BatchGenerator<Encoder>& generator, std::size_t count) {
  std::vector<std::vector<Token>> sequences(static_cast<std::size_t>(generator.num_sequences()));
  if (count == 0) return sequences;
  using State = typename Encoder::State;
  generator.run(
      [&](int, const State&, Token token) { return !internal::begins_ending(generator.encoder(), token); },
      [&](int i, const State&, Token token, const State& next) {
        std::vector<Token>& tokens = sequences[static_cast<std::size_t>(i)];
        tokens.push_back(token);
        return tokens.size() < count || !generator.encoder().at_boundary(next);
      });
  return sequences;
}

/// Sequences of music, each as the generate_music() of one would be.
template <MusicEncoder Encoder, class Amount>
std::vector<std::vector<Token>> generate_music(BatchGenerator<Encoder>& generator, double amount,
                                               Amount&& amount_of, std::span<const int> lags = {}) {
  std::vector<std::vector<Token>> sequences(static_cast<std::size_t>(generator.num_sequences()));
  if (amount <= internal::kNoMusic) return sequences;
  const Encoder& encoder = generator.encoder();
  std::vector<double> left(sequences.size(), amount);
  std::vector<Outline<Encoder>> outlines(sequences.size(), Outline<Encoder>(encoder, lags));
  using State = typename Encoder::State;
  generator.run(
      [&](int i, const State& state, Token token) {
        const auto at = static_cast<std::size_t>(i);
        return internal::may_follow(encoder, outlines[at], state, token, left[at], amount_of);
      },
      [&](int i, const State& state, Token token, const State& next) {
        const auto at = static_cast<std::size_t>(i);
        sequences[at].push_back(token);
        outlines[at].advance(token);
        left[at] -= amount_of(state, token);
        return !internal::is_complete(encoder, outlines[at], next, left[at]);
      });
  return sequences;
}

/// Sequences of music, each as the generate_steps() of one would be.
template <MusicEncoder Encoder>
std::vector<std::vector<Token>> generate_steps(BatchGenerator<Encoder>& generator, std::int64_t steps) {
  const Encoder& encoder = generator.encoder();
  return generate_music(generator, static_cast<double>(steps),
                        [&](const typename Encoder::State& state, Token token) {
                          return static_cast<double>(encoder.steps(state, token));
                        });
}

}  // namespace gruve::inline v0_2
