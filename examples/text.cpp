// Usage: example_text [FILE [MINUTES]] — learns to write like a text, byte by byte, and writes a page.
// Without a file it is the GNU General Public License, which Debian and Ubuntu ship.
#include <cstdio>
#include <cstdlib>

#include "gruve/core/error.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/train/trainer.hpp"

int main(int argc, char** argv) try {
  const char* file = argc > 1 ? argv[1] : "/usr/share/common-licenses/GPL-3";
  const double minutes = argc > 2 ? std::atof(argv[2]) : 2;
  const gruve::Corpus corpus = gruve::build_corpus(file, {.encoder = gruve::EncoderKind::text});
  std::printf("%llu bytes to train on, %d different ones\n",
              static_cast<unsigned long long>(corpus.num_tokens(gruve::Split::train)), corpus.vocab_size());

  gruve::Trainer trainer(corpus, {.embedding_size = 64, .hidden_size = 256},
                         {.epochs = 100, .minutes = minutes, .learning_rate = 4e-3});
  trainer.run({.on_validation = [](const gruve::ValidationReport& report) {
    std::printf("epoch %llu: %.4f nats per byte\n", static_cast<unsigned long long>(report.epoch),
                report.loss.mean());
  }});

  gruve::Player player(trainer.trained_model());
  std::printf(
      "\n%s\n",
      player.generate_as<gruve::CharEncoder>({.tokens = 1500, .sampler = {.temperature = 0.8f}}).c_str());
} catch (const gruve::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
