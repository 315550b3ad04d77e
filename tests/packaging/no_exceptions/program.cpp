// Generates from a model in memory, compiled without exceptions and run-time types: tokens by a Generator, a
// piece by a Player and notes by a LivePlayer. usage: program MODEL_FILE [refused]
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

#include <gruve/generate/generator.hpp>
#include <gruve/model/model_file.hpp>
#include <gruve/piece/live_player.hpp>
#include <gruve/piece/player.hpp>
#include <gruve/tokens/timestep_encoder.hpp>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this is to be compiled with -fno-exceptions -fno-rtti"
#endif

namespace {

// The bytes of a model file, as a resource of a program has them.
std::vector<char> model_bytes(const std::filesystem::path& path) {
  const gruve::TimestepEncoder encoder({.steps_per_quarter = 4});
  gruve::TrainedModel made{.network = gruve::GruModel<float>(
                               {.vocab_size = encoder.vocab_size(), .embedding_size = 8, .hidden_size = 16}),
                           .encoder = encoder};
  gruve::initialize(made.network, 1);
  gruve::save(made, path);
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int generate(const gruve::TrainedModel& model) {
  const auto& encoder = model.encoder.as<gruve::TimestepEncoder>();
  gruve::ThreadPool threads(2);
  gruve::PackedModel<float> packed(model.network.config);
  packed.assign(model.network, threads);
  gruve::Generator generator(packed, encoder, {.top_p = 0.95f}, 1), again = generator;
  auto state = encoder.start();
  for (int i = 0; i < 1000; ++i) {
    const gruve::Token token = generator.next();
    if (token != again.next() || !encoder.allowed(state, token)) return 1;
    state = encoder.advance(state, token);
  }
  if (generator.set(gruve::SamplerOptions{.temperature = -1})) return 2;

  gruve::Player player(model);
  if (player.generate({.bars = 2}).notes.empty()) return 3;

  gruve::LivePlayer live(model);
  std::array<gruve::LiveNote, 64> notes = {};
  std::size_t count = 0;
  for (int block = 0; block < 200; ++block)
    count += live.process({.num_samples = 1024, .sample_rate = 48'000, .bpm = 120}, notes);
  return count > 0 ? 0 : 4;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 5;
  std::vector<char> bytes = model_bytes(argv[1]);
  if (argc > 2) bytes.resize(bytes.size() / 2);
  const int fault = generate(gruve::load(std::as_bytes(std::span(bytes)), "a resource"));
  if (fault != 0) std::fprintf(stderr, "fault %d\n", fault);
  return fault;
}
