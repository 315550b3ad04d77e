// Usage: example_train FOLDER MODEL — trains a small model on a folder of MIDI files and says how good it is.
#include <cstdio>
#include <filesystem>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/trainer.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: example_train FOLDER MODEL\n");
    return 1;
  }
  // Notes too short for the grid are left out rather than their songs refused.
  const std::vector<std::filesystem::path> folders = {argv[1]};
  const auto [corpus, report] =
      gruve::build_corpus_in_memory(folders, {.screening = {.drop_too_short = true}});
  std::printf("%zu songs, %llu tokens to train on\n", corpus.num_songs(),
              static_cast<unsigned long long>(corpus.num_tokens(gruve::Split::train)));

  gruve::Trainer trainer(corpus, {.embedding_size = 64, .hidden_size = 128}, {.epochs = 2, .minutes = 5});
  trainer.run({.on_step =
                   [](const gruve::StepReport& step) {
                     if (step.step % 50 == 0)
                       std::printf("step %llu: %.4f nats per token\n",
                                   static_cast<unsigned long long>(step.step), step.loss);
                     return true;
                   },
               .on_validation =
                   [](const gruve::ValidationReport& validation) {
                     std::printf("validation: %.4f nats per token\n", validation.loss.mean());
                   }});
  gruve::save(trainer.trained_model(), argv[2]);
} catch (const gruve::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
