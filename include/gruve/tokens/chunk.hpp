#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gruve/tokens/features.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// T timesteps of B sequences, time-major: the unit of truncated backpropagation through time.
struct Chunk {
  /// A chunk of zeros. Allocates.
  Chunk(int num_timesteps, int batch_size)
      : T(num_timesteps),
        B(batch_size),
        inputs(static_cast<std::size_t>(T) * static_cast<std::size_t>(B)),
        targets(inputs.size()),
        reset(inputs.size()),
        songs(inputs.size()) {}

  /// The rows of the input features at an input, an index in [T, B]. Only where feature_begin is not empty.
  std::span<const std::uint16_t> features(std::size_t at) const noexcept {
    return std::span(feature_rows).subspan(feature_begin[at], feature_begin[at + 1] - feature_begin[at]);
  }

  /// The output features at an input, likewise. Only where output_begin is not empty.
  std::span<const OutputFeature> outputs(std::size_t at) const noexcept {
    return std::span(output_features).subspan(output_begin[at], output_begin[at + 1] - output_begin[at]);
  }

  int T;  // timesteps
  int B;  // batch size
  // clang-format off
  std::vector<Token> inputs;            // [T, B]
  std::vector<Token> targets;           // [T, B]: the next token; kNoToken where nothing is predicted
  std::vector<std::uint8_t> reset;      // [T, B]: 1 at a song's first token, before which the state is zero
  std::vector<std::uint32_t> songs;     // [T, B]: the song of the corpus that the target belongs to
  std::vector<std::uint8_t> forbidden = {};  // [T, B, V]: 1 if the grammar does not allow a token as target; empty
                                        // if it allows all tokens
  // The features at the inputs (FeatureRows); empty if the model has none.
  std::vector<std::uint32_t> feature_begin = {};   // [T·B + 1]: index in feature_rows of each input's first row
  std::vector<std::uint16_t> feature_rows = {};    // input features of all inputs
  std::vector<std::uint32_t> output_begin = {};    // [T·B + 1]: the same in output_features
  std::vector<OutputFeature> output_features = {}; // output features of all inputs
  // clang-format on
};

/// The target after the end of a sequence. No vocabulary has this token.
inline constexpr Token kNoToken = 0xFFFF;

}  // namespace gruve::inline v0_2
