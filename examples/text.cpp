// Usage: example_text FILE.txt [MINUTES] — learns to write like a text, character by character, and writes a
// page.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <variant>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/train/trainer.hpp"

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::fprintf(stderr, "usage: example_text FILE.txt [MINUTES]\n");
    return 1;
  }
  const double minutes = argc > 2 ? std::atof(argv[2]) : 2;
  const std::vector<std::filesystem::path> files = {argv[1]};
  const auto corpus = gruve::build_corpus_in_memory(files, {.encoder = gruve::EncoderKind::text}).first;
  const auto& encoder = std::get<gruve::CharEncoder>(corpus.encoder());
  std::printf("%llu characters to train on, %d different ones\n",
              static_cast<unsigned long long>(corpus.num_tokens(gruve::Split::train)), encoder.vocab_size());

  gruve::Trainer trainer(corpus, {.embedding_size = 64, .hidden_size = 256},
                         {.epochs = 100, .minutes = minutes, .learning_rate = 4e-3});
  trainer.run({.on_step = {}, .on_validation = [](const gruve::ValidationReport& report) {
                 std::printf("epoch %llu: %.4f nats per character\n",
                             static_cast<unsigned long long>(report.epoch), report.loss.mean());
               }});

  gruve::ThreadPool threads(1);
  gruve::PackedModel<float> packed(trainer.best_model().config);
  packed.assign(trainer.best_model(), threads);
  gruve::Generator generator(packed, encoder, {.temperature = 0.8f}, 1);
  std::printf("\n%s\n", encoder.decode(generate_tokens(generator, 1500)).c_str());
} catch (const gruve::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
