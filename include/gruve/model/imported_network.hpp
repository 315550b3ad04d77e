#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/model/array_text.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// A network that was read from another program's file.
struct ImportedNetwork {
  GruModel<float> network;                           // configuration and parameters
  std::map<std::string, std::string> metadata = {};  // texts of the file, by name
  std::vector<std::string> notes = {};               // what arrays were taken for, and what was left out
};

namespace internal {

// The configuration of a network that a file holds. Throws Error if a size is out of range.
inline ModelConfig imported_config(const std::string& file, std::int64_t vocab_size,
                                   std::int64_t embedding_size, std::int64_t hidden_size,
                                   std::int64_t num_layers, ResetGate reset_gate,
                                   const Features& features = {}) {
  const auto size = [&](const char* what, std::int64_t value, std::int64_t most) {
    if (value < 1 || value > most)
      internal::raise(Error(file, "has " + std::string(what) + " of " + std::to_string(value) + ", expected 1 to " +
                            std::to_string(most)));
    return static_cast<int>(value);
  };
  return {.vocab_size = size("a vocabulary", vocab_size, kMaxVocabSize),
          .embedding_size = size("an embedding", embedding_size, 1 << 20),
          .hidden_size = size("a state", hidden_size, 1 << 20),
          .num_layers = size("a number of layers", num_layers, 1 << 10),
          .reset_gate = reset_gate,
          .features = features};
}

// Copies values, of which there are as many as the parameter has.
inline void fill(Parameter<float>& parameter, std::span<const float> values, const std::string& file,
                 const std::string& what) {
  if (values.size() != parameter.size())
    internal::raise(Error(file, what + " has " + std::to_string(values.size()) + " numbers, expected " +
                          shape_text(parameter.shape())));
  require_finite(values, file, what);
  std::copy(values.begin(), values.end(), parameter.data());
}

// A state in which sequences begin, which is made of numbers from -1 to 1.
inline std::vector<float> imported_state(std::span<const float> values, const std::string& file) {
  if (!std::all_of(values.begin(), values.end(), [](float h) { return std::abs(h) <= 1; }))
    internal::raise(Error(file, "the initial state has numbers that are not from -1 to 1"));
  return {values.begin(), values.end()};
}

// Throws Error if another framework has no place for what a network has.
inline void require_plain(const ModelConfig& config, const std::string& path, const std::string& format) {
  if (!config.features.description.empty())
    internal::raise(Error(path, "the model has the features " + shown_text(config.features.description) +
                                    ", which " + format +
                                    " cannot represent: its input is the last token alone (train --features "
                                    "\"\" gives such a model)"));
}

}  // namespace internal

}  // namespace gruve::inline v0_2
