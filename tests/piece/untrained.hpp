#pragma once

#include <cstdint>
#include <string>

#include "gruve/model/model_file.hpp"

namespace gruve::tests {

/// A model that has learnt nothing; if it is of music, of music in 3/4.
inline TrainedModel untrained(const AnyEncoder& encoder, std::uint64_t seed = 1,
                              const std::string& features = {}) {
  TrainedModel model{.network = GruModel<float>({.vocab_size = encoder.vocab_size(),
                                                 .embedding_size = 8,
                                                 .hidden_size = 24,
                                                 .features = encoder.features(features)}),
                     .encoder = encoder};
  if (encoder.is_music()) model.music = MusicInfo{.tempo_bpm = 90, .time_signature = {0, 3, 4}};
  initialize(model.network, seed);
  return model;
}

}  // namespace gruve::tests
