#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/tokens/features.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

/// A rectangle of tokens: T timesteps of B sequences, time-major. The unit of truncated backpropagation.
struct Chunk {
  Chunk(int num_timesteps, int batch_size)
      : T(num_timesteps),
        B(batch_size),
        inputs(static_cast<std::size_t>(T) * static_cast<std::size_t>(B)),
        targets(inputs.size()),
        reset(inputs.size()),
        songs(inputs.size()) {}

  int T;
  int B;
  // clang-format off
  std::vector<Token> inputs;            // [T, B]
  std::vector<Token> targets;           // [T, B]: the next token; kNoToken where nothing is predicted
  std::vector<std::uint8_t> reset;      // [T, B]: 1 at a sequence's first token, before which the state is zero
  std::vector<std::uint32_t> songs;     // [T, B]: the song of the corpus that the target belongs to
  std::vector<std::uint8_t> forbidden;  // [T, B, V]: 1 where the grammar does not allow a token as target; or
                                        // empty, where it allows all
  // The features at the inputs (FeatureRows); empty where the model has none.
  std::vector<std::uint32_t> feature_begin;   // [T·B + 1]: where the rows of each input begin in feature_rows
  std::vector<std::uint16_t> feature_rows;
  std::vector<FeatureTerms> feature_outputs;  // [T, B, V]
  // clang-format on
};

/// In a chunk's targets where a sequence has ended. No vocabulary has this token.
inline constexpr Token kNoToken = 0xFFFF;

}  // namespace gruve::inline v0_1
