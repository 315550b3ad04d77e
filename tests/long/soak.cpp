// Does anything grow, or go wrong, in the long run? Tokens generated, models loaded, and many generators on
// one model, with the memory of the process before and after. usage: soak [TOKENS [LOADS]]   (10^7 and 10^5
// by default)
//
// A training is watched by soak_training.py.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/tokens/event_encoder.hpp"

using namespace gruve;

namespace {

// Kilobytes of memory that the process has now (Linux).
long resident() {
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word)
    if (word == "VmRSS:") break;
  long kilobytes = 0;
  file >> kilobytes;
  return kilobytes;
}

TrainedModel untrained(const EventEncoder& encoder) {
  const Features features = AnyEncoder(encoder).features("place,sounding,repeat,form,tonality,relative");
  TrainedModel model{.network = GruModel<float>({.vocab_size = encoder.vocab_size(),
                                                 .embedding_size = 16,
                                                 .hidden_size = 64,
                                                 .features = features}),
                     .encoder = encoder};
  initialize(model.network, 1);
  return model;
}

bool is_flat(const char* what, long before, long after, std::uint64_t wrong) {
  const bool holds = after - before <= 1024 && wrong == 0;
  std::printf("%-60s %ld -> %ld kB, %llu wrong%s\n", what, before, after,
              static_cast<unsigned long long>(wrong), holds ? "" : "   FAULT");
  std::fflush(stdout);
  return holds;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t tokens = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  const int loads = argc > 2 ? std::atoi(argv[2]) : 100'000;
  const EventEncoder encoder(
      {.velocities = true, .tempos = true, .form = true, .channels = true, .pedal = true});
  const TrainedModel model = untrained(encoder);
  ThreadPool threads(1);
  PackedModel<float> packed(model.network.config);
  packed.assign(model.network, threads);
  bool holds = true;

  {
    Generator generator(packed, encoder, {.temperature = 0.9f}, 1);
    std::uint64_t wrong = 0;
    auto state = encoder.start();
    const auto next = [&] {
      const Token token = generator.next();
      wrong += encoder.allowed(state, token) ? 0 : 1;
      state = encoder.advance(state, token);
    };
    for (int i = 0; i < 10'000; ++i) next();
    const long before = resident();
    for (std::uint64_t i = 0; i < tokens; ++i) next();
    holds &=
        is_flat((std::to_string(tokens) + " tokens, against the grammar").c_str(), before, resident(), wrong);
  }
  {
    const std::filesystem::path path = std::filesystem::temp_directory_path() / "gruve_soak.safetensors";
    save(model, path);
    const auto load_once = [&] {
      const TrainedModel loaded = load(path);
      return loaded.network.config.hidden_size == 64;
    };
    std::uint64_t wrong = 0;
    for (int i = 0; i < 100; ++i) wrong += load_once() ? 0 : 1;
    const long before = resident();
    for (int i = 0; i < loads; ++i) wrong += load_once() ? 0 : 1;
    holds &= is_flat((std::to_string(loads) + " loads of a model").c_str(), before, resident(), wrong);
    std::filesystem::remove(path);
  }
  {
    // Each alone, then all at once.
    constexpr std::size_t kThreads = 24, kTokens = 20'000;
    const auto piece = [&](std::size_t seed) {
      Generator generator(packed, encoder, {.temperature = 0.9f}, seed);
      std::vector<Token> made(kTokens);
      for (Token& token : made) token = generator.next();
      return made;
    };
    std::vector<std::vector<Token>> wanted, made(kThreads);
    for (std::size_t i = 0; i < kThreads; ++i) wanted.push_back(piece(i));
    const long before = resident();
    for (int round = 0; round < 5; ++round) {
      std::vector<std::thread> running;
      for (std::size_t i = 0; i < kThreads; ++i) running.emplace_back([&, i] { made[i] = piece(i); });
      for (std::thread& thread : running) thread.join();
    }
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < kThreads; ++i) wrong += made[i] == wanted[i] ? 0 : 1;
    const long after = resident();
    // Stacks and arenas of 24 threads stay mapped: bounded, not flat.
    std::printf("%-60s %ld -> %ld kB, %llu wrong\n", "24 threads' generators on one model, five times",
                before, after, static_cast<unsigned long long>(wrong));
    holds &= wrong == 0 && after - before < 64 * 1024;
  }
  return holds ? 0 : 1;
}
