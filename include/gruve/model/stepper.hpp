#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

#include "gruve/core/aligned.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Runs one sequence through a model, one token at a time, in real time: without a thread pool step()
/// allocates nothing, takes no lock and doesn't throw. Many steppers can share a PackedModel, which must
/// outlive them. Each has its own state, which can be stored and restored.
///
/// Cost of a step, whatever the values: Σ 3H(I + H) + H(V + R) multiply-adds, with the sum over the layers
/// and I the size of a layer's input (E or H; 0 for a first layer with a table), and 3HL activations. It
/// reads PackedModel::step_bytes() of weights. States below kernels::kFaded are set to zero, so that no value
/// is subnormal and silence takes no longer than sound.
class Stepper {
 public:
  /// A stepper in the model's initial state.
  ///
  /// threads  share each step, which is worthwhile if the weights exceed the cache of a core; null for none.
  ///          They must outlive the stepper and must not be used elsewhere during step(). The result has the
  ///          same bits for any number of threads
  explicit Stepper(const PackedModel<float>& model, ThreadPool* threads = nullptr)
      : model_(&model),
        threads_(threads),
        hidden_size_(static_cast<std::size_t>(model.config().hidden_size)),
        num_layers_(static_cast<std::size_t>(model.config().num_layers)),
        state_(model.initial_state().begin(), model.initial_state().end()),
        out_(hidden_size_),
        product_(3 * hidden_size_),
        scratch_(3 * hidden_size_),
        output_(static_cast<std::size_t>(model.config().output_rows())),
        logits_(model.config().features.shape.outputs > 0
                    ? static_cast<std::size_t>(model.config().vocab_size)
                    : 0) {}
  explicit Stepper(PackedModel<float>&&,
                   ThreadPool* = nullptr) = delete;  // the model must outlive the stepper

  Stepper(const Stepper&) = default;  // nothing that it points to is its own
  Stepper(Stepper&&) = default;
  Stepper& operator=(const Stepper&) = default;
  Stepper& operator=(Stepper&&) = default;

  /// Feeds a token, which must be in the vocabulary, and returns the logits [V] of the next token, valid
  /// until the next call.
  ///
  /// features  the rows of this token's features; empty for models without features
  std::span<const float> step(Token token, FeatureRows features = {}) noexcept {
    assert(token < config().vocab_size);
    descending_ = !descending_;
    if (model_->has_inputs()) model_->sum_inputs(token, features.inputs, product_.data());
    for (std::size_t l = 0; l < num_layers_; ++l) {
      float* state = state_.data() + l * hidden_size_;
      if (l > 0)
        share([&](int part, int parts) {
          model_->input_step(l, state - hidden_size_, product_.data(), part, parts);
        });
      share([&](int part, int parts) {
        model_->layer_step(l, token, product_.data(), state, out_.data(), scratch_.data(), descending_, part,
                           parts);
      });
      std::copy_n(out_.data(), hidden_size_, state);
    }
    share([&](int part, int parts) { model_->output_step(out_.data(), output_.data(), part, parts); });
    if (logits_.empty()) return output_;
    model_->add_output_features(features.outputs, output_.data(), logits_.data());
    return logits_;
  }

  /// The hidden state [L, H], at first the model's initial state. It may be read, stored and written between
  /// steps.
  std::span<float> state() noexcept { return state_; }

  /// The model's configuration.
  const ModelConfig& config() const noexcept { return model_->config(); }

 private:
  template <class Work>
  void share(Work&& work) {
    if (threads_ == nullptr) return work(0, 1);
    threads_->for_each_thread([&](std::size_t i) { work(static_cast<int>(i), threads_->size()); });
  }

  const PackedModel<float>* model_;
  ThreadPool* threads_;
  std::size_t hidden_size_;
  std::size_t num_layers_;
  bool descending_ = true;
  AlignedVector<float> state_;    // [L, H]
  AlignedVector<float> out_;      // [H]
  AlignedVector<float> product_;  // [3H]
  AlignedVector<float> scratch_;  // [3H]
  AlignedVector<float> output_;   // [V + R]
  AlignedVector<float> logits_;   // [V], or empty where R is 0
};

}  // namespace gruve::inline v0_2
