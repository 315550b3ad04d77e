// A training of several shards, in one process and spread over ranks, which here are threads.
#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/train/gradient_mean.hpp"
#include "gruve/train/ranks.hpp"
#include "gruve/train/trainer.hpp"

using namespace gruve;

namespace {

// What the ranks pass to each other.
struct Shared {
  explicit Shared(std::size_t size) : barrier(static_cast<std::ptrdiff_t>(size)), sends(size), bytes(size) {}

  std::barrier<> barrier;
  std::vector<std::vector<std::vector<float>>> sends;  // from, to
  std::vector<std::vector<std::byte>> bytes;
};

class ThreadRanks final : public Ranks {
 public:
  ThreadRanks(Shared& shared, std::size_t rank) : shared_(&shared), rank_(rank) {}

  int rank() const noexcept override { return static_cast<int>(rank_); }
  int size() const noexcept override { return static_cast<int>(shared_->sends.size()); }

  void exchange(std::span<const std::span<const float>> send,
                std::span<const std::span<float>> receive) override {
    shared_->sends[rank_].clear();
    for (const auto& each : send) shared_->sends[rank_].emplace_back(each.begin(), each.end());
    shared_->barrier.arrive_and_wait();
    for (std::size_t r = 0; r < receive.size(); ++r) {
      if (r == rank_) continue;
      const std::vector<float>& from = shared_->sends[r][rank_];
      if (from.size() != receive[r].size()) std::terminate();  // the sides disagree
      std::copy(from.begin(), from.end(), receive[r].begin());
      floats_received += from.size();
    }
    shared_->barrier.arrive_and_wait();
  }

  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes) override {
    shared_->bytes[rank_].assign(bytes.begin(), bytes.end());
    shared_->barrier.arrive_and_wait();
    const std::vector<std::vector<std::byte>> all = shared_->bytes;
    shared_->barrier.arrive_and_wait();
    return all;
  }

  std::size_t floats_received = 0;

 private:
  Shared* shared_;
  std::size_t rank_;
};

// Catch2 counts in one thread: what ranks find is checked after them.
template <class Run>
void for_each_rank(std::size_t size, Run&& run) {
  Shared shared(size);
  std::vector<std::thread> threads;
  for (std::size_t rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      ThreadRanks ranks(shared, rank);
      run(ranks);
    });
  for (std::thread& thread : threads) thread.join();
}

Corpus scales(int num_songs) {
  Rng rng(3);
  std::vector<Song> songs(static_cast<std::size_t>(num_songs));
  for (Song& song : songs) {
    song.ticks_per_quarter = 4;
    int key = 50 + static_cast<int>(rng.below(20));
    for (int i = 0; i < 30 + static_cast<int>(rng.below(40)); ++i) {
      key += static_cast<int>(rng.below(5)) - 2;
      song.notes.push_back({.start = 2 * i, .end = 2 * i + 2, .pitch = static_cast<std::uint8_t>(key)});
      song.length = song.notes.back().end;
    }
  }
  return Corpus::encode(EventEncoder(), songs);
}

TrainOptions options_of(int shards) {
  return {.batch_size = 8,
          .shards = shards,
          .unroll = 16,
          .epochs = 3,
          .dropout = 0.1,
          .average = 0.9,
          .augment = {.transpose = 2},
          .threads = 1,
          .checkpoint_interval = 7};
}

const ModelConfig kConfig{.embedding_size = 8, .hidden_size = 16};

std::vector<float> parameters_of(const GruModel<float>& model) {
  std::vector<float> all;
  model.for_each_parameter([&](const std::string&, const Parameter<float>& parameter) {
    all.insert(all.end(), parameter.data(), parameter.data() + parameter.size());
  });
  return all;
}

}  // namespace

TEST_CASE("The gradients of shards are added in a tree over their numbers", "[train][shards]") {
  // Added one after another, these are 1; as 10⁸ + 1 = 10⁸ in float, the halves of the tree are 10⁸ and −10⁸.
  const std::vector<float> values = {1e8f, 1, -1e8f, 1};
  for (const std::size_t size : {1u, 2u, 3u, 4u}) {
    std::vector<std::vector<float>> firsts(size, std::vector<float>(3)),
        seconds(size, std::vector<float>(10));
    for_each_rank(size, [&](ThreadRanks& ranks) {
      std::vector<float>& first = firsts[static_cast<std::size_t>(ranks.rank())];
      std::vector<float>& second = seconds[static_cast<std::size_t>(ranks.rank())];
      ThreadPool threads(1);
      GradientMean mean(4, &ranks);
      const std::vector<std::span<float>> gradient = {first, second};
      mean.mean(gradient, threads, [&](std::size_t shard) {
        std::fill(first.begin(), first.end(), values[shard]);
        std::fill(second.begin(), second.end(), 4 * static_cast<float>(shard));
      });
    });
    CHECK(firsts == std::vector(size, std::vector<float>(3, 0.0f)));
    CHECK(seconds == std::vector(size, std::vector<float>(10, 6.0f)));  // the mean of 0, 4, 8, 12
  }
}

TEST_CASE("Where the ranks divide the tree, each receives 2 (R - 1) / R gradients", "[train][shards]") {
  constexpr std::size_t kParameters = 1024;
  for (const std::size_t size : {2u, 4u, 8u}) {
    std::vector<std::size_t> received(size);
    std::vector<std::vector<float>> values(size, std::vector<float>(kParameters));
    for_each_rank(size, [&](ThreadRanks& ranks) {
      const auto rank = static_cast<std::size_t>(ranks.rank());
      ThreadPool threads(1);
      GradientMean mean(8, &ranks);
      const std::vector<std::span<float>> gradient = {values[rank]};
      mean.mean(gradient, threads,
                [&](std::size_t) { std::fill(values[rank].begin(), values[rank].end(), 1.0f); });
      received[rank] = ranks.floats_received;
    });
    CHECK(values == std::vector(size, std::vector<float>(kParameters, 1.0f)));
    CHECK(received == std::vector<std::size_t>(size, 2 * kParameters * (size - 1) / size));
  }
}

TEST_CASE("A training of shards has the same bits for any number of ranks", "[train][shards]") {
  const Corpus corpus = scales(20);
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "gruve_shards";
  std::filesystem::create_directories(folder);
  const std::filesystem::path file = folder / "checkpoint";
  const TrainOptions options = options_of(4);
  Trainer alone(corpus, kConfig, options);
  alone.run();
  const std::vector<float> last = parameters_of(alone.model()), best = parameters_of(alone.best_model());
  REQUIRE(alone.best_validation_loss() < std::log(corpus.vocab_size()));

  for (const std::size_t size : {1u, 2u, 3u, 4u}) {
    INFO(size << " ranks");
    std::vector<std::vector<float>> lasts(size), bests(size);
    std::vector<double> losses(size);
    for_each_rank(size, [&](ThreadRanks& ranks) {
      const auto rank = static_cast<std::size_t>(ranks.rank());
      Trainer trainer(corpus, kConfig, options, {}, &ranks);
      trainer.run();
      lasts[rank] = parameters_of(trainer.model());
      bests[rank] = parameters_of(trainer.best_model());
      losses[rank] = trainer.best_validation_loss();
    });
    CHECK((lasts == std::vector(size, last)));
    CHECK((bests == std::vector(size, best)));
    CHECK(losses == std::vector<double>(size, alone.best_validation_loss()));

    // Stopped, and continued by another number of ranks.
    std::filesystem::remove(file);
    std::vector<std::uint64_t> steps(size);
    for_each_rank(size, [&](ThreadRanks& ranks) {
      Trainer trainer(corpus, kConfig, options, {}, &ranks);
      // Rank 0 decides.
      trainer.run({.on_step = [&](const StepReport& report) { return ranks.rank() > 0 || report.step < 10; }},
                  file);
      steps[static_cast<std::size_t>(ranks.rank())] = trainer.steps_done();
    });
    CHECK(steps == std::vector<std::uint64_t>(size, 10));
    const std::size_t other = size % 4 + 1;
    std::vector<std::vector<float>> resumed(other);
    std::vector<std::size_t> changes(other);
    for_each_rank(other, [&](ThreadRanks& ranks) {
      const auto rank = static_cast<std::size_t>(ranks.rank());
      Trainer trainer(corpus, kConfig, options, {}, &ranks);
      changes[rank] = trainer.resume(file).size();
      trainer.run();
      resumed[rank] = parameters_of(trainer.best_model());
    });
    CHECK(changes == std::vector<std::size_t>(other, 0));
    CHECK((resumed == std::vector(other, best)));
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("Shards have songs of their own, as many tokens each", "[train][shards]") {
  const Corpus corpus = scales(40);
  for (const std::size_t shards : {1u, 3u, 4u}) {
    std::vector<std::size_t> all;
    std::size_t least = corpus.num_tokens(Split::train), most = 0;
    for (std::size_t i = 0; i < shards; ++i) {
      const std::vector<std::size_t> part = songs_of_shard(corpus, Split::train, i, shards);
      std::size_t tokens = 0;
      for (const std::size_t song : part) tokens += corpus.song(song).tokens.size();
      least = std::min(least, tokens);
      most = std::max(most, tokens);
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end());
    CHECK(all == corpus.songs(Split::train));
    CHECK(static_cast<double>(most) < 1.1 * static_cast<double>(least));
  }
}

TEST_CASE("Shards that can't be are refused", "[train][shards]") {
  const Corpus corpus = scales(6);
  CHECK_THROWS_WITH(Trainer(corpus, kConfig, options_of(3)), "batch_size 8 is no multiple of shards 3");
  CHECK_THROWS_WITH(Trainer(corpus, kConfig, options_of(8)),
                    Catch::Matchers::Contains("songs to train on, fewer than 8 shards"));
  Trainer trainer(corpus, kConfig, options_of(2));
  const std::vector<GruModel<float>> teachers = {trainer.model()};
  CHECK_THROWS_WITH(Trainer(corpus, kConfig, options_of(2), teachers),
                    "soft targets are for a training of one shard");
  Shared shared(4);
  ThreadRanks ranks(shared, 0);
  CHECK_THROWS_WITH(Trainer(corpus, kConfig, options_of(2), {}, &ranks),
                    "4 processes for 2 shards: each needs at least one");
}
