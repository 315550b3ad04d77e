// A program that loads any model of music, draws tokens from it and writes a MIDI file.
#include <vector>

#include "gruve/generate/generator.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  const gruve::TrainedModel model = gruve::load(argv[1]);
  const gruve::PackedModel<float> packed(model.network);
  gruve::Generator generator(packed, model.encoder, {.temperature = 0.9f}, 1);
  const std::vector<gruve::Token> tokens = generate_tokens(generator, 1000);
  gruve::write_midi(model.encoder.decode_song(tokens), argv[2]);
}
