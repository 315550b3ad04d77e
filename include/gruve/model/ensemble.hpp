#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/model/packed_model.hpp"

namespace gruve::inline v0_2 {

/// The models that a sequence is generated from: one, or several of one vocabulary whose probabilities are
/// averaged. Their sizes and features may differ. It refers to the models, which must outlive it and every
/// generator that is constructed from it.
class Ensemble {
 public:
  /// An ensemble of one model; implicit, so that a generator can be constructed from a model.
  Ensemble(const PackedModel<float>& model) : models_{&model} {}
  Ensemble(PackedModel<float>&&) = delete;               // the models must outlive the ensemble
  Ensemble(std::vector<PackedModel<float>>&&) = delete;  // likewise

  /// All models of a vector. Throws Error if it is empty or if the sizes of the vocabularies differ.
  Ensemble(const std::vector<PackedModel<float>>& models) {
    if (models.empty()) internal::raise(Error("an ensemble needs at least one model"));
    const int size = models.front().config().vocab_size;
    for (const PackedModel<float>& model : models) {
      if (model.config().vocab_size != size)
        internal::raise(Error("an ensemble of models with vocabularies of " + std::to_string(size) + " and " +
                              std::to_string(model.config().vocab_size) + " tokens"));
      models_.push_back(&model);
    }
  }

  /// The number of models.
  std::size_t size() const noexcept { return models_.size(); }
  /// Model i, below size().
  const PackedModel<float>& operator[](std::size_t i) const noexcept { return *models_[i]; }

  /// Throws Error if the models' vocabulary has another size.
  void require_vocabulary(int size) const {
    if (const int own = models_.front()->config().vocab_size; own != size)
      internal::raise(
          Error("a model of " + std::to_string(own) + " tokens with an encoder of " + std::to_string(size)));
  }

  /// The features of each model.
  std::vector<Features> features() const {
    std::vector<Features> features;
    for (const PackedModel<float>* model : models_) features.push_back(model->config().features);
    return features;
  }

  /// Bytes of weights that one step of all models reads.
  std::size_t step_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const PackedModel<float>* model : models_) bytes += model->step_bytes();
    return bytes;
  }

 private:
  std::vector<const PackedModel<float>*> models_ = {};
};

}  // namespace gruve::inline v0_2
