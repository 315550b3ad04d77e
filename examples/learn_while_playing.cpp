// Usage: example_learn_while_playing MODEL FOLDER — plays a model, learns the style of a few songs on another
// thread meanwhile, and lets the model take it on at a bar line, without a gap.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "gruve/core/error.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/live_player.hpp"
#include "gruve/train/style.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) throw gruve::Error("usage: example_learn_while_playing MODEL FOLDER");
  const gruve::TrainedModel model = gruve::load(argv[1]);
  gruve::LivePlayer player(model, {.sampler = {.temperature = 0.9f, .top_p = 0.95f}});
  gruve::BuildOptions build = gruve::build_options_for(model.encoder);
  build.split = gruve::Split::train;
  const gruve::Corpus songs = gruve::build_corpus(argv[2], build);

  std::atomic<bool> has_learnt = false;
  std::thread learner([&] {
    const gruve::Style style = gruve::learn_style(model, songs, {.threads = 1});
    player.hand_over(gruve::with_style(model, style));
    has_learnt = true;
  });

  // The audio thread: it plays until the style is learnt, and ten seconds more, which are played with it.
  std::array<gruve::LiveNote, 256> notes;
  int before = 0, after = 0;
  for (int left = 48'000 * 10 / 256; left > 0; left -= has_learnt ? 1 : 0) {
    const std::size_t count =
        player.process({.num_samples = 256, .sample_rate = 48'000, .bpm = model.music->tempo_bpm}, notes);
    for (std::size_t i = 0; i < count; ++i)
      if (notes[i].velocity > 0) ++(has_learnt ? after : before);
    std::this_thread::sleep_for(std::chrono::microseconds(256 * 1'000'000 / 48'000));
  }
  learner.join();
  std::printf("%d notes while it learnt, %d notes after; %lld samples late\n", before, after,
              static_cast<long long>(player.late_samples()));
} catch (const gruve::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
