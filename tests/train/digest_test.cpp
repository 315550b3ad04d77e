// The same bits everywhere: one digest of a training, and one of a piece, on every processor with fused
// multiply-adds, by every compiler at every level of optimisation.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/core/hash.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/train/trainer.hpp"

using namespace gruve;

namespace {

std::vector<Song> scales() {
  Rng rng(5);
  std::vector<Song> songs(24);
  for (Song& song : songs) {
    song.ticks_per_quarter = 4;
    int key = 50 + static_cast<int>(rng.below(20));
    for (int i = 0; i < 96; ++i) {
      key += static_cast<int>(rng.below(5)) - 2;
      const std::int64_t start = 2 * i;
      song.notes.push_back({.start = start,
                            .end = start + 1 + rng.below(4),
                            .pitch = static_cast<std::uint8_t>(key),
                            .velocity = static_cast<std::uint8_t>(40 + rng.below(80))});
      song.length = std::max(song.length, song.notes.back().end);
    }
  }
  return songs;
}

#if defined(__FMA__) || defined(__aarch64__)
constexpr bool kHasFusedBaseline = true;
#else
constexpr bool kHasFusedBaseline = false;
#endif

std::string hex(std::uint64_t hash) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace

namespace {

struct Digests {
  std::string training, piece;
};

Digests digests_of(const std::string& set) {
  const EventEncoder encoder({.steps_per_quarter = 4, .velocities = true});
  const Corpus corpus = Corpus::encode(encoder, scales());
  Trainer trainer(corpus,
                  {.embedding_size = 24,
                   .hidden_size = 40,
                   .num_layers = 2,
                   .features = AnyEncoder(encoder).features("place,sounding,repeat,relative")},
                  {.batch_size = 6,
                   .unroll = 24,
                   .epochs = 3,
                   .optimizer = {.kind = OptimizerOptions::Kind::adam, .weight_decay = 0.01},
                   .dropout = 0.2,
                   .average = 0.99,
                   .threads = 2});
  trainer.run();
  const TrainedModel model = trainer.trained_model();
  const auto path = std::filesystem::temp_directory_path() / ("gruve_digest_test_" + set + ".safetensors");
  save(model, path);
  Digests digests;
  {
    const MappedFile file(path);
    digests.training = hex(xxh64(file.bytes()));
  }
  std::filesystem::remove(path);

  ThreadPool threads(1);
  PackedModel<float> packed(model.network.config);
  packed.assign(model.network, threads);
  Generator generator(packed, encoder, {.temperature = 0.9f, .top_p = 0.95f}, 7);
  std::vector<Token> tokens;
  for (int i = 0; i < 2000; ++i) tokens.push_back(generator.next());
  digests.piece = hex(xxh64(midi_bytes(encoder.decode(tokens))));
  return digests;
}

}  // namespace

TEST_CASE("A training and a piece have the same bits everywhere", "[train][digest]") {
  for (const std::string set : {"baseline", "avx2", "avx512"}) {
    if (set == "baseline" && !kHasFusedBaseline) {
      std::printf("skipped: baseline kernels without fused multiply-adds have other bits\n");
      continue;
    }
    if (!kernels::force(set)) {
      std::printf("skipped: this processor has no %s\n", set.c_str());
      continue;
    }
    const Digests digests = digests_of(set);
    kernels::internal::forced_set() = nullptr;
    std::printf("%s: training %s, piece %s\n", set.c_str(), digests.training.c_str(), digests.piece.c_str());
    CHECK(digests.training == "3cfbc49596348eb6");
    CHECK(digests.piece == "502f82b37816f148");
  }
}
