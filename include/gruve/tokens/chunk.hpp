#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/tokens/context.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

/// A rectangle of tokens: T timesteps of B sequences side by side, time-major. The unit of truncated
/// backpropagation.
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
  std::vector<Token> inputs;   // [T, B]
  std::vector<Token> targets;  // [T, B]: what comes next; kNoToken where nothing is predicted
  std::vector<std::uint8_t>
      reset;  // [T, B]: 1 where a new piece begins, before whose first token the state is zero
  std::vector<std::uint32_t> songs;     // [T, B]: which song of the corpus the target is of
  std::vector<std::uint8_t> forbidden;  // [T, B, V]: 1 where the grammar does not allow a token as target; or
                                        // empty, where it allows all
  // What the model is told beside the inputs (ContextRows); empty without a context.
  std::vector<std::uint32_t> context_begin;  // [T·B + 1]: where each input's rows begin in context
  std::vector<std::uint16_t> context;
  std::vector<RelativeRows> relative;  // [T, B, V]
};

/// Stands in a chunk's targets where a sequence has ended. No vocabulary reaches this number.
inline constexpr Token kNoToken = 0xFFFF;

}  // namespace gruve
