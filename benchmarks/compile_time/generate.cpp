// A program that loads a model, generates from it and writes a MIDI file.
#include <variant>
#include <vector>

#include "gruve/generate/generator.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  const gruve::TrainedModel model = gruve::load(argv[1]);
  gruve::ThreadPool threads(1);
  gruve::PackedModel<float> packed(model.network.config);
  packed.assign(model.network, threads);
  const auto& encoder = std::get<gruve::TimestepEncoder>(model.encoder);
  gruve::Generator generator(packed, encoder, {.temperature = 0.9f}, 1);
  std::vector<gruve::Token> tokens(1000);
  for (gruve::Token& token : tokens) token = generator.next();
  gruve::write_midi(encoder.decode(tokens), argv[2]);
}
