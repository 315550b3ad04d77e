#pragma once

#include <optional>
#include <string>

#include "gruve/midi/music_info.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/any_encoder.hpp"

namespace gruve::inline v0_2 {

/// A network with its encoder: the content of a model file.
struct TrainedModel {
  GruModel<float> network;              // configuration and parameters
  AnyEncoder encoder;                   // of the tokens that the network was trained on
  std::optional<MusicInfo> music = {};  // of a music encoder: tempo and metre of the training songs
  std::string training = {};            // settings and learning curve of the training as JSON; may be empty
  std::string measures = {};            // ranges of the training songs' measures: see CorpusInfo::measures
};

}  // namespace gruve::inline v0_2
