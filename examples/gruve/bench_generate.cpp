// gruve bench step, batch, forward: one token of one sequence, of many, and many tokens of one sequence.
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "bench.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/batch_stepper.hpp"
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

// The next token is the most probable one, as in the peers' programs.
Token most_probable(const kernels::Kernels<float>& kernels, std::span<const float> logits) {
  return static_cast<Token>(kernels.argmax(static_cast<int>(logits.size()), logits.data()));
}

}  // namespace

/// One token of one sequence; the limit is the time of reading the weights.
void bench_step(const BenchArguments& options) {
  ThreadPool threads(options.threads);
  const PackedModel<float> packed = packed_model(options);
  Stepper stepper(packed, &threads);
  Token token = 0;
  const Series seconds = seconds_per_call(options.repeats, options.seconds / 5, [&] {
    token = most_probable(packed.kernels(), stepper.step(token));
  });
  // All weights are read once per step, except the first layer's input weights, of whose table a row is read.
  const Series bandwidth =
      read_bandwidth(packed.step_bytes() / static_cast<std::size_t>(options.threads), options.threads);
  const double gigabytes = static_cast<double>(packed.step_bytes()) * 1e-9;
  const std::string config = config_of(options, sizes_of(options, "B=1"));
  print(options, "step", config, "us", scaled(seconds, 1e6), gigabytes / bandwidth.median * 1e6, true);
  print(options, "step_rate", config, "GB/s", rate(seconds, gigabytes), bandwidth.median);
}

/// One token of each of B sequences; the limit is the peak of multiply-adds.
void bench_batch(const BenchArguments& options) {
  ThreadPool threads(options.threads);
  const PackedModel<float> packed = packed_model(options);
  const int B = options.batch_size;
  const auto V = static_cast<std::size_t>(options.model.vocab_size);
  BatchStepper stepper(packed, B, threads);
  std::vector<Token> tokens(static_cast<std::size_t>(B));
  for (std::size_t b = 0; b < tokens.size(); ++b) tokens[b] = static_cast<Token>(b % V);
  const Series seconds = seconds_per_call(options.repeats, options.seconds / 5, [&] {
    const std::span<const float> logits = stepper.step(tokens);
    for (std::size_t b = 0; b < tokens.size(); ++b)
      tokens[b] = most_probable(packed.kernels(), logits.subspan(b * V, V));
  });
  const double peak = fastest_peak(options.precision, options.threads);
  const double gflop = 2e-9 * multiply_adds_per_token(options.model);  // of a token
  const std::string config = config_of(options, sizes_of(options, "B=" + std::to_string(B)));
  print(options, "batch", config, "tokens/s", rate(seconds, B), peak / gflop);
  print(options, "batch_rate", config, "GFLOP/s", rate(seconds, B * gflop), peak);
}

/// Logits of T tokens of one sequence; the limit is the time of reading the weights in each timestep.
void bench_forward(const BenchArguments& options) {
  ThreadPool threads(options.threads);
  const PackedModel<float> packed = packed_model(options);
  const int T = options.unroll_or(1000);
  Stepper stepper(packed, &threads);
  const Chunk chunk = random_chunk(T, 1, options.model.vocab_size);
  const Series seconds = seconds_per_call(options.repeats, options.seconds / 5, [&] {
    for (const Token token : chunk.inputs) stepper.step(token);
  });
  const double bandwidth =
      read_bandwidth(packed.step_bytes() / static_cast<std::size_t>(options.threads), options.threads).median;
  const double gigabytes = T * static_cast<double>(packed.step_bytes()) * 1e-9;
  const std::string config = config_of(options, sizes_of(options, "B=1 T=" + std::to_string(T)));
  print(options, "forward", config, "ms", scaled(seconds, 1e3), gigabytes / bandwidth * 1e3, true);
  print(options, "forward_rate", config, "GB/s", rate(seconds, gigabytes), bandwidth);
}

}  // namespace gruve::bench
