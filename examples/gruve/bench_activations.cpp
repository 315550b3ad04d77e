// gruve bench activations: sigmoid, tanh and exp, time per element.
#include <cstddef>
#include <string>

#include "bench.hpp"
#include "gruve/core/aligned.hpp"

namespace gruve::bench {

/// Over numbers that fit in the first-level cache together with their results, from the relevant range.
void bench_activations(const BenchArguments& options) {
  constexpr std::size_t kSize = 2048;
  AlignedVector<float> x(kSize), y(kSize);
  for (std::size_t i = 0; i < kSize; ++i) x[i] = -10 + 20 * static_cast<float>(i) / (kSize - 1);
  const auto& kernels = kernels::active();
  const auto measure = [&](const char* name, void (*function)(std::size_t, const float*, float*)) {
    const Series seconds =
        seconds_per_call(options.repeats, options.seconds / 5, [&] { function(kSize, x.data(), y.data()); });
    print(options, name, std::string("gruve ") + kernels.name + " n=" + std::to_string(kSize), "ns",
          scaled(seconds, 1e9 / kSize), 0);
  };
  measure("sigmoid", kernels.sigmoid);
  measure("tanh", kernels.tanh);
  measure("exp", kernels.exp);
}

}  // namespace gruve::bench
