#pragma once

#include <optional>
#include <string>

#include "gruve/midi/music_info.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/any_encoder.hpp"

namespace gruve::inline v0_1 {

/// A network joined to its vocabulary: what a model file holds.
struct TrainedModel {
  GruModel<float> network;
  AnyEncoder encoder;
  std::optional<MusicInfo> music = {};  // of a music encoder: what the songs that it was trained on are like
  std::string training = {};            // settings and curve of the training as JSON; empty for none
};

}  // namespace gruve::inline v0_1
