// gruve bench silence: whether a step takes longer when its input has ended and its states fade.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "bench.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/batch_stepper.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/nn/fixed_gru.hpp"

namespace gruve::bench {
namespace {

constexpr int kBlocks = 6, kSteps = 2000;

// A layer whose states lose 0.7 % in each step, so that 6 blocks of silence take them through all of a
// float's range; and that takes its input as it is, without a bias.
void let_fade(GruCell<float>& cell) {
  const int H = cell.hidden_size();
  Rng rng(3);
  for (std::size_t i = 0; i < cell.weight_hh.size(); ++i)
    cell.weight_hh.data()[i] = 0.1f * (2 * rng.uniform() - 1) / static_cast<float>(H);
  for (int i = 0; i < 3 * H; ++i) cell.bias_hh.data()[i] = 0;
  for (int i = 0; i < 3 * H; ++i) cell.bias_ih.data()[i] = i >= H && i < 2 * H ? 5.0f : 0.0f;
}

// The time of the slowest block of silence after the sound, relative to a block of sound. The time of each
// block is the median over the repeats. step(loud) runs one step.
template <class Step>
Series slowest_block(const BenchArguments& options, Step&& step) {
  const auto block = [&](bool loud) {
    return seconds_of([&] {
      for (int i = 0; i < kSteps; ++i) step(loud);
    });
  };
  std::array<std::vector<double>, kBlocks> ratios;
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    block(true);
    const double sound = Series({block(true), block(true), block(true)}).median;
    for (std::vector<double>& of_block : ratios) of_block.push_back(block(false) / sound);
  }
  double slowest = 0;
  for (const std::vector<double>& of_block : ratios) slowest = std::max(slowest, Series(of_block).median);
  return Series({slowest});
}

}  // namespace

void bench_silence(const BenchArguments& options) {
  for (const ResetGate reset_gate : {ResetGate::after_product, ResetGate::before_product}) {
    const std::string variant =
        reset_gate == ResetGate::after_product ? " reset after the product" : " reset before the product";
    const auto show = [&](const std::string& what, const Series& ratio) {
      print(options, "silence", what + variant, "of sound", ratio, 0);
    };

    if (options.precision == kernels::Precision::fp32) {
      GruCell<float, 1, 16> cell(1, 16, reset_gate);
      for (std::size_t i = 0; i < cell.weight_ih.size(); ++i) cell.weight_ih.data()[i] = 0.3f;
      GruCell<float> fading(1, 16, reset_gate);
      let_fade(fading);
      cell.weight_hh = fading.weight_hh;
      cell.bias_ih = fading.bias_ih;
      const FixedGru<1, 16> gru(cell);
      std::array<float, 16> h = {};
      show("FixedGru " + std::string(kernels::active().name) + " H=16 E=1",
           slowest_block(options, [&](bool loud) { gru.step(std::array{loud ? 0.5f : 0.0f}, h); }));
    }

    // Of a model token 0 is silence.
    ModelConfig config = options.model;
    config.reset_gate = reset_gate;
    GruModel<float> model = random_model(config);
    std::fill_n(model.embedding.weight.data(), config.embedding_size, 0.0f);
    for (GruCell<float>& cell : model.gru.layers) let_fade(cell);
    ThreadPool threads(options.threads);
    PackedModel<float> packed(config, kernels::active(options.precision));
    packed.assign(model, threads);
    Stepper stepper(packed, &threads);
    const std::string config_text = config_of(options, sizes_of(options, "B=1"));
    show("Stepper " + config_text, slowest_block(options, [&](bool loud) { stepper.step(loud ? 1 : 0); }));

    const int B = std::min(options.batch_size, 8);
    BatchStepper batch(packed, B, threads);
    const std::vector<Token> sound(static_cast<std::size_t>(B), 1), silence(static_cast<std::size_t>(B), 0);
    show("BatchStepper " + config_of(options, sizes_of(options, "B=" + std::to_string(B))),
         slowest_block(options, [&](bool loud) { batch.step(loud ? sound : silence); }));
  }
}

}  // namespace gruve::bench
