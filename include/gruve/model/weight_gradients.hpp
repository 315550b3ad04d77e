#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gruve/core/aligned.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/training.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/tokens/chunk.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// Gate gradients as a product's left operand.
template <class Scalar>
struct GateGradients {
  const Scalar* data;
  std::ptrdiff_t stride;  // elements, of rows
  kernels::GateTiles tiles = {};

  // The columns from 2H on alone.
  GateGradients last_third(int H) const noexcept {
    if (tiles.H == 0) return {data + 2 * H, stride};
    GateGradients n = *this;
    n.tiles.slices[0] = tiles.slices[2];
    return n;
  }
};

// The columns [0, 3H) of the gradients of the pre-activations' input part, [dx_r, dx_z, dx_n], or of the
// recurrent part, [dx_r, dx_z, dhn]. In rows dx_n is not beside dx_z: only the columns of n are in place, or
// only the others.
template <class Scalar>
GateGradients<Scalar> gate_gradients(const ModelConfig& config, int batch_size, kernels::GateLayout layout,
                                     const Scalar* gates, bool recurrent, bool is_n) noexcept {
  const int H = config.hidden_size;
  const int n = recurrent || config.reset_gate == ResetGate::before_product ? 2 : 3;
  if (layout == kernels::GateLayout::tiles) return {gates, 0, {.H = H, .B = batch_size, .slices = {0, 1, n}}};
  return {gates + (is_n ? (n - 2) * H : 0), std::ptrdiff_t{4} * H};
}

}  // namespace internal

/// What a backward pass leaves of one layer: the operands of its weights' gradients.
template <class Scalar>
struct LayerOperands {
  kernels::GateLayout gate_layout = kernels::GateLayout::rows;  // of gates
  const Scalar* h = nullptr;      // [T + 1, B, H]: the state before the chunk, then that after each timestep
  const Scalar* gates = nullptr;  // the gates' gradients, as kernels::GruBackward leaves them
  const Scalar* input = nullptr;  // [T, B, E or H]: the layer's input; unused where it is a row of the table
};

/// What a backward pass leaves of the model.
template <class Scalar>
struct GradientOperands {
  std::span<const LayerOperands<Scalar>> layers;  // [L], the first layer first
  const Scalar* input_gradient =
      nullptr;  // [T, B, E]: gradient of the first layer's input; unused with a table
  const Scalar* output_input = nullptr;     // [T, B, H]: input of the output layer
  const Scalar* output_gradient = nullptr;  // [T, B, V + R]: gradient of the output layer's rows
  const std::uint8_t* reset = nullptr;      // [T, B]: not 0 where the state before the timestep was zero
};

/// The gradients of a model's weights, which are sums over the rows (timesteps and sequences) of a chunk.
/// Threads split them by rows of the weight matrix, and each row is summed in a fixed order. So the same
/// operands give the same bits for any number of threads.
///
/// The constructor allocates all memory.
template <class Scalar>
class WeightGradients {
 public:
  /// The sums of a configuration over T timesteps and B sequences. The threads must outlive them.
  WeightGradients(const PackedModel<Scalar>& packed, int num_timesteps, int batch_size, ThreadPool& threads,
                  const kernels::TrainingKernels<Scalar>& training_kernels)
      : config_(packed.config()),
        rows_(num_timesteps * batch_size),
        has_table_(!packed.has_inputs()),
        threads_(&threads),
        training_kernels_(&training_kernels),
        table_kernels_(&packed.table_kernels()),
        table_training_kernels_(packed.kernels().precision == kernels::Precision::fp32
                                    ? &training_kernels
                                    : &kernels::training_kernels_of(packed.table_kernels())) {
    const int E = config_.embedding_size, H = config_.hidden_size;
    if (has_table_) {
      table_gradient_.resize(static_cast<std::size_t>(config_.vocab_size) * static_cast<std::size_t>(3 * H));
      table_backward_.resize(table_kernels_->packed_size(3 * H, E));
    }
    plan();
  }

  WeightGradients(const WeightGradients&) = default;  // nothing that it points to is its own
  WeightGradients(WeightGradients&&) = default;
  WeightGradients& operator=(const WeightGradients&) = default;
  WeightGradients& operator=(WeightGradients&&) = default;

  /// Takes the weights that the gradients depend on. The model must exist, unchanged, until the last sum().
  void assign(const GruModel<Scalar>& model) {
    const int E = config_.embedding_size, H = config_.hidden_size;
    embedding_ = &model.embedding.weight;
    if (has_table_)
      table_kernels_->pack(3 * H, E, model.gru.layers[0].weight_ih.data(), E, 1, table_backward_.data());
  }
  void assign(GruModel<Scalar>&&) = delete;

  /// Overwrites the gradient of every parameter.
  void sum(const GradientOperands<Scalar>& operands, const Chunk& chunk, GruModel<Scalar>& gradient) {
    threads_->for_each(tasks_.size(), [&](std::size_t i) { run(tasks_[i], operands, chunk, gradient); });
    if (has_table_) {
      threads_->for_each(2, [&](std::size_t i) { table_gradient(i, gradient); });
    } else {
      const auto parts = static_cast<std::size_t>(threads_->size());
      threads_->for_each(parts, [&](std::size_t i) {
        embedding_gradient(i, parts, operands.input_gradient, chunk, gradient);
      });
    }
  }

 private:
  // A part of the sums: some columns of a layer's gate gradients, or of the output layer's.
  struct Task {
    enum class Kind { weight_hh, weight_ih, table, output } kind;
    std::size_t layer;
    kernels::Columns columns;
  };

  void plan() {
    using Kind = typename Task::Kind;
    const int H = config_.hidden_size;
    // Pieces small enough to share out, large enough that a block packed from the right side is used often.
    // No piece holds rows of both r, z and n, which have different operands.
    const int largest = std::clamp(3 * H * config_.num_layers / (2 * threads_->size()) / 48 * 48, 96, 384);
    const auto cut = [&](Kind kind, std::size_t layer, int first, int last) {
      for (int at = first; at < last; at += largest)
        tasks_.push_back({kind, layer, {at, (std::min)(at + largest, last)}});
    };
    for (std::size_t l = 0; l < static_cast<std::size_t>(config_.num_layers); ++l) {
      for (const Kind kind : {Kind::weight_hh, l == 0 && has_table_ ? Kind::table : Kind::weight_ih}) {
        cut(kind, l, 0, 2 * H);
        cut(kind, l, 2 * H, 3 * H);
      }
    }
    cut(Kind::output, 0, 0, config_.output_rows());
  }

  void run(const Task& task, const GradientOperands<Scalar>& operands, const Chunk& chunk,
           GruModel<Scalar>& gradient) {
    using Kind = typename Task::Kind;
    const int V = config_.vocab_size, H = config_.hidden_size;
    const auto product = [&](const internal::GateGradients<Scalar>& a, const Scalar* b,
                             std::ptrdiff_t b_stride, const std::uint8_t* b_is_zero,
                             Parameter<Scalar>& weight, Parameter<Scalar>& bias) {
      training_kernels_->multiply_transposed({.rows = rows_,
                                              .columns = task.columns,
                                              .a = a.data,
                                              .a_stride = a.stride,
                                              .a_tiles = a.tiles,
                                              .N = weight.cols(),
                                              .b = b,
                                              .b_stride = b_stride,
                                              .b_is_zero = b_is_zero,
                                              .c = weight.data(),
                                              .sums = bias.data()});
    };
    if (task.kind == Kind::output) {
      product({operands.output_gradient, config_.output_rows()}, operands.output_input, H, nullptr,
              gradient.output.weight, gradient.output.bias);
      return;
    }
    const LayerOperands<Scalar>& layer = operands.layers[task.layer];
    GruCell<Scalar>& cell = gradient.gru.layers[task.layer];
    const bool is_n = task.columns.first >= 2 * H;
    const auto a = internal::gate_gradients(config_, chunk.B, layer.gate_layout, layer.gates,
                                            task.kind == Kind::weight_hh, is_n);
    if (task.kind == Kind::weight_hh) {
      // n = tanh(… + (r ∘ h) W_hnᵀ): there the recurrent operand is r ∘ h.
      const bool from_gates = is_n && config_.reset_gate == ResetGate::before_product;
      if (a.tiles.H > 0)
        product(a, nullptr, 0, nullptr, cell.weight_hh, cell.bias_hh);
      else if (from_gates)
        product(a, layer.gates + 3 * H, a.stride, nullptr, cell.weight_hh, cell.bias_hh);
      else
        product(a, layer.h, H, operands.reset, cell.weight_hh, cell.bias_hh);
    } else if (task.kind == Kind::weight_ih) {
      product(a, layer.input, cell.weight_ih.cols(), nullptr, cell.weight_ih, cell.bias_ih);
    } else {
      training_kernels_->sum_by_token({.rows = rows_,
                                       .columns = task.columns,
                                       .a = a.data,
                                       .a_stride = a.stride,
                                       .a_tiles = a.tiles,
                                       .tokens = chunk.inputs.data(),
                                       .V = V,
                                       .c = table_gradient_.data(),
                                       .c_stride = std::ptrdiff_t{3} * H});
    }
  }

  // table = embedding weight_ihᵀ + bias_ih
  void table_gradient(std::size_t part, GruModel<Scalar>& gradient) {
    const int V = config_.vocab_size, E = config_.embedding_size, H = config_.hidden_size;
    const std::ptrdiff_t width = std::ptrdiff_t{3} * H;
    if (part == 0) {
      table_kernels_->multiply({.rows = kernels::all_rows(1, V),
                                .K = 3 * H,
                                .N = E,
                                .a = table_gradient_.data(),
                                .a_stride = width,
                                .b = table_backward_.data(),
                                .c = gradient.embedding.weight.data(),
                                .c_stride = E});
    } else {
      table_training_kernels_->multiply_transposed({.rows = V,
                                                    .columns = {0, 3 * H},
                                                    .a = table_gradient_.data(),
                                                    .a_stride = width,
                                                    .N = E,
                                                    .b = embedding_->data(),
                                                    .b_stride = E,
                                                    .c = gradient.gru.layers[0].weight_ih.data(),
                                                    .sums = gradient.gru.layers[0].bias_ih.data()});
    }
  }

  // x is the sum of the rows of the embedding [V + C, E] of a token and its features. Threads split the
  // columns, so that each element is one sum in the order of the chunk.
  void embedding_gradient(std::size_t part, std::size_t parts, const Scalar* input_gradient,
                          const Chunk& chunk, GruModel<Scalar>& gradient) {
    const auto V = static_cast<std::size_t>(config_.vocab_size),
               E = static_cast<std::size_t>(config_.embedding_size);
    const std::size_t first = E * part / parts, last = E * (part + 1) / parts;
    Scalar* const weight = gradient.embedding.weight.data();
    for (std::size_t row = 0; row < static_cast<std::size_t>(config_.embedding_rows()); ++row)
      std::fill(weight + row * E + first, weight + row * E + last, Scalar(0));
    for (std::size_t at = 0; at < chunk.inputs.size(); ++at) {
      const Scalar* const dx = input_gradient + at * E;
      const auto add = [&](std::size_t row) {
        for (std::size_t i = first; i < last; ++i) weight[row * E + i] += dx[i];
      };
      add(chunk.inputs[at]);
      for (const std::uint16_t row : chunk.features(at)) add(V + row);
    }
  }

  ModelConfig config_;
  int rows_;        // T · B
  bool has_table_;  // the first layer's input product is a row of a table (PackedModel)
  ThreadPool* threads_;
  const kernels::TrainingKernels<Scalar>* training_kernels_;
  const kernels::Kernels<Scalar>* table_kernels_;  // float, as the table is
  const kernels::TrainingKernels<Scalar>* table_training_kernels_;
  const Parameter<Scalar>* embedding_ = nullptr;
  AlignedVector<Scalar> table_gradient_ = {};  // [V, 3H], or empty
  AlignedVector<Scalar> table_backward_ = {};  // packed from [3H, E], or empty
  std::vector<Task> tasks_ = {};
};

}  // namespace gruve::inline v0_2
