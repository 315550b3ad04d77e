// gruve bench cell: a step of one layer with sizes known at compile time, as in a plug-in.
#include <array>
#include <cstddef>
#include <string>

#include "bench.hpp"
#include "gruve/core/error.hpp"
#include "gruve/nn/fixed_gru.hpp"

namespace gruve::bench {
namespace {

// The limit is the time of reading the weights.
template <int E, int H>
void bench_sizes(const BenchArguments& options) {
  ModelConfig config = options.model;
  config.num_layers = 1;
  const GruModel<float> model = random_model(config);
  const FixedGru<E, H> gru(model.gru.layers[0]);
  std::array<float, E> x;
  std::array<float, H> h = {};
  x.fill(0.3f);
  // Many steps per measurement, because one is too short for the clock.
  constexpr int kSteps = 100;
  const Series seconds = seconds_per_call(options.repeats, options.seconds / 5, [&] {
    for (int i = 0; i < kSteps; ++i) gru.step(x, h);
  });
  constexpr int kBytes = sizeof(float) * 3 * H * (E + H);
  const double bandwidth = read_bandwidth(kBytes, 1).median;
  const std::string what =
      "gruve " + std::string(kernels::active().name) + " H=" + std::to_string(H) + " E=" + std::to_string(E);
  print(options, "cell", what, "us", scaled(seconds, 1e6 / kSteps), kBytes / bandwidth * 1e-3, true);
  print(options, "cell_rate", what, "GB/s", rate(seconds, 1e-9 * kSteps * kBytes), bandwidth);
}

struct Sizes {
  int E, H;
  void (*bench)(const BenchArguments&);
};
template <int E, int H>
constexpr Sizes kOf = {E, H, bench_sizes<E, H>};
constexpr Sizes kSizes[] = {kOf<1, 16>,   kOf<1, 32>,   kOf<1, 64>,   kOf<1, 128>,
                            kOf<128, 16>, kOf<128, 32>, kOf<128, 64>, kOf<128, 128>};

const Sizes* sizes_of_cell(const BenchArguments& options) {
  for (const Sizes& sizes : kSizes)
    if (sizes.E == options.model.embedding_size && sizes.H == options.model.hidden_size) return &sizes;
  return nullptr;
}

}  // namespace

bool has_cell(const BenchArguments& options) { return sizes_of_cell(options) != nullptr; }

void bench_cell(const BenchArguments& options) {
  if (!has_cell(options))
    throw Error("gruve bench cell has --hidden 16, 32, 64 and 128 with --embedding 1 and 128");
  sizes_of_cell(options)->bench(options);
}

}  // namespace gruve::bench
