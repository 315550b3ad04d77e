#pragma once

#include <algorithm>
#include <cassert>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gruve/core/aligned.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/training.hpp"
#include "gruve/model/dropout.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/weight_gradients.hpp"
#include "gruve/tokens/chunk.hpp"
#include "gruve/tokens/features.hpp"

namespace gruve::inline v0_2 {

/// The loss of a chunk, as sums, so that the losses of chunks can be added.
struct ChunkLoss {
  double nats = 0;          // Σ −log p(target)
  std::size_t tokens = 0;   // number of targets, kNoToken excluded
  std::size_t correct = 0;  // number of targets that were the most probable token (evaluate() only)

  /// Adds the loss of another chunk.
  ChunkLoss& operator+=(const ChunkLoss& other) noexcept {
    nats += other.nats;
    tokens += other.tokens;
    correct += other.correct;
    return *this;
  }

  /// Nats per token.
  double mean() const noexcept { return tokens == 0 ? 0.0 : nats / static_cast<double>(tokens); }
};

/// Forward and backward pass of a GruModel over chunks of T timesteps and B sequences: truncated
/// backpropagation through time. The state [L, B, H] is carried from chunk to chunk; gradients end at the
/// chunk's beginning.
///
/// A sequence that a chunk resets begins in the zero state. A model with an initial state begins in that one,
/// for which each sequence must begin at a chunk's first timestep (BatchStream::Passes::once_apart): later
/// resets are to zero.
///
/// Threads split the sequences, with no barrier inside the loop over time. The weights' gradients, which are
/// sums over sequences, are those of WeightGradients. So the same input gives the same bits for any number of
/// threads.
///
/// With bf16 kernels the products of the layers and of the output layer have that precision; the first
/// layer's table, its gradient, states, sums and gradients are float.
///
/// The constructor allocates all memory.
template <class Scalar>
class ChunkPass {
 public:
  /// A pass with a zero state and without parameters: assign() must follow. The threads must outlive the
  /// pass.
  ///
  /// num_timesteps  T
  /// batch_size     B
  ChunkPass(const ModelConfig& config, int num_timesteps, int batch_size, ThreadPool& threads,
            const kernels::Kernels<Scalar>& kernels = kernels::active_for<Scalar>())
      : ChunkPass(config, num_timesteps, batch_size, threads, kernels,
                  kernels::training_kernels_of(kernels)) {}

  /// With training kernels that are not found by the name of the others.
  ChunkPass(const ModelConfig& config, int num_timesteps, int batch_size, ThreadPool& threads,
            const kernels::Kernels<Scalar>& kernels, const kernels::TrainingKernels<Scalar>& training_kernels)
      : config_(config),
        T_(num_timesteps),
        B_(batch_size),
        threads_(&threads),
        kernels_(&kernels),
        training_kernels_(&training_kernels),
        gate_layout_(kernels::gate_layout_of(training_kernels, config.hidden_size, config.reset_gate)),
        packed_(config, kernels),
        weight_gradients_(packed_, num_timesteps, batch_size, threads, training_kernels),
        operands_(count(config.num_layers)),
        layers_(count(config.num_layers)),
        state_(count(config.num_layers) * count(B_) * count(config.hidden_size)) {
    const int V = config.vocab_size, H = config.hidden_size;
    const std::size_t rows = count(T_) * count(B_);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l].h.resize((rows + count(B_)) * count(H));
      layers_[l].gates.resize(tiled() ? kernels::GateTiles::size(T_, B_, H) : rows * count(4 * H));
      layers_[l].dh.resize(count(B_) * count(H));
      layers_[l].weight_hh_backward.resize(training_kernels.packed_gru_backward_size(H, config.reset_gate));
      if (l > 0 || packed_.has_inputs())
        layers_[l].weight_ih_backward.resize(kernels.packed_size(2 * H, input_size(l)) +
                                             kernels.packed_size(H, input_size(l)));
    }
    dout_.resize(count(block_timesteps()) * count(B_) * count(H));
    logits_.resize(rows * count(V));
    loss_.resize(rows);
    output_backward_.resize(kernels.packed_size(config.output_rows(), H));
    if (config.features.shape.outputs > 0) output_rows_.resize(rows * count(config.output_rows()));
    if (packed_.has_inputs()) {
      x_.resize(rows * count(config.embedding_size));
      dx_.resize(x_.size());
    }
    if (packed_.has_inputs() || config.num_layers > 1)
      product_.resize(count(block_timesteps()) * count(B_) * count(3 * H));
  }

  ChunkPass(const ChunkPass&) = default;  // nothing that it points to is its own
  ChunkPass(ChunkPass&&) = default;
  ChunkPass& operator=(const ChunkPass&) = default;
  ChunkPass& operator=(ChunkPass&&) = default;

  /// Packs the parameters of a model. Must be called after each change of them.
  void assign(const GruModel<Scalar>& model) {
    const int H = config_.hidden_size;
    assert(model.config == config_);
    packed_.assign(model, *threads_, false);
    weight_gradients_.assign(model);
    has_initial_state_ = !model.initial_state.empty();
    threads_->for_each(layers_.size() + 1, [&](std::size_t l) {
      if (l == layers_.size()) {
        kernels_->pack(config_.output_rows(), H, model.output.weight.data(), H, 1, output_backward_.data());
        return;
      }
      const GruCell<Scalar>& cell = model.gru.layers[l];
      training_kernels_->pack_gru_backward(H, config_.reset_gate, cell.weight_hh.data(),
                                           layers_[l].weight_hh_backward.data());
      if (l == 0 && !packed_.has_inputs()) return;
      const int I = input_size(l);
      Scalar* packed = layers_[l].weight_ih_backward.data();
      kernels_->pack(2 * H, I, cell.weight_ih.data(), I, 1, packed);
      kernels_->pack(H, I, cell.weight_ih.matrix().row(2 * H).data(), I, 1,
                     packed + kernels_->packed_size(2 * H, I));
    });
  }
  void assign(GruModel<Scalar>&&) = delete;  // the model must outlive the last backpropagate()

  /// Loss and accuracy over a chunk. Advances the state.
  ChunkLoss evaluate(const Chunk& chunk) {
    const Scalar scale = Scalar(1);
    begin(chunk);
    for_each_shard([&](Shard shard) { forward(chunk, shard, scale, kernels::GateLayout::none, {}, {}); });
    end();
    ChunkLoss loss = total_loss(chunk);
    const auto V = count(config_.vocab_size);
    for (std::size_t row = 0; row < chunk.targets.size(); ++row) {
      if (chunk.targets[row] == kNoToken) continue;
      // cross_entropy left softmax − one-hot.
      Scalar* probability = logits_.data() + row * V;
      probability[chunk.targets[row]] += scale;
      const auto less = [](const Scalar& a, const Scalar& b) { return std::real(a) < std::real(b); };
      loss.correct +=
          std::max_element(probability, probability + V, less) - probability == chunk.targets[row];
    }
    return loss;
  }

  /// The probabilities [T, B, V] of the next token in the last call of evaluate(); 0 for kNoToken targets.
  std::span<const Scalar> probabilities() const noexcept { return logits_; }

  /// Loss over a chunk, and the gradient of its mean with respect to each parameter. Advances the state. The
  /// model that was passed to assign() must still exist, unchanged.
  ///
  /// gradient      is overwritten; of the model's configuration. If the model has an initial state, so has it
  /// soft_targets  [T, B, V], a teacher's probabilities p of the next token, or empty. They replace the
  ///               one-hot targets in the gradient, which becomes that of −Σ p ln q. The returned loss is
  ///               still that of the targets
  ChunkLoss backpropagate(const Chunk& chunk, GruModel<Scalar>& gradient, const Dropout& dropout = {},
                          std::span<const Scalar> soft_targets = {}) {
    const auto tokens =
        std::count_if(chunk.targets.begin(), chunk.targets.end(), [](Token t) { return t != kNoToken; });
    const Scalar scale =
        Scalar(1) / static_cast<Scalar>(static_cast<double>(std::max<std::ptrdiff_t>(tokens, 1)));
    begin(chunk);
    if (dropout.probability > 0) {
      for (Layer& layer : layers_) {
        layer.dropped.resize(loss_.size() * count(config_.hidden_size));
        layer.keep.resize(layer.dropped.size());
      }
    }
    assert(dropout.input == 0 || packed_.has_inputs());
    if (dropout.input > 0) keep_input_.resize(x_.size());
    for_each_shard([&](Shard shard) {
      forward(chunk, shard, scale, gate_layout_, dropout, soft_targets);
      backward(chunk, shard, dropout);
    });
    end();
    const bool drops = dropout.probability > 0;
    for (std::size_t l = 0; l < layers_.size(); ++l)
      operands_[l] = {.gate_layout = gate_layout_,
                      .h = layers_[l].h.data(),
                      .gates = layers_[l].gates.data(),
                      .input = l == 0 ? x_.data() : visible(layers_[l - 1], drops)};
    weight_gradients_.sum({.layers = operands_,
                           .input_gradient = dx_.data(),
                           .output_input = visible(layers_.back(), drops),
                           .output_gradient = output_gradients(),
                           .reset = reset_},
                          chunk, gradient);
    if (has_initial_state_) initial_state_gradient(chunk, gradient);
    return total_loss(chunk);
  }

  /// The state [L, B, H] before the next chunk; zero at first.
  std::span<Scalar> state() noexcept { return state_; }

  /// −ln p(target) [T, B] of the last chunk; 0 for kNoToken targets.
  std::span<const Scalar> losses() const noexcept { return loss_; }

  /// The model's configuration.
  const ModelConfig& config() const noexcept { return config_; }
  /// Whether the model has an initial state.
  bool has_initial_state() const noexcept { return has_initial_state_; }

 private:
  struct Layer {
    AlignedVector<Scalar> h = {};  // [T + 1, B, H]: the state before the chunk, then that after each timestep
    AlignedVector<Scalar> gates = {};  // in gate_layout_: the gates, then their gradients
    AlignedVector<Scalar> dh = {};     // [B, H]
    AlignedVector<Scalar> dropped = {};  // [T, B, H]: the output after dropout
    AlignedVector<Scalar> keep = {};     // [T, B, H]: 0 or 1 / (1 − probability)
    AlignedVector<Scalar> weight_hh_backward = {};
    AlignedVector<Scalar> weight_ih_backward = {};  // rows r, z [2H, H], then rows n [H, H], packed apart
  };

  // Gates of so many bytes are in no cache when the backward pass reads them.
  static constexpr std::size_t kManyBytes = std::size_t{32} << 20;

  static std::size_t count(int n) { return static_cast<std::size_t>(n); }

  // Some sequences, which a thread computes.
  struct Shard {
    int first;
    int last;
  };

  // A block of timesteps of a shard: all layers, one after the other, compute a block before the next, so
  // that what one leaves is near when the other reads it.
  struct Block {
    kernels::Rows rows;  // T timesteps of the block
    std::ptrdiff_t t;    // its first timestep
    std::size_t row;     // t · B

    // Where in an array [T of the chunk, B, width] it begins.
    template <class T>
    T* in(T* array, std::size_t width) const noexcept {
      return array != nullptr ? array + row * width : nullptr;
    }
  };

  Block block_of(Shard shard, int t) const noexcept {
    return {{(std::min)(block_timesteps(), T_ - t), B_, shard.first, shard.last}, t, count(t) * count(B_)};
  }

  // Timesteps of a block: of enough rows for a thread's product to be fast.
  int block_timesteps() const noexcept {
    constexpr int kRows = 256;
    return std::clamp(kRows * threads_->size() / B_, 1, T_);
  }

  template <class Work>
  void for_each_shard(Work&& work) {
    const std::size_t unit = tiled() ? 2 : 1;  // sequences whose gates share cache lines
    const std::size_t units = (count(B_) + unit - 1) / unit,
                      parts = (std::min)(count(threads_->size()), units);
    const auto at = [&](std::size_t i) {
      return static_cast<int>((std::min)(unit * (units * i / parts), count(B_)));
    };
    threads_->for_each(parts, [&](std::size_t i) { work(Shard{at(i), at(i + 1)}); });
  }

  bool tiled() const noexcept { return gate_layout_ == kernels::GateLayout::tiles; }

  void begin(const Chunk& chunk) {
    assert(chunk.T == T_ && chunk.B == B_);
    const std::size_t size = count(B_) * count(config_.hidden_size);
    for (std::size_t l = 0; l < layers_.size(); ++l)
      std::copy_n(state_.data() + l * size, size, layers_[l].h.data());
    reset_ = chunk.reset.data();
    if (has_initial_state_) begin_sequences(chunk);
  }

  // Sequences that begin with the chunk do so in the initial state instead of the zero state.
  void begin_sequences(const Chunk& chunk) {
    const std::size_t H = count(config_.hidden_size);
    other_reset_ = chunk.reset;
    reset_ = other_reset_.data();
    for (std::size_t b = 0; b < count(B_); ++b) {
      if (chunk.reset[b] == 0) continue;
      other_reset_[b] = 0;
      for (std::size_t l = 0; l < layers_.size(); ++l)
        std::copy_n(packed_.initial_state().data() + l * H, H, layers_[l].h.data() + b * H);
    }
  }

  // The sum over the sequences that began with the chunk.
  void initial_state_gradient(const Chunk& chunk, GruModel<Scalar>& gradient) const {
    const std::size_t H = count(config_.hidden_size);
    gradient.initial_state.assign(layers_.size() * H, Scalar(0));
    for (std::size_t l = 0; l < layers_.size(); ++l)
      for (std::size_t b = 0; b < count(B_); ++b)
        for (std::size_t i = 0; chunk.reset[b] != 0 && i < H; ++i)
          gradient.initial_state[l * H + i] += layers_[l].dh[b * H + i];
  }

  void end() {
    const std::size_t size = count(B_) * count(config_.hidden_size);
    for (std::size_t l = 0; l < layers_.size(); ++l)
      std::copy_n(layers_[l].h.data() + count(T_) * size, size, state_.data() + l * size);
  }

  // The states after the timesteps [T, B, H].
  const Scalar* output(const Layer& layer) const {
    return layer.h.data() + count(B_) * count(config_.hidden_size);
  }

  // The input of the layer above or of the output layer.
  const Scalar* visible(const Layer& layer, bool drops) const {
    return drops ? layer.dropped.data() : output(layer);
  }

  void forward(const Chunk& chunk, Shard shard, Scalar scale, kernels::GateLayout gate_layout,
               const Dropout& dropout, std::span<const Scalar> soft_targets) {
    for (int t = 0; t < T_; t += block_timesteps())
      forward(chunk, block_of(shard, t), scale, gate_layout, dropout, soft_targets);
  }

  void forward(const Chunk& chunk, const Block& block, Scalar scale, kernels::GateLayout gate_layout,
               const Dropout& dropout, std::span<const Scalar> soft_targets) {
    const bool drops = dropout.probability > 0;
    const std::size_t H = count(config_.hidden_size), V = count(config_.vocab_size);
    const Scalar* input = nullptr;
    if (packed_.has_inputs()) {
      embed(chunk, block);
      if (dropout.input > 0) drop_input(block, dropout);
      input = block.in(x_.data(), count(config_.embedding_size));
    }
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Layer& layer = layers_[l];
      packed_.layer_forward(l,
                            {.rows = block.rows,
                             .tokens = block.in(chunk.inputs.data(), 1),
                             .reset = block.in(reset_, 1),
                             .h = block.in(layer.h.data(), H),
                             .gate_layout = gate_layout,
                             .past_caches = layer.gates.size() * sizeof(Scalar) >= kManyBytes,
                             .gate_row = block.t * kernels::GateTiles::padded(B_),
                             .gates = gates(layer, gate_layout, block)},
                            input, product_.data());
      if (drops) drop(l, block, dropout);
      input = block.in(visible(layer, drops), H);
    }
    Scalar* const logits = block.in(logits_.data(), V);
    packed_.output_forward(block.rows, input, block.in(output_gradients(), count(config_.output_rows())));
    if (!output_rows_.empty()) {
      for_each_row(block, [&](std::size_t row) {
        packed_.add_output_features(chunk.outputs(row),
                                    output_rows_.data() + row * count(config_.output_rows()),
                                    logits_.data() + row * V);
      });
    }
    if (!chunk.forbidden.empty()) forbid(chunk, block);
    training_kernels_->cross_entropy({.rows = block.rows,
                                      .V = config_.vocab_size,
                                      .targets = block.in(chunk.targets.data(), 1),
                                      .scale = scale,
                                      .logits = logits,
                                      .loss = block.in(loss_.data(), 1)});
    if (!soft_targets.empty()) use_soft_targets(chunk, block, scale, soft_targets);
  }

  // Of a layer's gates, where those of a block begin as its kernels see them.
  static Scalar* gates(Layer& layer, kernels::GateLayout layout, const Block& block) {
    const bool in_rows = layout == kernels::GateLayout::rows;
    return in_rows ? block.in(layer.gates.data(), 4 * layer.dh.size() / count(block.rows.B))
                   : layer.gates.data();
  }

  // scale · (softmax − one-hot) becomes scale · (softmax − soft targets).
  void use_soft_targets(const Chunk& chunk, const Block& block, Scalar scale,
                        std::span<const Scalar> soft_targets) {
    const auto V = count(config_.vocab_size);
    for_each_row(block, [&](std::size_t row) {
      if (chunk.targets[row] == kNoToken) return;
      for (std::size_t at = row * V; at < (row + 1) * V; ++at) logits_[at] -= scale * soft_targets[at];
      logits_[row * V + chunk.targets[row]] += scale;
    });
  }

  // Tokens that the grammar forbids get probability 0 and so no gradient.
  void forbid(const Chunk& chunk, const Block& block) {
    for_each_run(block, count(config_.vocab_size), [&](std::size_t first, std::size_t last) {
      for (std::size_t at = first; at < last; ++at)
        logits_[at] = chunk.forbidden[at] != 0 ? Scalar(-1e9) : logits_[at];
    });
  }

  void backward(const Chunk& chunk, Shard shard, const Dropout& dropout) {
    const std::ptrdiff_t H = config_.hidden_size;
    for (Layer& layer : layers_)
      std::fill(layer.dh.begin() + shard.first * H, layer.dh.begin() + shard.last * H, Scalar(0));
    for (int t = (T_ - 1) / block_timesteps() * block_timesteps(); t >= 0; t -= block_timesteps())
      backward(chunk, block_of(shard, t), dropout);
  }

  void backward(const Chunk& chunk, const Block& block, const Dropout& dropout) {
    const int N = config_.output_rows(), H = config_.hidden_size;
    const bool drops = dropout.probability > 0;
    const kernels::Rows& rows = block.rows;
    if (!output_rows_.empty())
      for_each_row(block, [&](std::size_t row) { output_feature_gradient(chunk, row); });
    // logits = y weightᵀ + bias
    kernels_->multiply({.rows = rows,
                        .K = N,
                        .N = H,
                        .a = block.in(output_gradients(), count(N)),
                        .a_stride = N,
                        .b = output_backward_.data(),
                        .c = dout_.data(),
                        .c_stride = H});
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Layer& layer = layers_[l];
      if (drops) {
        const std::size_t begin = block.row * count(H);  // dout_ holds the block alone
        for_each_run(block, count(H), [&](std::size_t first, std::size_t last) {
          for (std::size_t i = first; i < last; ++i) dout_[i - begin] *= layer.keep[i];
        });
      }
      training_kernels_->gru_backward({.rows = rows,
                                       .H = H,
                                       .reset_gate = config_.reset_gate,
                                       .weight_hh = layer.weight_hh_backward.data(),
                                       .reset = block.in(reset_, 1),
                                       .h = block.in(layer.h.data(), count(H)),
                                       .gate_layout = gate_layout_,
                                       .gate_row = block.t * kernels::GateTiles::padded(B_),
                                       .gates = gates(layer, gate_layout_, block),
                                       .dout = dout_.data(),
                                       .dh = layer.dh.data()});
      if (l == 0 && !packed_.has_inputs()) break;
      // input product = (y_below or x) weight_ihᵀ + bias_ih
      const int I = input_size(l);
      const Scalar* weights = layer.weight_ih_backward.data();
      Scalar* const gradient = l == 0 ? block.in(dx_.data(), count(I)) : dout_.data();
      const auto multiply = [&](const internal::GateGradients<Scalar>& a, int K, const Scalar* b,
                                bool accumulate) {
        kernels_->multiply({.rows = rows,
                            .K = K,
                            .N = I,
                            .a = a.data,
                            .a_stride = a.stride,
                            .a_tiles = a.tiles,
                            .b = b,
                            .c = gradient,
                            .c_stride = I,
                            .accumulate = accumulate});
      };
      const auto columns = [&](bool is_n) {
        auto a = internal::gate_gradients<Scalar>(config_, B_, gate_layout_,
                                                  gates(layer, gate_layout_, block), false, is_n);
        a.tiles.first = block.t * kernels::GateTiles::padded(B_);
        return a;
      };
      multiply(columns(false), 2 * H, weights, false);
      multiply(columns(true).last_third(H), H, weights + kernels_->packed_size(2 * H, I), true);
    }
    if (dropout.input > 0) {
      for_each_run(block, count(config_.embedding_size), [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i) dx_[i] *= keep_input_[i];
      });
    }
  }

  void embed(const Chunk& chunk, const Block& block) {
    for_each_row(block, [&](std::size_t row) {
      packed_.embed(chunk.inputs[row], chunk.features(row), x_.data() + row * count(config_.embedding_size));
    });
  }

  // The gradient of the output layer's rows [V + R] from that of the logits [V].
  void output_feature_gradient(const Chunk& chunk, std::size_t row) {
    const auto V = count(config_.vocab_size), N = count(config_.output_rows());
    const Scalar* const from = logits_.data() + row * V;
    Scalar* const to = output_rows_.data() + row * N;
    std::copy_n(from, V, to);
    std::fill(to + V, to + N, Scalar(0));
    for (const OutputFeature& feature : chunk.outputs(row)) to[V + feature.row] += from[feature.token];
  }

  // The outputs of the output layer, then their gradients: [T, B, V + R].
  Scalar* output_gradients() { return output_rows_.empty() ? logits_.data() : output_rows_.data(); }

  int input_size(std::size_t l) const noexcept {
    return l == 0 ? config_.embedding_size : config_.hidden_size;
  }

  // Calls visit(row) for the rows of a block in an array [T, B, ·].
  template <class Visit>
  static void for_each_row(const Block& block, Visit&& visit) {
    for_each_run(block, 1, [&](std::size_t first, std::size_t last) {
      for (std::size_t row = first; row < last; ++row) visit(row);
    });
  }

  // Calls run(first element, last element + 1) for each timestep of a block in an array [T, B, width].
  template <class Run>
  static void for_each_run(const Block& block, std::size_t width, Run&& run) {
    for (std::size_t t = 0; t < count(block.rows.T); ++t) {
      const std::size_t row = block.row + t * count(block.rows.B);
      run((row + count(block.rows.first)) * width, (row + count(block.rows.last)) * width);
    }
  }

  void drop(std::size_t l, const Block& block, const Dropout& dropout) {
    Layer& layer = layers_[l];
    const std::size_t H = count(config_.hidden_size);
    for_each_run(block, H, [&](std::size_t first, std::size_t last) {
      dropout_factors(dropout, dropout.probability, static_cast<std::uint32_t>(l), period(dropout, H), first,
                      last, layer.keep.data());
      for (std::size_t i = first; i < last; ++i) layer.dropped[i] = output(layer)[i] * layer.keep[i];
    });
  }

  void drop_input(const Block& block, const Dropout& dropout) {
    constexpr std::uint32_t kInput = 0x1297;  // differs from the number of every layer
    const std::size_t E = count(config_.embedding_size);
    for_each_run(block, E, [&](std::size_t first, std::size_t last) {
      dropout_factors(dropout, dropout.input, kInput, period(dropout, E), first, last, keep_input_.data());
      for (std::size_t i = first; i < last; ++i) x_[i] *= keep_input_[i];
    });
  }

  // Of arrays [T, B, width].
  std::size_t period(const Dropout& dropout, std::size_t width) const {
    return count(dropout.variational ? B_ : T_ * B_) * width;
  }

  ChunkLoss total_loss(const Chunk& chunk) const {
    ChunkLoss total;
    for (std::size_t row = 0; row < loss_.size(); ++row) {
      total.nats += static_cast<double>(std::real(loss_[row]));
      total.tokens += chunk.targets[row] != kNoToken ? 1 : 0;
    }
    return total;
  }

  ModelConfig config_;
  int T_;
  int B_;
  ThreadPool* threads_;
  const kernels::Kernels<Scalar>* kernels_;
  const kernels::TrainingKernels<Scalar>* training_kernels_;
  kernels::GateLayout gate_layout_;
  PackedModel<Scalar> packed_;
  WeightGradients<Scalar> weight_gradients_;
  std::vector<LayerOperands<Scalar>> operands_;  // of weight_gradients_, [L]
  std::vector<Layer> layers_;
  bool has_initial_state_ = false;
  const std::uint8_t* reset_ = nullptr;         // [T, B], of the chunk at hand or other_reset_
  std::vector<std::uint8_t> other_reset_ = {};  // without the resets to the initial state
  AlignedVector<Scalar> state_;                 // [L, B, H]
  AlignedVector<Scalar> dout_ = {};             // [block, B, H]: gradient of the output of the layer at hand
  AlignedVector<Scalar> logits_ = {};           // [T, B, V]
  AlignedVector<Scalar> output_rows_ = {};      // [T, B, V + R], or empty where R is 0
  AlignedVector<Scalar> x_ = {};                // [T, B, E], or empty; likewise its gradient
  AlignedVector<Scalar> dx_ = {};
  AlignedVector<Scalar> keep_input_ =
      {};                            // [T, B, E]: 0 or 1 / (1 − probability); empty until input is dropped
  AlignedVector<Scalar> loss_ = {};  // [T, B]
  AlignedVector<Scalar> product_ = {};          // [block, B, 3H]: input product, or empty
  AlignedVector<Scalar> output_backward_ = {};  // packed from [V + R, H]
};

}  // namespace gruve::inline v0_2
