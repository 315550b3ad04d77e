// What a style of five songs gains, beside training all weights further.
//   g++ -std=c++20 -O2 -DGRUVE_COMPILED_KERNELS -Iinclude -isystem /usr/include/eigen3 benchmarks/style/style.cpp \
//     build/demo/libgruve_kernels.a -pthread -o style
//   ./style MODEL FOLDER…     the folders hold MIDI files of at least 25 songs each
//
// Of each folder it draws five songs to learn from and twenty others to evaluate on, three times. It prints
// the nats per token on the twenty of the model as it is, with a style (learn_style() with its defaults), and
// trained further by Trainer on the five, at the best of several learning rates and numbers of epochs, which
// is chosen on the twenty themselves: a bound that no honest choice exceeds.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/style.hpp"
#include "gruve/train/trainer.hpp"

namespace {

namespace fs = std::filesystem;
using gruve::Corpus;
using gruve::TrainedModel;

// The songs that the encoder accepts, in a random order.
std::vector<std::vector<gruve::Token>> songs_of(const fs::path& folder, const TrainedModel& model,
                                                std::uint64_t seed) {
  gruve::BuildOptions options = gruve::build_options_for(model.encoder);
  options.split = gruve::Split::train;
  const Corpus corpus = gruve::build_corpus(folder, options);
  std::vector<std::vector<gruve::Token>> songs;
  for (std::size_t i = 0; i < corpus.num_songs(); ++i)
    songs.emplace_back(corpus.song(i).tokens.begin(), corpus.song(i).tokens.end());
  gruve::Rng rng(seed);
  for (std::size_t i = songs.size(); i > 1; --i)
    std::swap(songs[i - 1], songs[rng.below(static_cast<std::uint32_t>(i))]);
  return songs;
}

Corpus corpus_of(const TrainedModel& model, std::span<const std::vector<gruve::Token>> songs) {
  return Corpus::from_songs({.encoder = model.encoder}, songs,
                            std::vector(songs.size(), gruve::Split::train));
}

double nats(const TrainedModel& model, const Corpus& corpus) {
  gruve::ThreadPool threads(0);
  return gruve::evaluate(model.network, corpus, gruve::Split::train, threads).mean();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) throw gruve::Error("usage: style MODEL FOLDER…");
  const TrainedModel model = gruve::load(argv[1]);
  std::printf("%-24s %9s %9s %9s %22s %8s\n", "five songs of", "as it is", "style", "all",
              "gain of the style", "seconds");
  for (const fs::path folder : std::span(argv + 2, argv + argc)) {
    std::array<double, 5> sums{};
    double least = 1e9, most = -1e9;
    for (const std::uint64_t seed : {1, 2, 3}) {
      const auto songs = songs_of(folder, model, seed);
      if (songs.size() < 25) throw gruve::Error(folder.string(), "has fewer than 25 songs");
      const Corpus five = corpus_of(model, std::span(songs).first(5));
      const Corpus twenty = corpus_of(model, std::span(songs).subspan(5, 20));
      const double before = nats(model, twenty);
      const auto begin = std::chrono::steady_clock::now();
      const gruve::Style style = gruve::learn_style(model, five);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      const double styled = nats(gruve::with_style(model, style), twenty);
      double whole = before;
      for (const double rate : {1e-4, 3e-4, 1e-3})
        for (const int epochs : {4, 12}) {
          gruve::Trainer trainer(five, model,
                                 {.batch_size = 5, .unroll = 128, .epochs = epochs, .learning_rate = rate});
          trainer.run();
          whole = std::min(whole, nats(trainer.trained_model(), twenty));
        }
      const double gain = (before - styled) / (before - whole);
      least = std::min(least, gain);
      most = std::max(most, gain);
      const std::array<double, 5> row = {before, styled, whole, gain, seconds};
      for (std::size_t i = 0; i < row.size(); ++i) sums[i] += row[i] / 3;
    }
    std::printf("%-24s %9.4f %9.4f %9.4f %8.0f %% (%.0f to %.0f) %8.1f\n", folder.filename().c_str(), sums[0],
                sums[1], sums[2], 100 * sums[3], 100 * least, 100 * most, sums[4]);
    std::fflush(stdout);
  }
} catch (const gruve::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
