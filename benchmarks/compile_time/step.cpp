// The same without the file of a model: what only the arithmetic and the sampling cost.
#include <vector>

#include "gruve/generate/generator.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

int main() {
  const gruve::TimestepEncoder encoder;
  gruve::GruModel<float> model({.vocab_size = encoder.vocab_size(), .embedding_size = 8, .hidden_size = 16});
  gruve::initialize(model, 1);
  gruve::ThreadPool threads(1);
  gruve::PackedModel<float> packed(model.config);
  packed.assign(model, threads);
  gruve::Generator generator(packed, encoder, {.temperature = 0.9f}, 1);
  return generator.next() < 89 ? 0 : 1;
}
