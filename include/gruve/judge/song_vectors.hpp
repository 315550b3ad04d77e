#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

#include "gruve/core/error.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/model/trained_model.hpp"

namespace gruve::inline v0_2 {

/// Songs as vectors: the mean over a song's tokens of the last layer's state of a model that reads it. The
/// model should be trained on other music than the songs, so that neither kind of a comparison is its own.
///
/// Returns [N, H]; the row of a song without a token is 0. Throws Error if the model is not music.
inline Eigen::MatrixXd song_vectors(std::span<const Song> songs, const TrainedModel& model,
                                    ThreadPool& threads) {
  if (!model.encoder.is_music())
    throw Error("a model of type \"" + std::string(model.encoder.type()) + "\" cannot read songs");
  const PackedModel<float> packed(model.network);
  const auto H = static_cast<Eigen::Index>(model.network.config.hidden_size);
  Eigen::MatrixXd vectors = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(songs.size()), H);
  threads.for_each(songs.size(), [&](std::size_t i) {
    const std::vector<Token> tokens = model.encoder.encode_song(songs[i]);
    auto features = model.encoder.feature_state(model.network.config.features.description);
    Stepper stepper(packed);
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(H);
    Token last = model.encoder.start_token();
    for (const Token token : tokens) {
      stepper.step(last, features.rows());
      sum += Eigen::Map<const Eigen::VectorXf>(
                 stepper.state().data() + stepper.state().size() - static_cast<std::size_t>(H), H)
                 .cast<double>();
      last = token;
      features.advance(last);
    }
    if (!tokens.empty())
      vectors.row(static_cast<Eigen::Index>(i)) = (sum / static_cast<double>(tokens.size())).transpose();
  });
  return vectors;
}

}  // namespace gruve::inline v0_2
