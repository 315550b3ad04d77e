#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "gruve/core/aligned.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

/// Runs one sequence through a model, a token at a time, as an audio callback needs it: step() allocates
/// nothing, takes no lock and doesn't throw. Many steppers can share a PackedModel, which must outlive them;
/// the state of each is its own, and can be stored and put back.
class Stepper {
 public:
  explicit Stepper(const PackedModel<float>& model)
      : model_(&model),
        hidden_size_(static_cast<std::size_t>(model.config().hidden_size)),
        num_layers_(static_cast<std::size_t>(model.config().num_layers)),
        state_(num_layers_ * hidden_size_),
        h_prev_(2 * hidden_size_),
        out_(hidden_size_),
        gates_(4 * hidden_size_),
        product_(3 * hidden_size_),
        logits_(static_cast<std::size_t>(model.config().vocab_size)) {}

  /// Feeds a token, which must be below the vocabulary's size, and returns the logits [V] of the one to come
  /// next. They stay where they are until the next call.
  std::span<const float> step(Token token) noexcept {
    for (std::size_t l = 0; l < num_layers_; ++l) {
      float* state = state_.data() + l * hidden_size_;
      std::copy_n(state, hidden_size_, h_prev_.data());
      model_->layer_step(
          l, {.tokens = &token, .h_prev = h_prev_.data(), .out = out_.data(), .gates = gates_.data()},
          state - (l > 0 ? hidden_size_ : 0), product_.data());
      std::copy_n(out_.data(), hidden_size_, state);
    }
    model_->output_step(out_.data(), logits_.data());
    return logits_;
  }

  /// The hidden state [L, H], zero at first. It may be read, stored and written between steps.
  std::span<float> state() noexcept { return state_; }

  const ModelConfig& config() const noexcept { return model_->config(); }

 private:
  const PackedModel<float>* model_;
  std::size_t hidden_size_;
  std::size_t num_layers_;
  AlignedVector<float> state_;    // [L, H]
  AlignedVector<float> h_prev_;   // [2, H]
  AlignedVector<float> out_;      // [H]
  AlignedVector<float> gates_;    // [4H]
  AlignedVector<float> product_;  // [3H]
  AlignedVector<float> logits_;   // [V]
};

}  // namespace gruve
