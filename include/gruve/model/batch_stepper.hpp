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

/// Runs a batch of up to B sequences through a model, one token of each per step, so that each weight is read
/// once for all of them. The result for a sequence depends neither on the others nor on the number of
/// threads; it differs from a Stepper's in the rounding of sums. Only the constructor allocates; nothing
/// throws.
class BatchStepper {
 public:
  /// A stepper whose sequences are in the model's initial state.
  ///
  /// model    must outlive the stepper
  /// threads  share the sequences; must outlive the stepper and must not be used elsewhere during step()
  BatchStepper(const PackedModel<float>& model, int batch_size, ThreadPool& threads)
      : model_(&model),
        threads_(&threads),
        B_(batch_size),
        h_(static_cast<std::size_t>(model.config().num_layers), AlignedVector<float>(2 * size(1))),
        gates_(size(4)),
        product_(model.has_inputs() || model.config().num_layers > 1 ? size(3) : 0),
        output_(rows_of(model.config().output_rows())),
        logits_(model.config().features.shape.outputs > 0 ? rows_of(model.config().vocab_size) : 0) {
    for (int l = 0; l < model.config().num_layers; ++l)
      for (int b = 0; b < batch_size; ++b)
        std::copy_n(model.initial_state().data() + static_cast<std::size_t>(l) * row(1), row(1),
                    state(l, b).data());
  }

  BatchStepper(PackedModel<float>&&, int, ThreadPool&) = delete;  // the model must outlive the stepper

  BatchStepper(const BatchStepper&) = default;  // nothing that it points to is its own
  BatchStepper(BatchStepper&&) = default;
  BatchStepper& operator=(const BatchStepper&) = default;
  BatchStepper& operator=(BatchStepper&&) = default;

  /// Feeds one token of the vocabulary to each of the first n = tokens.size() sequences, at most B, and
  /// returns the logits [n, V] of the next tokens, valid until the next call.
  std::span<const float> step(std::span<const Token> tokens) noexcept {
    return step(tokens, [](std::size_t) { return FeatureRows(); });
  }

  /// The same for a model with features: features(i) gives the FeatureRows of token i.
  template <class FeaturesAt>
  std::span<const float> step(std::span<const Token> tokens, FeaturesAt&& features) noexcept {
    assert(tokens.size() <= static_cast<std::size_t>(B_));
    assert(std::all_of(tokens.begin(), tokens.end(),
                       [this](Token token) { return token < config().vocab_size; }));
    const auto n = static_cast<int>(tokens.size()), parts = threads_->size();
    threads_->for_each_thread([&](std::size_t i) {
      const auto part = static_cast<int>(i);
      const kernels::Rows rows{1, B_, n * part / parts, n * (part + 1) / parts};
      if (rows.first == rows.last) return;
      const float* input = nullptr;
      const auto each = [&](auto&& work) {
        for (auto b = static_cast<std::size_t>(rows.first); b < static_cast<std::size_t>(rows.last); ++b)
          work(b);
      };
      if (model_->has_inputs())
        each([&](std::size_t b) {
          model_->sum_inputs(tokens[b], features(b).inputs, product_.data() + 3 * b * row(1));
        });
      for (std::size_t l = 0; l < h_.size(); ++l) {
        float* state = h_[l].data();
        const kernels::GruForward<float> pass{.rows = rows,
                                              .tokens = tokens.data(),
                                              .h = state,
                                              .gate_layout = kernels::GateLayout::none,
                                              .gates = gates_.data()};
        if (l == 0 && model_->has_inputs())
          model_->first_layer_forward(pass, product_.data());
        else
          model_->layer_forward(l, pass, input, product_.data());
        const std::size_t at = row(rows.first), count = row(rows.last) - at;
        std::copy_n(state + size(1) + at, count, state + at);
        input = state;
      }
      model_->output_forward(rows, input, output_.data());
      if (logits_.empty()) return;
      const auto V = static_cast<std::size_t>(model_->config().vocab_size);
      const auto N = static_cast<std::size_t>(model_->config().output_rows());
      each([&](std::size_t b) {
        model_->add_output_features(features(b).outputs, output_.data() + b * N, logits_.data() + b * V);
      });
    });
    return {logits_.empty() ? output_.data() : logits_.data(),
            tokens.size() * static_cast<std::size_t>(model_->config().vocab_size)};
  }

  /// The hidden state [H] of a layer of a sequence, at first the model's initial state. It may be read and
  /// written between steps.
  std::span<float> state(int layer, int sequence) noexcept {
    return std::span(h_[static_cast<std::size_t>(layer)]).subspan(row(sequence), row(1));
  }

  /// B.
  int batch_size() const noexcept { return B_; }
  /// The model's configuration.
  const ModelConfig& config() const noexcept { return model_->config(); }

 private:
  std::size_t row(int b) const {
    return static_cast<std::size_t>(b) * static_cast<std::size_t>(model_->config().hidden_size);
  }
  std::size_t rows_of(int width) const {
    return static_cast<std::size_t>(B_) * static_cast<std::size_t>(width);
  }
  std::size_t size(int width) const { return row(B_) * static_cast<std::size_t>(width); }

  const PackedModel<float>* model_;
  ThreadPool* threads_;
  int B_;
  std::vector<AlignedVector<float>> h_;  // [L][2, B, H]
  AlignedVector<float> gates_;           // [B, 4H]: scratch
  AlignedVector<float> product_;  // [B, 3H]: the input product, or empty where the only layer reads a table
  AlignedVector<float> output_;          // [B, V + R]
  AlignedVector<float> logits_;          // [B, V], or empty where R is 0
};

}  // namespace gruve::inline v0_2
