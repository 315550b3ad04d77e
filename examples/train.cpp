// Usage: example_train FOLDER MODEL [timestep|event|text] — trains a small model on a folder of MIDI or text
// files.
#include <cstdio>
#include <string>

#include "gruve/core/error.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/trainer.hpp"

int main(int argc, char** argv) try {
  if (argc < 3) throw gruve::Error("usage: example_train FOLDER MODEL [timestep|event|text]");
  const std::string format = argc > 3 ? argv[3] : "event";
  const gruve::Corpus corpus =
      gruve::build_corpus(argv[1], {.encoder = format == "text"    ? gruve::EncoderKind::text
                                               : format == "event" ? gruve::EncoderKind::event
                                                                   : gruve::EncoderKind::timestep});
  std::printf("%zu songs, %llu tokens to train on\n", corpus.num_songs(),
              static_cast<unsigned long long>(corpus.num_tokens(gruve::Split::train)));

  gruve::Trainer trainer(corpus, {.embedding_size = 64, .hidden_size = 128}, {.epochs = 2, .minutes = 5});
  trainer.run({.on_progress = [](const gruve::Progress& progress) {
    std::printf("\rstep %llu of %llu, %s", static_cast<unsigned long long>(progress.done),
                static_cast<unsigned long long>(progress.total), progress.message.c_str());
  }});
  gruve::save(trainer.trained_model(), argv[2]);
  std::printf("\n%s: %.4f nats per token on songs that it was not trained on\n", argv[2],
              trainer.best_validation_loss());
} catch (const gruve::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
