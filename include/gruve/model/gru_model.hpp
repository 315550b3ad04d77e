#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/nn/dense.hpp"
#include "gruve/nn/embedding.hpp"
#include "gruve/nn/gru.hpp"
#include "gruve/tokens/features.hpp"

namespace gruve::inline v0_2 {

/// The configuration of a GruModel.
struct ModelConfig {
  int vocab_size = 0;                               // V, 1 to kMaxVocabSize
  int embedding_size = 128;                         // E, at least 1
  int hidden_size = 256;                            // H, at least 1
  int num_layers = 1;                               // L, at least 1
  ResetGate reset_gate = ResetGate::after_product;  // the reset variant
  Features features = {};                           // inputs in addition to the last token

  int embedding_rows() const noexcept { return vocab_size + features.shape.inputs; }  // V + C
  int output_rows() const noexcept { return vocab_size + features.shape.outputs; }    // V + R

  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};

/// A language model over tokens: embedding, GRU layers, and a dense layer that gives a logit for each token.
/// A model with features adds their rows of the embedding [V + C, E] to the last token's, and the outputs of
/// their rows of the dense layer [V + R, H] to the logits of the tokens (see FeatureRows).
/// It holds only the parameters and the state in which a sequence begins; ChunkPass trains them and Stepper
/// generates from them. A gradient has the same type.
template <class Scalar>
struct GruModel {
  /// All parameters zero.
  explicit GruModel(const ModelConfig& model_config)
      : config(model_config),
        embedding(config.embedding_rows(), config.embedding_size),
        gru(config.embedding_size, config.hidden_size, config.num_layers, config.reset_gate),
        output(config.hidden_size, config.output_rows()) {}

  ModelConfig config;           // sizes of the parameters
  Embedding<Scalar> embedding;  // [V + C, E]
  Gru<Scalar> gru;              // L layers
  Dense<Scalar> output;         // [V + R, H]

  /// The state [L, H] in which each sequence begins, each number from -1 to 1 as in all states of a GRU;
  /// empty for zeros. It is none of the parameters that for_each_parameter() visits: tune_initial_state()
  /// learns it.
  std::vector<Scalar> initial_state = {};

  /// Calls visit(name, parameter) for each parameter, in a fixed order, with the name it has in a PyTorch
  /// module that holds `embedding`, `gru` and `output`: "embedding.weight", "gru.weight_ih_l0", …,
  /// "output.bias".
  template <class Visit>
  void for_each_parameter(Visit&& visit) {
    visit_all(*this, visit);
  }
  /// The same for a constant model.
  template <class Visit>
  void for_each_parameter(Visit&& visit) const {
    visit_all(*this, visit);
  }

  /// The total number of elements of all parameters.
  std::size_t num_parameters() const {
    std::size_t count = 0;
    for_each_parameter(
        [&](const std::string&, const Parameter<Scalar>& parameter) { count += parameter.size(); });
    return count;
  }

 private:
  template <class Self, class Visit>
  static void visit_all(Self& self, Visit& visit) {
    const auto with = [&](const char* prefix) {
      return [&visit, prefix](const std::string& name, auto& parameter) { visit(prefix + name, parameter); };
    };
    Embedding<Scalar>::for_each_parameter(self.embedding, with("embedding."));
    Gru<Scalar>::for_each_parameter(self.gru, with("gru."));
    Dense<Scalar>::for_each_parameter(self.output, with("output."));
  }
};

/// Sets a model's parameters to random numbers: the embedding to N(0, 1) as torch.nn.Embedding does, the
/// output layer's bias to zero, all others uniformly to ±1/√H as torch.nn.GRU does. The same seed gives the
/// same numbers.
template <class Scalar>
void initialize(GruModel<Scalar>& model, std::uint64_t seed) {
  Rng rng(seed);
  const float bound = 1.0f / std::sqrt(static_cast<float>(model.config.hidden_size));
  model.for_each_parameter([&](const std::string& name, Parameter<Scalar>& parameter) {
    for (std::size_t i = 0; i < parameter.size(); ++i) {
      if (name == "embedding.weight")
        parameter.data()[i] = static_cast<Scalar>(rng.normal());
      else if (name == "output.bias")
        parameter.data()[i] = Scalar(0);
      else
        parameter.data()[i] = static_cast<Scalar>((2 * rng.uniform() - 1) * bound);
    }
  });
}

}  // namespace gruve::inline v0_2
