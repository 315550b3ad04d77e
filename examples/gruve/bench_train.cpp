// gruve bench train: a training step, and the time of each of its phases.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>

#include "bench.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/training.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/train/optimizer.hpp"

namespace gruve::bench {
namespace {

// The time of each phase of a training step: every kernel is wrapped in a function that measures it. Kernels
// are plain functions, so the sums are global.
struct Phase {
  const char* name;
  std::atomic<std::int64_t> nanoseconds = 0;
  std::atomic<std::int64_t> flop = 0;
};
enum PhaseName {
  kPacking,
  kRecurrent,
  kRecurrentBackward,
  kProducts,
  kWeightGradients,
  kTokenSums,
  kSoftmax,
  kPhases
};
std::array<Phase, kPhases> phases = {{{"packing"},
                                      {"recurrent, forward"},
                                      {"recurrent, backward"},
                                      {"products"},
                                      {"weight gradients"},
                                      {"sums by token"},
                                      {"softmax"}}};

template <class Call>
void timed(PhaseName name, double multiply_adds, Call&& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  phases[name].nanoseconds +=
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
  phases[name].flop += static_cast<std::int64_t>(2 * multiply_adds);
}

double num_rows(const kernels::Rows& rows) { return static_cast<double>(rows.T) * (rows.last - rows.first); }

const kernels::Kernels<float>* measured = nullptr;
const kernels::TrainingKernels<float>* measured_training = nullptr;

kernels::Kernels<float> timed_kernels() {
  kernels::Kernels<float> timed_kernels = *measured;
  timed_kernels.pack = [](int K, int N, const float* b, std::ptrdiff_t k_stride, std::ptrdiff_t n_stride,
                          float* packed) {
    timed(kPacking, 0, [&] { measured->pack(K, N, b, k_stride, n_stride, packed); });
  };
  timed_kernels.pack_gru = [](int H, kernels::ResetGate reset_gate, const float* weight, float* packed) {
    timed(kPacking, 0, [&] { measured->pack_gru(H, reset_gate, weight, packed); });
  };
  timed_kernels.multiply = [](const kernels::Product<float>& p) {
    timed(kProducts, num_rows(p.rows) * p.K * p.N, [&] { measured->multiply(p); });
  };
  timed_kernels.gru_forward = [](const kernels::GruForward<float>& p) {
    timed(kRecurrent, num_rows(p.rows) * 3 * p.H * p.H, [&] { measured->gru_forward(p); });
  };
  return timed_kernels;
}

kernels::TrainingKernels<float> timed_training_kernels() {
  kernels::TrainingKernels<float> timed_kernels = *measured_training;
  timed_kernels.pack_gru_backward = [](int H, kernels::ResetGate reset_gate, const float* weight,
                                       float* packed) {
    timed(kPacking, 0, [&] { measured_training->pack_gru_backward(H, reset_gate, weight, packed); });
  };
  timed_kernels.multiply_transposed = [](const kernels::TransposedProduct<float>& p) {
    timed(kWeightGradients, static_cast<double>(p.rows) * (p.columns.last - p.columns.first) * p.N,
          [&] { measured_training->multiply_transposed(p); });
  };
  timed_kernels.sum_by_token = [](const kernels::TokenSums<float>& p) {
    timed(kTokenSums, 0, [&] { measured_training->sum_by_token(p); });
  };
  timed_kernels.gru_backward = [](const kernels::GruBackward<float>& p) {
    timed(kRecurrentBackward, num_rows(p.rows) * 3 * p.H * p.H, [&] { measured_training->gru_backward(p); });
  };
  timed_kernels.cross_entropy = [](const kernels::CrossEntropy<float>& p) {
    timed(kSoftmax, 0, [&] { measured_training->cross_entropy(p); });
  };
  return timed_kernels;
}

// Bytes of resident memory of the process now (VmRSS) or at its peak (VmHWM); 0 if they are unknown.
double resident(const std::string& name) {
  std::ifstream status("/proc/self/status");
  double kilobytes = 0;
  for (std::string word; kilobytes == 0 && status >> word;)
    if (word == name + ":") status >> kilobytes;
  return kilobytes * 1024;
}

}  // namespace

// A whole training step: forward, backward, Adam, packing.
void bench_train(const BenchArguments& options) {
  if (options.precision == kernels::Precision::int8)
    throw Error("8-bit weights are for generation: gruve bench train measures fp32 and bf16");
  std::ofstream("/proc/self/clear_refs") << "5";  // resets the peak
  const double memory = resident("VmRSS");
  measured = &kernels::active(options.precision);
  measured_training = &kernels::training_kernels_of(*measured);
  ThreadPool threads(options.threads);
  GruModel<float> model = random_model(options.model), gradient(options.model);
  Optimizer<float> optimizer({}, model, gradient);
  const int T = options.unroll_or(128), B = options.batch_size;
  const Chunk chunk = random_chunk(T, B, options.model.vocab_size);
  const auto step = [&](ChunkPass<float>& pass) {
    pass.backpropagate(chunk, gradient);
    const double norm = optimizer.gradient_norm(threads);
    optimizer.update(1e-3, std::min(1.0, 1 / norm), threads);
    pass.assign(model);
  };
  const double peak = fastest_peak(options.precision, options.threads);
  const double tokens = static_cast<double>(T) * B;
  const double gflop = 6e-9 * multiply_adds_per_token(options.model);  // of a token, forward and backward
  const std::string config =
      config_of(options, sizes_of(options, "B=" + std::to_string(B) + " T=" + std::to_string(T) +
                                               " E=" + std::to_string(options.model.embedding_size)));
  {
    ChunkPass<float> pass(options.model, T, B, threads, *measured);
    pass.assign(model);
    const Series seconds = seconds_per_call(options.repeats, options.seconds, [&] { step(pass); });
    if (memory > 0)
      print(options, "train_memory", config, "MB", Series({(resident("VmHWM") - memory) * 1e-6}), 0);
    print(options, "train", config, "tokens/s", rate(seconds, tokens), peak / gflop);
    print(options, "train_rate", config, "GFLOP/s", rate(seconds, tokens * gflop), peak);
  }
  const kernels::Kernels<float> table = timed_kernels();
  const kernels::TrainingKernels<float> training_table = timed_training_kernels();
  ChunkPass<float> pass(options.model, T, B, threads, table, training_table);
  pass.assign(model);
  step(pass);
  for (Phase& phase : phases) phase.nanoseconds = phase.flop = 0;
  double rest = seconds_of([&] {
    for (int i = 0; i < options.repeats; ++i) step(pass);
  });
  double layers = 0;
  for (const Phase& phase : phases) {
    // Summed over all threads, as a fraction of the step's time.
    const double seconds = static_cast<double>(phase.nanoseconds) * 1e-9 / options.threads;
    rest -= seconds;
    if (&phase != &phases[kSoftmax]) layers += seconds;
    const double gflops = static_cast<double>(phase.flop) / seconds * 1e-9;
    const std::string name = config + ": " + phase.name;
    if (phase.flop > 0) print(options, "train_phase", name, "GFLOP/s", Series({gflops}), peak);
    print(options, "train_phase", name, "ms", Series({1e3 * seconds / options.repeats}), 0);
  }
  print(options, "train_phase", config + ": Adam, idle threads", "ms", Series({1e3 * rest / options.repeats}),
        0);
  print(options, "train_layers", config + ": without softmax and Adam", "ms",
        Series({1e3 * layers / options.repeats}), 0);
}

}  // namespace gruve::bench
