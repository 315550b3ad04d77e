#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

#include "gruve/core/aligned.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/features.hpp"

namespace gruve::inline v0_2 {

/// The parameters of a GruModel, packed for the kernels. It is packed once per update in training and once
/// per model in generation, and does not refer to the model that it was packed from. Constructors allocate.
///
/// The first layer's input product is a table: embedding · weight_ih_l0ᵀ + bias_ih_l0 is [V, 3H], and a token
/// costs the reading of a row. The table is always float. With input features it is [V + C, 3H] and a step
/// adds up the rows of its token and of its features; in a pass over a chunk, whose products are large, the
/// rows of the embedding are added up to an input x [E] instead, and the table is not made.
template <class Scalar>
class PackedModel {
 public:
  /// A packed model of a configuration, without parameters: assign() must follow.
  explicit PackedModel(const ModelConfig& config,
                       const kernels::Kernels<Scalar>& kernels = kernels::active_for<Scalar>())
      : config_(config),
        kernels_(&kernels),
        table_kernels_(kernels.precision == kernels::Precision::fp32 ? &kernels
                                                                     : &kernels::active_for<Scalar>()),
        layers_(static_cast<std::size_t>(config.num_layers)),
        initial_state_(layers_.size() * static_cast<std::size_t>(config.hidden_size)) {
    const int V = config.vocab_size, E = config.embedding_size, H = config.hidden_size;
    if (!has_inputs()) {
      table_.resize(static_cast<std::size_t>(V) * 3 * static_cast<std::size_t>(H));
      table_weights_.resize(table_kernels_->packed_size(E, 3 * H));
    }
    output_.resize(kernels.packed_size(H, config.output_rows()));
    output_bias_.resize(static_cast<std::size_t>(config.output_rows()));
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l].weight_hh.resize(kernels.packed_gru_size(H, config.reset_gate));
      layers_[l].bias_hh.resize(3 * static_cast<std::size_t>(H));
      if (l == 0 && !has_inputs()) continue;
      layers_[l].weight_ih.resize(kernels.packed_size(input_size(l), 3 * H));
      layers_[l].bias_ih.resize(3 * static_cast<std::size_t>(H));
    }
  }

  /// Packs a model in the calling thread. Throws Error as assign() does.
  explicit PackedModel(const GruModel<Scalar>& model,
                       const kernels::Kernels<Scalar>& kernels = kernels::active_for<Scalar>())
      : PackedModel(model.config, kernels) {
    ThreadPool threads(1);
    assign(model, threads);
  }

  PackedModel(const PackedModel&) = default;  // nothing that it points to is its own
  PackedModel(PackedModel&&) = default;
  PackedModel& operator=(const PackedModel&) = default;
  PackedModel& operator=(PackedModel&&) = default;

  /// Packs the parameters of a model of the same configuration. Throws Error if its initial state is neither
  /// empty nor of the size [L, H]; nothing is changed then.
  ///
  /// for_steps  whether steps are to be computed too, not only passes over chunks; allocates their table at
  ///            the first call for a model with input features
  void assign(const GruModel<Scalar>& model, ThreadPool& threads, bool for_steps = true) {
    if (!model.initial_state.empty() && model.initial_state.size() != initial_state_.size())
      internal::raise(Error("an initial state of " + std::to_string(model.initial_state.size()) +
                            " numbers for " + std::to_string(config_.num_layers) + " layers of " +
                            std::to_string(config_.hidden_size) + " units, expected " +
                            std::to_string(initial_state_.size()) + " or none"));
    const int V = config_.vocab_size, E = config_.embedding_size, H = config_.hidden_size;
    const bool has_table = !has_inputs() || for_steps;
    const int rows = has_table ? config_.embedding_rows() : 0;
    table_.resize(static_cast<std::size_t>(rows) * 3 * static_cast<std::size_t>(H));
    table_weights_.resize(has_table ? table_kernels_->packed_size(E, 3 * H) : 0);
    const auto copy = [](const Parameter<Scalar>& from, AlignedVector<Scalar>& to) {
      to.assign(from.data(), from.data() + from.size());
    };
    if (model.initial_state.empty())
      std::fill(initial_state_.begin(), initial_state_.end(), Scalar(0));
    else
      std::copy_n(model.initial_state.begin(), initial_state_.size(), initial_state_.begin());
    // One task per layer, and one for the embedding and the output layer.
    threads.for_each(layers_.size() + 1, [&](std::size_t l) {
      if (l == layers_.size()) {
        if (has_inputs()) copy(model.embedding.weight, embedding_);
        if (has_table)
          table_kernels_->pack(E, 3 * H, model.gru.layers[0].weight_ih.data(), 1, E, table_weights_.data());
        kernels_->pack(H, config_.output_rows(), model.output.weight.data(), 1, H, output_.data());
        copy(model.output.bias, output_bias_);
        return;
      }
      const GruCell<Scalar>& cell = model.gru.layers[l];
      kernels_->pack_gru(H, config_.reset_gate, cell.weight_hh.data(), layers_[l].weight_hh.data());
      copy(cell.bias_hh, layers_[l].bias_hh);
      if (l == 0 && !has_inputs()) return;
      kernels_->pack(input_size(l), 3 * H, cell.weight_ih.data(), 1, input_size(l),
                     layers_[l].weight_ih.data());
      copy(cell.bias_ih, layers_[l].bias_ih);
    });
    if (!has_table) return;
    // The bias is in the rows of tokens, of which every sum has one.
    const auto parts = static_cast<std::size_t>(threads.size());
    const auto multiply = [&](int first, int last, const Scalar* bias) {
      threads.for_each(parts, [&](std::size_t i) {
        const auto part = [&](std::size_t k) {
          return first + static_cast<int>(static_cast<std::size_t>(last - first) * k / parts);
        };
        table_kernels_->multiply({.rows = {1, rows, part(i), part(i + 1)},
                                  .K = E,
                                  .N = 3 * H,
                                  .a = model.embedding.weight.data(),
                                  .a_stride = E,
                                  .b = table_weights_.data(),
                                  .bias = bias,
                                  .c = table_.data(),
                                  .c_stride = std::ptrdiff_t{3} * H});
      });
    };
    multiply(0, V, model.gru.layers[0].bias_ih.data());
    if (rows > V) multiply(V, rows, nullptr);
  }

  /// The model's configuration.
  const ModelConfig& config() const noexcept { return config_; }
  /// The kernels that the weights are packed for.
  const kernels::Kernels<Scalar>& kernels() const noexcept { return *kernels_; }
  /// The kernels of the table, whose weights are float.
  const kernels::Kernels<Scalar>& table_kernels() const noexcept { return *table_kernels_; }

  /// The state [L, H] in which a sequence begins.
  std::span<const Scalar> initial_state() const noexcept { return initial_state_; }

  /// Whether the first layer takes an input x [E] instead of a token.
  bool has_inputs() const noexcept { return config_.features.shape.inputs > 0; }

  /// Writes the input x [E] of the first layer: the sum of the embedding's rows of a token and its features.
  void embed(std::uint16_t token, std::span<const std::uint16_t> features, Scalar* x) const noexcept {
    const auto E = static_cast<std::size_t>(config_.embedding_size);
    const auto row = [&](int at) { return embedding_.data() + static_cast<std::size_t>(at) * E; };
    std::copy_n(row(token), E, x);
    for (const std::uint16_t feature : features) {
      const Scalar* const added = row(config_.vocab_size + feature);
      for (std::size_t i = 0; i < E; ++i) x[i] += added[i];
    }
  }

  /// Writes the input product [3H] of a step of the first layer: the sum of the table's rows of a token and
  /// its features. Needs assign() for steps.
  void sum_inputs(std::uint16_t token, std::span<const std::uint16_t> features,
                  Scalar* product) const noexcept {
    // Sums of a block stay in registers while its rows are read.
    constexpr std::ptrdiff_t kBlock = 32;
    const std::ptrdiff_t size = std::ptrdiff_t{3} * config_.hidden_size;
    const auto add_rows = [&]<int N>(std::ptrdiff_t first, std::ptrdiff_t count) {
      using Part = Eigen::Array<Scalar, N, 1, 0, static_cast<int>(kBlock)>;
      const auto part = [&](int at) {
        return Eigen::Map<const Part>(table_.data() + at * size + first, count);
      };
      Part sum = part(token);
      for (const std::uint16_t feature : features) sum += part(config_.vocab_size + feature);
      Eigen::Map<Part>(product + first, count) = sum;
    };
    std::ptrdiff_t first = 0;
    for (; first + kBlock <= size; first += kBlock) add_rows.template operator()<kBlock>(first, kBlock);
    add_rows.template operator()<Eigen::Dynamic>(first, size - first);
  }

  /// Writes the logits [V]: each token's row of the output layer's result, and those of its features.
  ///
  /// rows  [V + R], the output layer's result
  void add_output_features(std::span<const OutputFeature> features, const Scalar* rows,
                           Scalar* logits) const noexcept {
    const Scalar* const added = rows + config_.vocab_size;
    std::copy_n(rows, config_.vocab_size, logits);
    for (const OutputFeature& feature : features) logits[feature.token] += added[feature.row];
  }

  /// Computes a layer over rows of a chunk.
  ///
  /// input    [T, B, H], the output of the layer below; for the first layer x [T, B, E], or null if it reads
  ///          tokens [T, B]
  /// product  [T, B, 3H] scratch for the input product of a layer that does not read tokens
  void layer_forward(std::size_t l, kernels::GruForward<Scalar> pass, const Scalar* input,
                     Scalar* product) const {
    const Layer& layer = layers_[l];
    const int H = config_.hidden_size;
    if (l == 0 && !has_inputs()) {
      pass.input_product = table_.data();
    } else {
      kernels_->multiply({.rows = pass.rows,
                          .K = input_size(l),
                          .N = 3 * H,
                          .a = input,
                          .a_stride = input_size(l),
                          .b = layer.weight_ih.data(),
                          .bias = layer.bias_ih.data(),
                          .c = product,
                          .c_stride = std::ptrdiff_t{3} * H});
      pass.tokens = nullptr;
      pass.input_product = product;
    }
    recurrence(layer, pass);
  }

  /// Computes the first layer from its input product [B, 3H], by sum_inputs().
  void first_layer_forward(kernels::GruForward<Scalar> pass, const Scalar* product) const {
    pass.tokens = nullptr;
    pass.input_product = product;
    recurrence(layers_.front(), pass);
  }

  /// Computes the output layer's result [T, B, V + R] from the last layer's output [T, B, H].
  void output_forward(kernels::Rows rows, const Scalar* input, Scalar* logits) const {
    kernels_->multiply({.rows = rows,
                        .K = config_.hidden_size,
                        .N = config_.output_rows(),
                        .a = input,
                        .a_stride = config_.hidden_size,
                        .b = output_.data(),
                        .bias = output_bias_.data(),
                        .c = logits,
                        .c_stride = config_.output_rows()});
  }

  // One token of one sequence. Threads can share each of the three functions: call i computes `part` i of
  // `parts`.

  /// Computes the input product [3H] of a layer from the output [H] of the layer below, or from x [E].
  void input_step(std::size_t l, const Scalar* input, Scalar* product, int part = 0, int parts = 1) const {
    const int H = config_.hidden_size;
    kernels_->multiply_vector({.K = input_size(l),
                               .N = 3 * H,
                               .columns = part_of(3 * H, part, parts),
                               .a = input,
                               .b = layers_[l].weight_ih.data(),
                               .bias = layers_[l].bias_ih.data(),
                               .c = product});
  }

  /// Computes the next state out [H] of a layer from the state h [H] and the input product [3H], or from the
  /// token if the first layer has a table. Writes scratch [3H]. With ResetGate::before_product part 0
  /// computes the whole step: n needs r of all units, so that threads would have to wait for each other.
  void layer_step(std::size_t l, std::uint16_t token, const Scalar* product, const Scalar* h, Scalar* out,
                  Scalar* scratch, bool descending, int part = 0, int parts = 1) const {
    const int H = config_.hidden_size;
    const bool whole = config_.reset_gate == kernels::ResetGate::before_product;
    if (whole && part > 0) return;
    kernels_->gru_step(
        {.H = H,
         .units = part_of(H, part, whole ? 1 : parts),
         .descending = descending,
         .reset_gate = config_.reset_gate,
         .input_product = l == 0 && !has_inputs() ? table_.data() + std::ptrdiff_t{3} * H * token : product,
         .weight_hh = layers_[l].weight_hh.data(),
         .bias_hh = layers_[l].bias_hh.data(),
         .h = h,
         .out = out,
         .scratch = scratch});
  }

  /// Computes the output layer's result [V + R] from the last layer's output [H].
  void output_step(const Scalar* input, Scalar* logits, int part = 0, int parts = 1) const {
    kernels_->multiply_vector({.K = config_.hidden_size,
                               .N = config_.output_rows(),
                               .columns = part_of(config_.output_rows(), part, parts),
                               .a = input,
                               .b = output_.data(),
                               .bias = output_bias_.data(),
                               .c = logits});
  }

  /// Bytes of weights that a step reads: all except the table and the embedding, of which it reads single
  /// rows.
  std::size_t step_bytes() const noexcept {
    std::size_t scalars = output_.size();
    for (const Layer& layer : layers_)
      scalars += layer.weight_hh.size() + (&layer == &layers_.front() ? 0 : layer.weight_ih.size());
    return scalars * sizeof(Scalar);
  }

 private:
  struct Layer {
    AlignedVector<Scalar> weight_hh = {};  // by Kernels::pack_gru
    AlignedVector<Scalar> bias_hh = {};    // [3H]
    AlignedVector<Scalar> weight_ih = {};  // by Kernels::pack from [E or H, 3H]; empty where there is a table
    AlignedVector<Scalar> bias_ih = {};    // [3H]; empty where there is a table
  };

  int input_size(std::size_t l) const noexcept {
    return l == 0 ? config_.embedding_size : config_.hidden_size;
  }

  void recurrence(const Layer& layer, kernels::GruForward<Scalar> pass) const {
    pass.H = config_.hidden_size;
    pass.reset_gate = config_.reset_gate;
    pass.input_stride = std::ptrdiff_t{3} * config_.hidden_size;
    pass.weight_hh = layer.weight_hh.data();
    pass.bias_hh = layer.bias_hh.data();
    kernels_->gru_forward(pass);
  }

  static kernels::Columns part_of(int n, int part, int parts) {
    const int units = (n + kernels::kPartUnit - 1) / kernels::kPartUnit;
    const auto at = [&](int i) {
      return (std::min)(n, static_cast<int>(std::int64_t{units} * i / parts) * kernels::kPartUnit);
    };
    return {at(part), at(part + 1)};
  }

  ModelConfig config_;
  const kernels::Kernels<Scalar>* kernels_;
  const kernels::Kernels<Scalar>* table_kernels_;
  AlignedVector<Scalar> embedding_ = {};  // [V + C, E], or empty
  AlignedVector<Scalar> table_ = {};      // [V, 3H], or empty
  AlignedVector<Scalar> table_weights_ = {};
  std::vector<Layer> layers_;
  std::vector<Scalar> initial_state_;  // [L, H]
  AlignedVector<Scalar> output_ = {};
  AlignedVector<Scalar> output_bias_ = {};
};

}  // namespace gruve::inline v0_2
