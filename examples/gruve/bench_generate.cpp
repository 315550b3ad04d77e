// gruve bench step, batch, forward: one token of one sequence, of many, and many tokens of one sequence.
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "bench.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"

namespace gruve::bench {
namespace {

PackedModel<float> packed_model(const BenchArguments& options) {
  ThreadPool threads(1);
  PackedModel<float> packed(options.model, kernels::active(options.precision));
  packed.assign(random_model(options.model), threads);
  return packed;
}

// The next token is the most probable one: what a peer does too.
Token most_probable(std::span<const float> logits) {
  return static_cast<Token>(kernels::active().argmax(static_cast<int>(logits.size()), logits.data()));
}

// All layers and the output layer over T timesteps of B sequences.
class Pass {
 public:
  Pass(const PackedModel<float>& model, int T, int B)
      : model_(&model), T_(T), B_(B), layers_(static_cast<std::size_t>(model.config().num_layers)) {
    const auto rows = static_cast<std::size_t>(T) * static_cast<std::size_t>(B);
    const auto H = static_cast<std::size_t>(model.config().hidden_size);
    for (Layer& layer : layers_) {
      layer.h_prev.resize((rows + static_cast<std::size_t>(B)) * H);
      layer.out.resize(rows * H);
    }
    gates_.resize(rows * 4 * H);
    product_.resize(layers_.size() > 1 ? rows * 3 * H : 0);
    logits_.resize(rows * static_cast<std::size_t>(model.config().vocab_size));
  }

  /// logits [T, B, V] of tokens [T, B]; the state is carried on.
  std::span<const float> run(const Token* tokens) {
    const float* input = nullptr;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Layer& layer = layers_[l];
      model_->layer_forward(l,
                            {.rows = kernels::all_rows(T_, B_),
                             .tokens = tokens,
                             .h_prev = layer.h_prev.data(),
                             .out = layer.out.data(),
                             .gates = gates_.data()},
                            input, product_.data());
      std::copy(layer.h_prev.begin() + static_cast<std::ptrdiff_t>(layer.out.size()), layer.h_prev.end(),
                layer.h_prev.begin());
      input = layer.out.data();
    }
    model_->output_forward(kernels::all_rows(T_, B_), input, logits_.data());
    return logits_;
  }

 private:
  struct Layer {
    AlignedVector<float> h_prev;  // [T + 1, B, H]
    AlignedVector<float> out;     // [T, B, H]
  };
  const PackedModel<float>* model_;
  int T_;
  int B_;
  std::vector<Layer> layers_;
  AlignedVector<float> gates_;    // [T, B, 4H]
  AlignedVector<float> product_;  // [T, B, 3H]
  AlignedVector<float> logits_;   // [T, B, V]
};

}  // namespace

/// One token of one sequence, against the reading of the weights.
void bench_step(const BenchArguments& options) {
  ThreadPool threads(options.threads);
  const PackedModel<float> packed = packed_model(options);
  Stepper stepper(packed, &threads);
  Token token = 0;
  const Series seconds = seconds_per_call(options.repeats, options.seconds / 5,
                                          [&] { token = most_probable(stepper.step(token)); });
  // All weights are read once a step, but for the first layer's input weights, whose table gives a row.
  const Series bandwidth =
      read_bandwidth(packed.step_bytes() / static_cast<std::size_t>(options.threads), options.threads);
  print(options, "step", config_of(options, sizes_of(options, "B=1")), "us", scaled(seconds, 1e6),
        static_cast<double>(packed.step_bytes()) / bandwidth.median * 1e-3, true);
}

/// One token of each of B sequences, against the multiply-adds.
void bench_batch(const BenchArguments& options) {
  const PackedModel<float> packed = packed_model(options);
  const int B = options.batch_size;
  const auto V = static_cast<std::size_t>(options.model.vocab_size);
  Pass pass(packed, 1, B);
  std::vector<Token> tokens(static_cast<std::size_t>(B));
  for (std::size_t b = 0; b < tokens.size(); ++b) tokens[b] = static_cast<Token>(b % V);
  const Series seconds = seconds_per_call(options.repeats, options.seconds / 5, [&] {
    const std::span<const float> logits = pass.run(tokens.data());
    for (std::size_t b = 0; b < tokens.size(); ++b) tokens[b] = most_probable(logits.subspan(b * V, V));
  });
  const double peak = multiply_add_peak(1).median * 1e9;
  print(options, "batch", config_of(options, sizes_of(options, "B=" + std::to_string(B))), "tokens/s",
        rate(seconds, B), peak / (2 * multiply_adds_per_token(options.model)));
}

/// Logits of T tokens of one sequence, against the reading of the recurrent weights in each timestep and the
/// multiply-adds of all else.
void bench_forward(const BenchArguments& options) {
  const PackedModel<float> packed = packed_model(options);
  const int T = options.unroll_or(1000);
  Pass pass(packed, T, 1);
  const Chunk chunk = random_chunk(T, 1, options.model.vocab_size);
  const Series seconds =
      seconds_per_call(options.repeats, options.seconds / 5, [&] { pass.run(chunk.inputs.data()); });
  const double H = options.model.hidden_size, E = options.model.embedding_size;
  const double weights =
      multiply_adds_per_token(options.model) - 3 * H * E;  // a table takes the place of the rest
  const double recurrent = 3 * H * H * options.model.num_layers;
  const double recurrent_bytes = static_cast<double>(packed.step_bytes()) * recurrent / weights;
  const double bandwidth = read_bandwidth(static_cast<std::size_t>(recurrent_bytes), 1).median * 1e9;
  const double peak = multiply_add_peak(1).median * 1e9;
  const double products = 2 * (weights - recurrent);
  print(options, "forward", config_of(options, sizes_of(options, "B=1 T=" + std::to_string(T))), "ms",
        scaled(seconds, 1e3), 1e3 * T * (recurrent_bytes / bandwidth + products / peak), true);
}

}  // namespace gruve::bench
