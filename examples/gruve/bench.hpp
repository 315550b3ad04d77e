// Shared by the tasks of gruve bench: the arguments, the table, the model and the tokens that they use.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/rng.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/chunk.hpp"
#include "limits.hpp"

namespace gruve::bench {

struct BenchArguments {
  std::vector<std::string> tasks;
  ModelConfig model{.vocab_size = 89, .embedding_size = 128, .hidden_size = 512};
  int batch_size = 64;
  int unroll = 0;  // timesteps; 0 for each task's default
  int threads = 1;
  int repeats = 5;
  double seconds = 1;
  std::string midi;  // a folder
  std::string isa;
  kernels::Precision precision = kernels::Precision::fp32;
  bool json = false;

  int unroll_or(int usual) const { return unroll > 0 ? unroll : usual; }
};

void bench_limits(const BenchArguments& options);
void bench_train(const BenchArguments& options);
void bench_step(const BenchArguments& options);
void bench_sample(const BenchArguments& options);
void bench_features(const BenchArguments& options);
void bench_cell(const BenchArguments& options);
void bench_batch(const BenchArguments& options);
void bench_forward(const BenchArguments& options);
void bench_silence(const BenchArguments& options);
void bench_midi(const BenchArguments& options);
void bench_activations(const BenchArguments& options);

/// Whether bench_cell has a layer of these sizes, which are known at compile time.
bool has_cell(const BenchArguments& options);

/// Prints one line of the table. limit is 0 if there is none; percent is of the limit.
inline void print(const BenchArguments& options, const char* bench, const std::string& config,
                  const char* unit, const Series& values, double limit, bool less_is_better = false) {
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
    // A part of a task, printed below it, is named without the task's sizes.
    const std::size_t part = config.find(": ");
    const std::string shown = part == std::string::npos ? config : "  " + config.substr(part + 2);
    std::printf("%-12s %-60s %10.4g %-8s", bench, shown.c_str(), values.median, unit);
    if (limit > 0) std::printf("  %3.0f %% of %.4g", percent, limit);
    std::printf("\n");
  }
  std::fflush(stdout);
}

/// Durations as rates: amount / seconds.
inline Series rate(const Series& seconds, double amount) {
  return Series({amount / seconds.max, amount / seconds.median, amount / seconds.min});
}

/// The values in another unit.
inline Series scaled(const Series& series, double factor) {
  return Series({series.min * factor, series.median * factor, series.max * factor});
}

inline std::string config_of(const BenchArguments& options, const std::string& sizes) {
  return std::string("gruve ") + kernels::active(options.precision).name + " " +
         std::string(kernels::precision_name(options.precision)) + " " + sizes +
         " threads=" + std::to_string(options.threads);
}

/// H, L and further sizes, as text.
inline std::string sizes_of(const BenchArguments& options, const std::string& more) {
  return "H=" + std::to_string(options.model.hidden_size) + " L=" + std::to_string(options.model.num_layers) +
         " " + more;
}

/// A model with random parameters, for all measurements.
inline GruModel<float> random_model(const ModelConfig& config) {
  GruModel<float> model(config);
  initialize(model, 1);
  return model;
}

/// A chunk of random tokens.
inline Chunk random_chunk(int T, int B, int V) {
  Rng rng(2);
  Chunk chunk(T, B);
  for (std::vector<Token>* tokens : {&chunk.inputs, &chunk.targets})
    for (Token& token : *tokens) token = static_cast<Token>(rng.uniform() * static_cast<float>(V));
  return chunk;
}

/// Multiply-adds of a dense model for one token, forward. The first layer's input product is included,
/// although a table replaces it.
inline double multiply_adds_per_token(const ModelConfig& config) {
  const double H = config.hidden_size;
  double sum = config.vocab_size * H;
  for (int l = 0; l < config.num_layers; ++l) sum += 3 * H * (H + (l == 0 ? config.embedding_size : H));
  return sum;
}

}  // namespace gruve::bench
