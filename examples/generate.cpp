// Usage: example_generate MODEL OUT.mid [SECONDS] [SEED] — writes a new piece.
#include <cstdio>
#include <cstdlib>
#include <variant>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: example_generate MODEL OUT.mid [SECONDS] [SEED]\n");
    return 1;
  }
  const double seconds = argc > 3 ? std::atof(argv[3]) : 30;
  const auto seed = static_cast<std::uint64_t>(argc > 4 ? std::atoll(argv[4]) : 1);

  const gruve::TrainedModel model = gruve::load(argv[1]);
  const auto& encoder = std::get<gruve::TimestepEncoder>(model.encoder);
  gruve::ThreadPool threads(1);
  gruve::PackedModel<float> packed(model.network.config);
  packed.assign(model.network, threads);

  gruve::Generator generator(packed, encoder, {.temperature = 0.9f, .top_p = 0.95f}, seed);
  const double quarters = seconds * model.tempo_bpm / 60;
  const std::vector<gruve::Token> tokens =
      generate_steps(generator, static_cast<std::int64_t>(quarters * encoder.steps_per_quarter()));
  const gruve::Song song = encoder.decode(tokens, model.tempo_bpm);
  gruve::write_midi(song, argv[2]);
  std::printf("%s: %zu notes, %.1f s\n", argv[2], song.notes.size(), gruve::duration_seconds(song));
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
