// A user's program that trains a small model for some steps, lets it generate and steps its first layer
// alone, with whatever kernels this processor gets. Prints their name and the loss of the last step.
#include <array>
#include <cstdio>
#include <span>

#include "gruve/core/rng.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/kernels/choice.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/nn/fixed_gru.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/train/optimizer.hpp"

int main() {
  gruve::kernels::use_environment();
  const gruve::TimestepEncoder encoder;
  gruve::GruModel<float> model(
      {.vocab_size = encoder.vocab_size(), .embedding_size = 12, .hidden_size = 37, .num_layers = 2});
  gruve::GruModel<float> gradient(model.config);
  gruve::initialize(model, 1);

  gruve::Chunk chunk(16, 5);
  gruve::Rng rng(2);
  for (std::size_t i = 0; i < chunk.inputs.size(); ++i) {
    chunk.inputs[i] = static_cast<gruve::Token>(rng.below(89));
    chunk.targets[i] = static_cast<gruve::Token>(rng.below(89));
  }
  gruve::ThreadPool threads(2);
  gruve::ChunkPass<float> pass(model.config, chunk.T, chunk.B, threads);
  gruve::Optimizer<float> optimizer({}, model, gradient);
  double loss = 0;
  for (int step = 0; step < 10; ++step) {
    pass.assign(model);
    loss = pass.backpropagate(chunk, gradient).mean();
    optimizer.update(1e-3, 1, threads);
  }

  gruve::PackedModel<float> packed(model.config);
  packed.assign(model, threads);
  gruve::Generator generator(packed, encoder, {}, 3);
  for (int i = 0; i < 100; ++i) generator.next();

  const auto& cell = model.gru.layers[0];
  const gruve::FixedGru<12, 37> gru(cell);
  std::array<float, 37> h = {};
  Eigen::VectorXf plain = Eigen::VectorXf::Zero(37);
  for (int i = 0; i < 100; ++i) {
    gru.step(std::span<const float, 12>(model.embedding.weight.data() + 12 * (i % 89), 12), h);
    cell.step(model.embedding.weight.matrix().row(i % 89).transpose(), plain);
  }
  if (!plain.isApprox(Eigen::Map<const Eigen::VectorXf>(h.data(), 37), 1e-4f)) return 1;
  std::printf("%s %.6f\n", gruve::kernels::active().name, loss);
}
