#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <gruve/generate/generator.hpp>
#include <gruve/kernels/choice.hpp>
#include <gruve/kernels/dispatch.hpp>
#include <gruve/nn/fixed_gru.hpp>
#include <gruve/tokens/timestep_encoder.hpp>

// A plug-in: what it shows to its host are these two functions.
#define SHOWN extern "C" __attribute__((visibility("default")))

// Makes a model from the seed and writes 1,000 of its tokens, and the state of its first layer alone after as
// many steps.
SHOWN void plugin_run(std::uint64_t seed, std::uint16_t* tokens, float* state) {
  const gruve::TimestepEncoder encoder;
  gruve::GruModel<float> model(
      {.vocab_size = encoder.vocab_size(), .embedding_size = 8, .hidden_size = 16, .num_layers = 2});
  gruve::initialize(model, seed);
  gruve::ThreadPool threads(1);
  gruve::PackedModel<float> packed(model.config);
  packed.assign(model, threads);
  gruve::Generator generator(packed, encoder, {.temperature = 1.2f}, seed);
  const gruve::FixedGru<8, 16> layer(model.gru.layers[0]);
  const std::span<float, 16> h(state, 16);
  for (float& unit : h) unit = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    tokens[i] = generator.next();
    layer.step(std::span<const float, 8>(model.embedding.weight.data() + 8 * tokens[i], 8), h);
  }
}

// Takes the set of kernels of that name, or the present one for null; returns the name of the active set.
SHOWN const char* plugin_force(const char* name) {
  if (name != nullptr) gruve::kernels::force(name);
  return gruve::kernels::active().name;
}
