// usage: generate_only MODEL OUT.mid — a program that generates and does nothing else, for tests/long/sizes.sh.
#include "gruve/generate/generator.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/tokens/event_encoder.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const gruve::TrainedModel model = gruve::load(argv[1]);
  const auto* encoder = model.encoder.get_if<gruve::EventEncoder>();
  if (encoder == nullptr) return 1;
  const gruve::PackedModel<float> packed(model.network);
  gruve::Generator generator(packed, *encoder, {.temperature = 0.9f}, /*seed=*/1);
  gruve::write_midi(encoder->decode(gruve::generate_steps(generator, 4096), 120), argv[2]);
}
