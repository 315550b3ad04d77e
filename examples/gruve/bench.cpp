// gruve bench [TASK…]: how fast the kernels are, and how near to what the processor can do.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/train/optimizer.hpp"
#include "limits.hpp"

namespace {

using gruve::bench::Series;
namespace kernels = gruve::kernels;

struct BenchArguments {
  std::vector<std::string> tasks;
  gruve::ModelConfig model{.vocab_size = 89, .embedding_size = 128, .hidden_size = 512};
  int batch_size = 64;
  int unroll = 128;
  int threads = 1;
  int repeats = 5;
  double seconds = 1;
  std::string isa;
  kernels::Precision precision = kernels::Precision::fp32;
  bool json = false;
};

// ---- output ----

// One line of the table. limit is 0 where there is none; percent is of the limit.
void print(const BenchArguments& options, const char* bench, const std::string& config, const char* unit,
           const Series& values, double limit, bool less_is_better = false) {
  const double percent =
      limit > 0 ? 100 * (less_is_better ? limit / values.median : values.median / limit) : 0;
  if (options.json) {
    nlohmann::ordered_json line = {{"bench", bench},    {"config", config},        {"unit", unit},
                                   {"min", values.min}, {"median", values.median}, {"max", values.max},
                                   {"limit", nullptr},  {"percent", nullptr}};
    if (limit > 0) {
      line["limit"] = limit;
      line["percent"] = percent;
    }
    std::printf("%s\n", line.dump().c_str());
  } else {
    std::printf("%-10s %-58s %10.4g %-8s", bench, config.c_str(), values.median, unit);
    if (limit > 0) std::printf("  %3.0f %% of %.4g", percent, limit);
    std::printf("\n");
  }
  std::fflush(stdout);
}

// The same quantity seen as a rate: amount / seconds.
Series rate(const Series& seconds, double amount) {
  return Series({amount / seconds.max, amount / seconds.median, amount / seconds.min});
}

std::string config_of(const BenchArguments& options, const std::string& sizes) {
  return std::string("gruve ") + kernels::active(options.precision).name + " " +
         std::string(kernels::precision_name(options.precision)) + " " + sizes +
         " threads=" + std::to_string(options.threads);
}

std::string sizes_of(const BenchArguments& options) {
  return "H=" + std::to_string(options.model.hidden_size) + " L=" + std::to_string(options.model.num_layers);
}

// ---- work ----

gruve::GruModel<float> random_model(const gruve::ModelConfig& config) {
  gruve::GruModel<float> model(config);
  gruve::initialize(model, 1);
  return model;
}

gruve::Chunk random_chunk(int T, int B, int V) {
  gruve::Rng rng(2);
  gruve::Chunk chunk(T, B);
  for (std::vector<gruve::Token>* tokens : {&chunk.inputs, &chunk.targets})
    for (gruve::Token& token : *tokens)
      token = static_cast<gruve::Token>(rng.uniform() * static_cast<float>(V));
  return chunk;
}

// Multiply-adds of a dense model for one token, forward: the first layer's input product is counted, although
// a table takes its place.
double multiply_adds_per_token(const gruve::ModelConfig& config) {
  const double H = config.hidden_size;
  double sum = config.vocab_size * H;
  for (int l = 0; l < config.num_layers; ++l) sum += 3 * H * (H + (l == 0 ? config.embedding_size : H));
  return sum;
}

// Where a training step spends its time: the kernels, each behind a function that measures it. Kernels are
// plain functions, so the sums are global.
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

kernels::Kernels<float> timed_kernels() {
  kernels::Kernels<float> timed_kernels = kernels::active();
  timed_kernels.pack = [](int K, int N, const float* b, std::ptrdiff_t k_stride, std::ptrdiff_t n_stride,
                          float* packed) {
    timed(kPacking, 0, [&] { kernels::active().pack(K, N, b, k_stride, n_stride, packed); });
  };
  timed_kernels.pack_gru = [](int H, kernels::ResetGate reset_gate, const float* weight, float* packed) {
    timed(kPacking, 0, [&] { kernels::active().pack_gru(H, reset_gate, weight, packed); });
  };
  timed_kernels.pack_gru_backward = [](int H, kernels::ResetGate reset_gate, const float* weight,
                                       float* packed) {
    timed(kPacking, 0, [&] { kernels::active().pack_gru_backward(H, reset_gate, weight, packed); });
  };
  timed_kernels.multiply = [](const kernels::Product<float>& p) {
    timed(kProducts, num_rows(p.rows) * p.K * p.N, [&] { kernels::active().multiply(p); });
  };
  timed_kernels.multiply_transposed = [](const kernels::TransposedProduct<float>& p) {
    timed(kWeightGradients, static_cast<double>(p.rows) * (p.columns.last - p.columns.first) * p.N,
          [&] { kernels::active().multiply_transposed(p); });
  };
  timed_kernels.sum_by_token = [](const kernels::TokenSums<float>& p) {
    timed(kTokenSums, 0, [&] { kernels::active().sum_by_token(p); });
  };
  timed_kernels.gru_forward = [](const kernels::GruForward<float>& p) {
    timed(kRecurrent, num_rows(p.rows) * 3 * p.H * p.H, [&] { kernels::active().gru_forward(p); });
  };
  timed_kernels.gru_backward = [](const kernels::GruBackward<float>& p) {
    timed(kRecurrentBackward, num_rows(p.rows) * 3 * p.H * p.H, [&] { kernels::active().gru_backward(p); });
  };
  timed_kernels.cross_entropy = [](const kernels::CrossEntropy<float>& p) {
    timed(kSoftmax, 0, [&] { kernels::active().cross_entropy(p); });
  };
  return timed_kernels;
}

// A whole training step: forward, backward, Adam, packing.
void bench_train(const BenchArguments& options) {
  gruve::ThreadPool threads(options.threads);
  gruve::GruModel<float> model = random_model(options.model), gradient(options.model);
  gruve::Optimizer<float> optimizer({}, model, gradient);
  const int T = options.unroll, B = options.batch_size;
  const gruve::Chunk chunk = random_chunk(T, B, options.model.vocab_size);
  const auto step = [&](gruve::ChunkPass<float>& pass) {
    pass.backpropagate(chunk, gradient);
    const double norm = optimizer.gradient_norm(threads);
    optimizer.update(1e-3, std::min(1.0, 1 / norm), threads);
    pass.assign(model);
  };
  const Series peak = gruve::bench::multiply_add_peak(options.threads);
  const double tokens = static_cast<double>(T) * B;
  const double flop = 6 * multiply_adds_per_token(options.model);
  const std::string config =
      config_of(options, sizes_of(options) + " B=" + std::to_string(B) + " T=" + std::to_string(T) +
                             " E=" + std::to_string(options.model.embedding_size));
  {
    gruve::ChunkPass<float> pass(options.model, T, B, threads);
    pass.assign(model);
    const Series seconds =
        gruve::bench::seconds_per_call(options.repeats, options.seconds, [&] { step(pass); });
    print(options, "train", config, "tokens/s", rate(seconds, tokens), peak.median * 1e9 / flop);
  }
  const kernels::Kernels<float> table = timed_kernels();
  gruve::ChunkPass<float> pass(options.model, T, B, threads, table);
  pass.assign(model);
  step(pass);
  for (Phase& phase : phases) phase.nanoseconds = phase.flop = 0;
  double rest = gruve::bench::seconds_of([&] {
    for (int i = 0; i < options.repeats; ++i) step(pass);
  });
  for (const Phase& phase : phases) {
    // Of all threads: a share of the step's time.
    const double seconds = static_cast<double>(phase.nanoseconds) * 1e-9 / options.threads;
    rest -= seconds;
    const double gflops = static_cast<double>(phase.flop) / seconds * 1e-9;
    const std::string name = config + ": " + phase.name;
    if (phase.flop > 0) print(options, "train_phase", name, "GFLOP/s", Series({gflops}), peak.median);
    print(options, "train_phase", name, "ms", Series({1e3 * seconds / options.repeats}), 0);
  }
  print(options, "train_phase", config + ": Adam, idle threads", "ms", Series({1e3 * rest / options.repeats}),
        0);
}

// The next token is the most probable one: what a peer does too.
gruve::Token most_probable(std::span<const float> logits) {
  return static_cast<gruve::Token>(kernels::active().argmax(static_cast<int>(logits.size()), logits.data()));
}

// One token of one sequence.
void bench_step(const BenchArguments& options) {
  gruve::ThreadPool threads(options.threads);
  gruve::PackedModel<float> packed(options.model, kernels::active(options.precision));
  packed.assign(random_model(options.model), threads);
  gruve::Stepper stepper(packed, &threads);
  gruve::Token token = 0;
  const Series seconds = gruve::bench::seconds_per_call(options.repeats, options.seconds / 5,
                                                        [&] { token = most_probable(stepper.step(token)); });
  // All weights are read once a step, but for the first layer's input weights, whose table gives a row.
  const auto bytes = static_cast<double>(packed.step_bytes());
  const Series bandwidth = gruve::bench::read_bandwidth(
      packed.step_bytes() / static_cast<std::size_t>(options.threads), options.threads);
  print(options, "step", config_of(options, sizes_of(options) + " B=1"), "us",
        Series({seconds.min * 1e6, seconds.median * 1e6, seconds.max * 1e6}), bytes / bandwidth.median * 1e-3,
        true);
}

// What the machine allows.
void bench_limits(const BenchArguments& options) {
  const std::string threads = " threads=" + std::to_string(options.threads);
  print(options, "fp32_fma", "registers" + threads, "GFLOP/s",
        gruve::bench::multiply_add_peak(options.threads, options.repeats), 0);
  const auto read = [&](const std::string& name, std::size_t bytes) {
    print(options, "read", name + ", " + std::to_string(bytes >> 10) + " KiB a thread" + threads, "GB/s",
          gruve::bench::read_bandwidth(bytes, options.threads, options.repeats), 0);
  };
  for (int level = 1; level <= 3; ++level) {
    const std::size_t size = gruve::bench::cache_size(level);
    const std::size_t below = level > 1 ? gruve::bench::cache_size(level - 1) : 0;
    if (size > 0) read("L" + std::to_string(level), level < 3 ? size * 3 / 4 : std::min(4 * below, size / 2));
  }
  read("memory", std::size_t{256} << 20);
}

void bench(const BenchArguments& options) {
  if (!options.isa.empty() && !kernels::force(options.isa))
    throw gruve::Error("this processor has no kernels named " + options.isa);
  const std::vector<std::pair<std::string, void (*)(const BenchArguments&)>> tasks = {
      {"limits", bench_limits}, {"train", bench_train}, {"step", bench_step}};
  for (const auto& [name, run] : tasks)
    if (options.tasks.empty() ||
        std::find(options.tasks.begin(), options.tasks.end(), name) != options.tasks.end())
      run(options);
}

}  // namespace

void add_bench(CLI::App& app) {
  const auto options = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand("bench", "Measure the kernels against the machine's limits");
  command->add_option("TASK", options->tasks, "What to measure; without it everything")
      ->check(CLI::IsMember({"limits", "train", "step"}));
  const auto size = [&](const char* name, int& value, const char* help, int largest = 1 << 16) {
    command->add_option(name, value, help)->check(CLI::Range(1, largest))->capture_default_str();
  };
  size("--hidden", options->model.hidden_size, "Hidden size of each GRU layer");
  size("--layers", options->model.num_layers, "GRU layers", 64);
  size("--embedding", options->model.embedding_size, "Embedding size");
  size("--batch", options->batch_size, "Sequences side by side");
  size("--unroll", options->unroll, "Timesteps of a training step");
  size("--threads", options->threads, "Threads", 1024);
  size("--repeats", options->repeats, "Measurements, of which the median is shown", 1000);
  command->add_option("--seconds", options->seconds, "Of each measurement")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--isa", options->isa, "Kernels by name: reference, baseline, avx2, avx512");
  add_precision(*command, options->precision, "Weights of the kernels", {"fp32", "bf16", "int8"});
  command->add_flag("--json", options->json, "Print a JSON object a line");
  command->callback([options] { bench(*options); });
}
