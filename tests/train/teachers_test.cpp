#include "gruve/train/teachers.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/train/trainer.hpp"

using namespace gruve;

namespace {

constexpr int kCharacters = 10;

// Letters that say nothing of the next one: what is learnt of them beyond their frequency is a teacher's.
Corpus noise() {
  std::string vocabulary;
  for (int i = 0; i < kCharacters; ++i) vocabulary.push_back(static_cast<char>('a' + i));
  Rng rng(8);
  std::vector<std::vector<Token>> songs(60);
  for (auto& song : songs)
    for (int t = 0; t < 80; ++t) song.push_back(static_cast<Token>(rng.below(kCharacters)));
  return Corpus::from_songs({.encoder = CharEncoder(vocabulary)}, songs);
}

// A model with an opinion.
GruModel<float> opinionated(std::uint64_t seed, int hidden_size = 6) {
  GruModel<float> model({.vocab_size = kCharacters, .embedding_size = 4, .hidden_size = hidden_size});
  Rng rng(seed);
  model.for_each_parameter([&](const std::string&, Parameter<float>& parameter) {
    for (std::size_t i = 0; i < parameter.size(); ++i) parameter.data()[i] = 2 * rng.uniform() - 1;
  });
  return model;
}

// Mean over the tokens of Σ p log(p / q), of the teachers' mean p and the pupil's q.
double divergence(const std::vector<GruModel<float>>& teachers, const GruModel<float>& pupil,
                  const Corpus& corpus) {
  constexpr int kTimesteps = 20, kBatchSize = 4;
  ThreadPool threads(1);
  Teachers all(teachers, pupil.config, kTimesteps, kBatchSize, threads);
  ChunkPass<float> pass(pupil.config, kTimesteps, kBatchSize, threads);
  pass.assign(pupil);
  BatchStream stream(corpus, Split::test, kBatchSize, BatchStream::Passes::once, 0);
  Chunk chunk(kTimesteps, kBatchSize);
  double sum = 0, tokens = 0;
  while (stream.next(chunk)) {
    const auto p = all.probabilities(chunk);
    tokens += static_cast<double>(pass.evaluate(chunk).tokens);
    const auto q = pass.probabilities();
    for (std::size_t i = 0; i < p.size(); ++i)
      if (p[i] > 0) sum += static_cast<double>(p[i] * std::log(p[i] / q[i]));
  }
  return sum / tokens;
}

const ModelConfig kPupil{.embedding_size = 8, .hidden_size = 32};
const TrainOptions kOptions{.batch_size = 8,
                            .unroll = 16,
                            .epochs = 60,
                            .learning_rate = 1e-2,
                            .threads = 1,
                            .checkpoint_interval = 5};

}  // namespace

TEST_CASE("A model learns what its teachers say together, not the tokens", "[train][teachers]") {
  const Corpus corpus = noise();
  const std::vector<GruModel<float>> teachers = {opinionated(1), opinionated(2, 9)};
  Trainer taught(corpus, kPupil, kOptions, teachers), alone(corpus, kPupil, kOptions);
  const double before = divergence(teachers, taught.model(), corpus);
  taught.run();
  alone.run();
  CHECK(before > 0.1);
  CHECK(divergence(teachers, taught.model(), corpus) < 0.1 * before);
  CHECK(divergence(teachers, alone.best_model(), corpus) > 0.5 * before);
}

TEST_CASE("A training with teachers has the same bits for any threads, stopped and resumed",
          "[train][teachers][resume]") {
  const Corpus corpus = noise();
  const std::vector<GruModel<float>> teachers = {opinionated(1), opinionated(2, 9)};
  const auto checkpoint = std::filesystem::temp_directory_path() / "gruve_teachers_test.checkpoint";
  TrainOptions options = kOptions;
  options.epochs = 2;
  Trainer whole(corpus, kPupil, options, teachers);
  whole.run();
  options.threads = 3;
  Trainer stopped(corpus, kPupil, options, teachers);
  stopped.run({.on_step = [](const StepReport& report) { return report.step < 7; }, .on_validation = {}},
              checkpoint);
  Trainer resumed(corpus, kPupil, options, teachers);
  resumed.resume(checkpoint);
  resumed.run();
  CHECK(resumed.model().output.weight.matrix() == whole.model().output.weight.matrix());

  const std::vector<GruModel<float>> others = {opinionated(1), opinionated(3, 9)};
  CHECK_THROWS_WITH(Trainer(corpus, kPupil, options, others).resume(checkpoint),
                    checkpoint.string() + ": the checkpoint was written with other teachers");
  std::filesystem::remove(checkpoint);
}

TEST_CASE("A teacher that can't be asked is refused", "[train][teachers]") {
  const Corpus corpus = noise();
  std::vector<GruModel<float>> teachers = {opinionated(1)};
  const ModelConfig larger{.vocab_size = 11, .embedding_size = 8, .hidden_size = 8};
  ThreadPool threads(1);
  CHECK_THROWS_WITH(Teachers(teachers, larger, 4, 2, threads), "a teacher of 10 tokens for a model of 11");
  const ModelConfig told{.vocab_size = 10, .features = {"index"}};
  CHECK_THROWS_WITH(Teachers(teachers, told, 4, 2, threads),
                    "a teacher must have the same features as the model that learns from it");
}
