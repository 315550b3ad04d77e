#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/tokens/chunk.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Tracks an encoder's grammar and features over the sequences of a stream of chunks, and writes the mask and
/// the features into each chunk. One indirect call per chunk, for any encoder.
class ChunkRules {
 public:
  virtual ~ChunkRules() = default;

  /// Sets a sequence's state to that after the first tokens of a song.
  virtual void resume(std::size_t sequence, std::span<const Token> tokens) = 0;

  /// Writes `forbidden` and the features of a chunk from its other members.
  virtual void describe(Chunk& chunk) = 0;
};

namespace internal {

template <Grammar Encoder>
class ChunkRulesOf final : public ChunkRules {
 public:
  ChunkRulesOf(Encoder encoder, const Features& features, std::size_t num_sequences)
      : encoder_(std::move(encoder)),
        states_(num_sequences, encoder_.start()),
        features_(features.any() ? num_sequences : 0, first_features(encoder_, features.description)) {}

  void resume(std::size_t sequence, std::span<const Token> tokens) override {
    auto& state = states_[sequence];
    state = encoder_.start();
    for (const Token token : tokens) state = encoder_.advance(state, token);
    if (features_.empty()) return;
    features_[sequence].reset();
    for (const Token token : tokens) features_[sequence].advance(token);
  }

  void describe(Chunk& chunk) override {
    mask(chunk);
    if (features_.empty()) return;
    chunk.feature_rows.clear();
    chunk.output_features.clear();
    chunk.feature_begin.assign(1, 0);
    chunk.output_begin.assign(1, 0);
    for (std::size_t at = 0; at < chunk.targets.size(); ++at) {
      FeatureStateOf<Encoder>& features = features_[at % features_.size()];
      if (chunk.reset[at] != 0) features.reset();
      const FeatureRows rows = features.rows();
      chunk.feature_rows.insert(chunk.feature_rows.end(), rows.inputs.begin(), rows.inputs.end());
      chunk.feature_begin.push_back(static_cast<std::uint32_t>(chunk.feature_rows.size()));
      chunk.output_features.insert(chunk.output_features.end(), rows.outputs.begin(), rows.outputs.end());
      chunk.output_begin.push_back(static_cast<std::uint32_t>(chunk.output_features.size()));
      if (chunk.targets[at] != kNoToken) features.advance(chunk.targets[at]);
    }
  }

 private:
  void mask(Chunk& chunk) {
    if constexpr (kAllowsAll<Encoder>) {
      chunk.forbidden.clear();
    } else {
      const auto V = static_cast<std::size_t>(encoder_.vocab_size());
      chunk.forbidden.resize(chunk.targets.size() * V);
      for (std::size_t at = 0; at < chunk.targets.size(); ++at) {
        auto& state = states_[at % states_.size()];
        if (chunk.reset[at] != 0) state = encoder_.start();
        std::uint8_t* forbidden = chunk.forbidden.data() + at * V;
        for (std::size_t token = 0; token < V; ++token)
          forbidden[token] = encoder_.allowed(state, static_cast<Token>(token)) ? 0 : 1;
        if (chunk.targets[at] != kNoToken) state = encoder_.advance(state, chunk.targets[at]);
      }
    }
  }

  Encoder encoder_;
  std::vector<typename Encoder::State> states_;    // of each sequence
  std::vector<FeatureStateOf<Encoder>> features_;  // of each sequence; empty if the model has none
};

}  // namespace internal

}  // namespace gruve::inline v0_2
