#include "gruve/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/core/atomic_file.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/train/curve.hpp"
#include "gruve/train/divergence.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/training_progress.hpp"
#include "json_damage.hpp"
#include "realtime.hpp"

using namespace gruve;

namespace {

namespace fs = std::filesystem;

struct TemporaryFile {
  explicit TemporaryFile(const std::string& name)
      : path(fs::temp_directory_path() / ("gruve_trainer_test_" + name)) {
    fs::remove(path);
  }
  ~TemporaryFile() { fs::remove(path); }
  std::string read() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  fs::path path;
};

CharEncoder letters(int count) {
  std::string vocabulary;
  for (int i = 0; i < count; ++i) vocabulary.push_back(static_cast<char>('a' + i));
  return CharEncoder(vocabulary);
}

// Random walks on a ring of ten letters.
Corpus walks(std::size_t num_songs = 120) {
  Rng rng(8);
  std::vector<std::vector<Token>> songs(num_songs);
  for (auto& song : songs) {
    std::uint32_t at = rng.below(10);
    for (int t = 0; t < 60; ++t) {
      song.push_back(static_cast<Token>(at));
      at = (at + 9 + 2 * rng.below(2)) % 10;
    }
  }
  return Corpus::from_songs({.encoder = letters(10)}, songs);
}

std::vector<float> flat(const GruModel<float>& model) {
  std::vector<float> values;
  model.for_each_parameter([&](const std::string&, const Parameter<float>& parameter) {
    values.insert(values.end(), parameter.data(), parameter.data() + parameter.size());
  });
  return values;
}

const ModelConfig kSmall{.embedding_size = 8, .hidden_size = 20, .num_layers = 2};

}  // namespace

TEST_CASE("A learning curve is bounded, keeps its lowest loss, and continues as it was", "[train][curve]") {
  Curve curve, resumed;
  for (std::uint64_t step = 1; step <= 100'000; ++step) {
    const double loss = step == 50'001 ? 1 : 2 + 1 / static_cast<double>(step);
    curve.add_validation(step, loss);
    if (step % 5000 == 0) resumed = Curve::from_json(resumed.to_json(), "curve");
    resumed.add_validation(step, loss);
  }
  const nlohmann::json json = curve.to_json();
  CHECK(resumed.to_json() == json);
  const auto steps = json["valid_step"].get<std::vector<std::uint64_t>>();
  const auto losses = json["valid_loss"].get<std::vector<double>>();
  REQUIRE(steps.size() == losses.size());
  CHECK(steps.size() >= 2048);
  CHECK(steps.size() < 4096);
  CHECK(std::is_sorted(steps.begin(), steps.end()));
  CHECK(steps.back() == 100'000);
  const auto lowest = std::min_element(losses.begin(), losses.end());
  CHECK(*lowest == 1);
  CHECK(steps[static_cast<std::size_t>(lowest - losses.begin())] == 50'001);
}

TEST_CASE("A learning curve and a progress of numbers that no training has are refused", "[train][curve]") {
  const auto refusal = [](const nlohmann::json& json) {
    return gruve::tests::error_of([&] { Curve::from_json(json, "curve"); });
  };
  Curve curve;
  curve.add_step(1, 2);
  curve.add_validation(std::uint64_t{1} << 53, 2);
  CHECK(refusal(curve.to_json()) == "no error");
  for (const char* key : {"step", "valid_step"}) {
    nlohmann::json json = curve.to_json();
    json[key][0] = (std::uint64_t{1} << 53) + 1;
    CHECK(refusal(json) == "curve: the learning curve's steps are not numbers up to 9007199254740992");
    json[key][0] = std::numeric_limits<std::uint64_t>::max();
    CHECK(refusal(json) == "curve: the learning curve's steps are not numbers up to 9007199254740992");
  }
  // As many steps as there are stay as many, however small those of the other batch size are.
  curve.scale_steps(1 << 30);
  CHECK(curve.to_json()["valid_step"][0] == std::uint64_t{1} << 53);

  nlohmann::json progress = internal::to_json(internal::TrainingProgress());
  CHECK_NOTHROW(internal::progress_from_json(progress, "x"));
  Curve until;
  until.add_validation(8, 2);
  progress["curve"] = until.to_json();
  progress["step"] = 8u;
  CHECK_NOTHROW(internal::progress_from_json(progress, "x"));
  progress["step"] = 7u;
  CHECK_THROWS_WITH(internal::progress_from_json(progress, "x"),
                    ContainsSubstring("x: the learning curve goes on to step 8, the training to step 7"));
  progress["step"] = 8u;
  // More steps than could be followed by any that a checkpoint can name.
  progress["updates"] = std::uint64_t{1} << 53;
  CHECK_THROWS_WITH(internal::progress_from_json(progress, "x"),
                    ContainsSubstring("x: the state's updates is not a number from 0 to "));
  progress["updates"] = 8u;
  progress["epochs_without_gain"] = std::numeric_limits<int>::max();
  CHECK_THROWS_WITH(internal::progress_from_json(progress, "x"),
                    ContainsSubstring("x: the state's epochs_without_gain is not a number from 0 to "));
}

TEST_CASE("A training step allocates nothing after the first", "[train]") {
  using Kind = OptimizerOptions::Kind;
  const Kind kind = GENERATE(Kind::sgd, Kind::rmsprop, Kind::adam);
  const int num_threads = GENERATE(1, 2);
  const Dropout dropout{.probability = GENERATE(0.0, 0.3)};
  const ModelConfig config{.vocab_size = 89, .embedding_size = 12, .hidden_size = 37, .num_layers = 2};
  const Chunk chunk(8, 5);  // of the first token alone
  for (const kernels::Kernels<float>* kernels : kernels::available()) {
    if (kernels == &kernels::reference::kKernels<float>) continue;  // Eigen's temporaries
    ThreadPool threads(num_threads);
    GruModel<float> model(config), gradient(config);
    initialize(model, 1);
    ChunkPass<float> pass(config, chunk.T, chunk.B, threads, *kernels);
    Optimizer<float> optimizer({.kind = kind}, model, gradient);
    const auto step = [&] {
      pass.assign(model);
      pass.backpropagate(chunk, gradient, dropout);
      optimizer.update(1e-3, 1 / std::max(1.0, optimizer.gradient_norm(threads)), threads);
    };
    step();
    CAPTURE(kernels->name, num_threads);
    // Of the calling thread, which takes its share of the work.
    CHECK(tests::counted([&] {
            step();
            step();
          }).memory == 0);
  }
}

// A hidden state walks on a ring of six; in each step it emits one of two letters of its own with
// probabilities 3/4 and 1/4 and then stays (1/4) or moves on (3/4). A letter gives its state away, so but for
// the first letter the entropy of a token is exact: where the state goes, and which letter it then emits, are
// drawn independently.
//   H = h(1/4) + h(1/4),  h(p) = −p ln p − (1 − p) ln(1 − p)
TEST_CASE("A model learns a source down to its entropy and not below, in either precision",
          "[train][entropy]") {
  const kernels::Precision precision = GENERATE(kernels::Precision::fp32, kernels::Precision::bf16);
  Rng rng(4);
  std::vector<std::vector<Token>> songs(600);
  constexpr std::size_t kLength = 200;
  for (auto& song : songs) {
    std::uint32_t state = rng.below(6);
    for (std::size_t t = 0; t < kLength; ++t) {
      song.push_back(static_cast<Token>(2 * state + (rng.below(4) == 0 ? 1 : 0)));
      if (rng.below(4) != 0) state = (state + 1) % 6;
    }
  }
  const double h = -0.25 * std::log(0.25) - 0.75 * std::log(0.75);
  // The first letter: a uniform state and its letter.
  const double entropy = (std::log(6.0) + h + (kLength - 1) * 2 * h) / kLength;

  const Corpus corpus = Corpus::from_songs({.encoder = letters(12)}, songs);
  Trainer trainer(corpus, {.embedding_size = 16, .hidden_size = 32},
                  {.batch_size = 16,
                   .unroll = 50,
                   .epochs = 6,
                   .learning_rate = 1e-2,
                   .threads = 2,
                   .precision = precision});
  trainer.run();

  // The truth's own loss on the very tokens of the test split: what the best model would have, whatever was
  // drawn.
  double truth = 0;
  std::size_t tokens = 0;
  for (const std::size_t song : corpus.songs(Split::test)) {
    const auto sequence = corpus.song(song).tokens;
    for (std::size_t t = 0; t < sequence.size(); ++t) {
      double p = sequence[t] % 2 == 1 ? 0.25 : 0.75;
      if (t == 0)
        p /= 6;
      else
        p *= sequence[t] / 2 == sequence[t - 1] / 2 ? 0.25 : 0.75;
      truth -= std::log(p);
      ++tokens;
    }
  }
  truth /= static_cast<double>(tokens);
  const ChunkLoss loss = trainer.evaluate(Split::test);
  std::printf("entropy %.4f, of the test tokens %.4f, model %.4f nats per token\n", entropy, truth,
              loss.mean());
  REQUIRE(loss.tokens == tokens);
  CHECK(truth == Approx(entropy).epsilon(0.02));  // the draw of some 10,000 test tokens is a fair one
  CHECK(loss.mean() > truth);
  CHECK(loss.mean() < 1.02 * truth);

  // Token by token, as in generation, where a set of kernels may round states, too.
  const auto steps = [&](const kernels::Kernels<float>& kernels) {
    ThreadPool threads(1);
    PackedModel<float> packed(trainer.best_model().config, kernels);
    packed.assign(trainer.best_model(), threads);
    double nats = 0;
    for (const std::size_t song : corpus.songs(Split::test)) {
      Stepper stepper(packed);
      Token last = letters(12).start_token();
      for (const Token token : corpus.song(song).tokens) {
        const auto logits = stepper.step(last);
        double sum = 0;
        for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
        nats += std::log(sum) - static_cast<double>(logits[token]);
        last = token;
      }
    }
    return nats / static_cast<double>(tokens);
  };
  const double exact = steps(kernels::reference::kKernels<float>);
  CHECK(exact == Approx(loss.mean()).epsilon(precision == kernels::Precision::fp32 ? 1e-5 : 1e-3));
  for (const auto weights : {kernels::Precision::bf16, kernels::Precision::int8}) {
    for (const kernels::Kernels<float>* kernels : kernels::available(weights)) {
      const double more = steps(*kernels) / exact - 1;
      std::printf("  steps with weights in %s, %s: %+.3f %%\n",
                  std::string(kernels::precision_name(weights)).c_str(), kernels->name, 100 * more);
      CHECK(std::abs(more) < (weights == kernels::Precision::bf16 ? 1e-3 : 1e-2));
    }
  }
}

TEST_CASE("A training has the same bits for 1, 2 and 5 threads", "[train][threads]") {
  const kernels::Precision precision = GENERATE(kernels::Precision::fp32, kernels::Precision::bf16);
  const Corpus corpus = walks();
  std::vector<std::vector<float>> models;
  for (const int threads : {1, 2, 5}) {
    Trainer trainer(corpus, kSmall,
                    {.batch_size = 6,
                     .unroll = 16,
                     .epochs = 2,
                     .dropout = 0.2,
                     .threads = threads,
                     .precision = precision});
    trainer.run();
    models.push_back(flat(trainer.best_model()));
  }
  CHECK(models[0] == models[1]);
  CHECK(models[0] == models[2]);
}

TEST_CASE("A training that is stopped and resumed ends with the same model file", "[train][resume]") {
  const Corpus corpus = walks();
  const auto kind =
      GENERATE(OptimizerOptions::Kind::adam, OptimizerOptions::Kind::rmsprop, OptimizerOptions::Kind::sgd);
  const TrainOptions options{.batch_size = 5,
                             .unroll = 16,
                             .epochs = 3,
                             .optimizer = {.kind = kind},
                             .dropout = 0.1,
                             .threads = 2,
                             .checkpoint_interval = 10};
  const TemporaryFile checkpoint("run.checkpoint"), whole_file("whole"), resumed_file("resumed");
  Trainer whole(corpus, kSmall, options);
  whole.run();
  save(whole.trained_model(), whole_file.path);

  const auto middle = GENERATE(std::uint64_t{11}, std::uint64_t{135});
  {
    Trainer stopped(corpus, kSmall, options);
    // Stopped between two checkpoints: as if killed, what came after the last one is lost.
    CHECK(stopped.run({.on_step =
                           [&](const StepReport& report) {
                             if (report.step == middle)
                               fs::copy_file(checkpoint.path, checkpoint.path.string() + ".kept");
                             return report.step < middle;
                           },
                       .on_validation = {}},
                      checkpoint.path) == StopReason::callback);
    fs::rename(checkpoint.path.string() + ".kept", checkpoint.path);
  }
  Trainer resumed(corpus, kSmall, options);
  resumed.resume(checkpoint.path);
  CHECK(resumed.steps_done() == middle / 10 * 10);
  CHECK(resumed.run({}, checkpoint.path) == StopReason::epochs);
  save(resumed.trained_model(), resumed_file.path);
  CHECK(whole_file.read() == resumed_file.read());
}

TEST_CASE("A training may go on with another rate, schedule or dropout, and says so", "[train][resume]") {
  const Corpus corpus = walks();
  const TemporaryFile checkpoint("changed.checkpoint");
  const TrainOptions options{.batch_size = 5, .unroll = 16, .epochs = 2, .threads = 1};
  Trainer first(corpus, kSmall, options);
  for (int i = 0; i < 5; ++i) first.step();
  first.save_checkpoint(checkpoint.path);
  TrainOptions other = options;
  other.learning_rate = 0.0005;
  other.schedule = Schedule::constant;
  other.dropout = 0.2;
  other.epochs = 3;
  Trainer second(corpus, kSmall, other);
  CHECK(second.resume(checkpoint.path) ==
        std::vector<std::string>{"dropout is 0.2, it was 0.0", "learning_rate is 0.0005, it was 0.002",
                                 "schedule is \"constant\", it was \"one-cycle\""});
  CHECK(second.steps_done() == 5);
  CHECK(second.run() == StopReason::epochs);
  CHECK(second.steps_done() == second.steps_per_epoch() * 3);
  Trainer third(corpus, kSmall, options);
  CHECK(third.resume(checkpoint.path).empty());
}

TEST_CASE("A training may go on with another batch: the same weights, and as far as it was",
          "[train][resume]") {
  const Corpus corpus = walks();
  const TemporaryFile checkpoint("batch.checkpoint");
  const TrainOptions options{.batch_size = 4, .unroll = 16, .epochs = 4, .threads = 1};
  Trainer first(corpus, kSmall, options);
  const auto middle = 2 * first.steps_per_epoch();
  while (first.steps_done() < middle) first.step();
  first.save_checkpoint(checkpoint.path);
  TrainOptions other = options;
  other.batch_size = 8;
  other.unroll = 8;
  Trainer second(corpus, kSmall, other);
  CHECK(second.resume(checkpoint.path) ==
        std::vector<std::string>{"batch_size is 8, it was 4", "unroll is 8, it was 16"});
  CHECK(second.steps_done() == middle);  // of as many tokens
  CHECK(second.model().output.bias.data()[0] == first.model().output.bias.data()[0]);
  other.unroll = 16;
  Trainer third(corpus, kSmall, other);
  CHECK(third.resume(checkpoint.path) == std::vector<std::string>{"batch_size is 8, it was 4"});
  CHECK(third.steps_done() == middle / 2);
  const nlohmann::json curve = nlohmann::json::parse(third.trained_model().training).at("curve");
  CHECK(curve.at("step").back().get<std::uint64_t>() <= third.steps_done());
  CHECK(third.run({}, checkpoint.path) == StopReason::epochs);
  CHECK(third.steps_done() == third.total_steps());
  // What it wrote is a checkpoint as any other.
  Trainer fourth(corpus, kSmall, other);
  CHECK(fourth.resume(checkpoint.path).empty());
}

TEST_CASE("A checkpoint of other settings, another corpus or another file is refused", "[train][resume]") {
  const Corpus corpus = walks(), other = walks(100);
  const TemporaryFile checkpoint("refused.checkpoint");
  const TrainOptions options{.batch_size = 5, .unroll = 16, .threads = 1};
  Trainer first(corpus, kSmall, options);
  first.step();
  first.save_checkpoint(checkpoint.path);
  const std::string path = checkpoint.path.string();

  TrainOptions larger = options;
  larger.seed = 6;
  CHECK_THROWS_WITH(Trainer(corpus, kSmall, larger).resume(checkpoint.path),
                    path +
                        ": the checkpoint was written with seed 1, now it is 6; to begin anew from its "
                        "model, train with that as the initial model");
  TrainOptions rounded = options;
  rounded.precision = kernels::Precision::bf16;
  CHECK_THROWS_WITH(Trainer(corpus, kSmall, rounded).resume(checkpoint.path),
                    path +
                        ": the checkpoint was written with precision \"fp32\", now it is \"bf16\"; to begin "
                        "anew from its model, train with that as the initial model");
  CHECK_THROWS_WITH(Trainer(other, kSmall, options).resume(checkpoint.path),
                    path + ": the checkpoint was written with another corpus");
  CHECK_THROWS_WITH(Trainer(corpus, {.hidden_size = 8}, options).resume(checkpoint.path),
                    path +
                        ": the checkpoint is of another model or corpus: embedding_size 8, expected 128; "
                        "hidden_size 20, expected 8; num_layers 2, expected 1");
  save(first.trained_model(), checkpoint.path);
  CHECK_THROWS_WITH(Trainer(corpus, kSmall, options).resume(checkpoint.path),
                    path +
                        ": the metadata lack \"gruve.checkpoint\": not written by gruve, or saved again "
                        "without its metadata (then: gruve import FILE --out MODEL)");
}

TEST_CASE("An input can only be dropped where there is one", "[train]") {
  const Corpus corpus = walks();
  CHECK_THROWS_WITH(Trainer(corpus, kSmall, {.input_dropout = 0.1}),
                    "input dropout needs a model with input features");
}

TEST_CASE("Options of a training that are out of their range are refused by name", "[train]") {
  const double nan = std::nan(""), infinite = std::numeric_limits<double>::infinity();
  const auto refusal = [](const std::string& name, auto value, auto member) {
    TrainOptions options;
    member(options) = value;
    INFO(name << " " << value);
    CHECK(tests::error_of([&] { check(options); }).starts_with(name + " must be "));
  };
  for (const int value : {0, -1}) {
    refusal("batch_size", value, [](TrainOptions& o) -> int& { return o.batch_size; });
    refusal("unroll", value, [](TrainOptions& o) -> int& { return o.unroll; });
    refusal("shards", value, [](TrainOptions& o) -> int& { return o.shards; });
    refusal("epochs", value, [](TrainOptions& o) -> int& { return o.epochs; });
    refusal("checkpoint_interval", value, [](TrainOptions& o) -> int& { return o.checkpoint_interval; });
  }
  refusal("patience", -1, [](TrainOptions& o) -> int& { return o.patience; });
  for (const double value : {-1.0, nan, infinite}) {
    refusal("minutes", value, [](TrainOptions& o) -> double& { return o.minutes; });
    refusal("learning_rate", value, [](TrainOptions& o) -> double& { return o.learning_rate; });
    refusal("clip_norm", value, [](TrainOptions& o) -> double& { return o.clip_norm; });
    refusal("weight_decay", value, [](TrainOptions& o) -> double& { return o.optimizer.weight_decay; });
    refusal("epsilon", value, [](TrainOptions& o) -> double& { return o.optimizer.epsilon; });
  }
  for (const double value : {-0.1, 1.0, nan, infinite}) {
    refusal("dropout", value, [](TrainOptions& o) -> double& { return o.dropout; });
    refusal("input_dropout", value, [](TrainOptions& o) -> double& { return o.input_dropout; });
    refusal("recurrent dropout", value, [](TrainOptions& o) -> double& { return o.weights.recurrent; });
    refusal("embedding dropout", value, [](TrainOptions& o) -> double& { return o.weights.embedding; });
    refusal("average", value, [](TrainOptions& o) -> double& { return o.average; });
    refusal("momentum", value, [](TrainOptions& o) -> double& { return o.optimizer.momentum; });
    refusal("alpha", value, [](TrainOptions& o) -> double& { return o.optimizer.alpha; });
    refusal("beta1", value, [](TrainOptions& o) -> double& { return o.optimizer.beta1; });
    refusal("beta2", value, [](TrainOptions& o) -> double& { return o.optimizer.beta2; });
  }
  CHECK_NOTHROW(check(TrainOptions{}));
}

TEST_CASE("A training in 8 bits is refused", "[train]") {
  const Corpus corpus = walks();
  CHECK_THROWS_WITH(Trainer(corpus, kSmall, {.precision = kernels::Precision::int8}),
                    "int8 is for generation: a model is trained with fp32 or bf16");
}

TEST_CASE("A training that diverges is rolled back, says so, and in the end stops", "[train][divergence]") {
  const Corpus corpus = walks();
  // Infinite in float, halved or not; and a rate whose losses are finite, and far above uniform guessing.
  const double rate = GENERATE(1e300, 1e6);
  const TrainOptions options{.batch_size = 4,
                             .unroll = 8,
                             .epochs = 1000,
                             .optimizer = {.kind = OptimizerOptions::Kind::sgd},
                             .learning_rate = rate,
                             .schedule = Schedule::constant,
                             .clip_norm = 0,
                             .threads = 1};
  Trainer trainer(corpus, kSmall, options);
  const auto start = flat(trainer.model());
  int bad = 0;
  double rate_before = 0;
  const StopReason reason =
      trainer.run({.on_step =
                       [&](const StepReport& report) {
                         if (report.undone) {
                           ++bad;
                           CHECK(flat(trainer.model()) == start);  // the last good state
                           CHECK((rate_before == 0 || report.learning_rate < rate_before));
                           rate_before = report.learning_rate;
                         }
                         return true;
                       },
                   .on_validation = {}});
  CHECK(reason == StopReason::diverged);
  CHECK(bad == 9);
  for (const float value : flat(trainer.model())) REQUIRE(std::isfinite(value));
}

namespace {

// The rate grows until the training diverges, some steps after a good state was taken.
TrainOptions growing_rate() {
  return {.batch_size = 4,
          .unroll = 8,
          .epochs = 2,
          .optimizer = {.kind = OptimizerOptions::Kind::sgd},
          .learning_rate = 40,
          .schedule = Schedule::one_cycle,
          .clip_norm = 0,
          .threads = 1,
          .checkpoint_interval = 7};
}

}  // namespace

TEST_CASE("A training that was stopped before it is rolled back ends with the same bits",
          "[train][divergence]") {
  const Corpus corpus = walks();
  const TemporaryFile checkpoint("rolled.checkpoint"), previous("rolled.checkpoint.previous");
  TrainOptions options = growing_rate();
  options.average = 0.9;
  const auto finish = [](Trainer& trainer) {
    std::vector<std::uint64_t> undone;
    trainer.run({.on_step = [&](const StepReport& report) {
      if (report.undone) undone.push_back(report.step);
      return true;
    }});
    return undone;
  };
  Trainer whole(corpus, kSmall, options);
  const std::vector<std::uint64_t> undone = finish(whole);
  REQUIRE(!undone.empty());
  const std::uint64_t first = undone.front();
  REQUIRE(first > 7);
  for (std::uint64_t stop = first - 7; stop <= first + 1; ++stop) {
    {
      Trainer stopped(corpus, kSmall, options);
      stopped.run({.on_step = [&](const StepReport& report) { return report.step < stop; }}, checkpoint.path);
    }
    Trainer resumed(corpus, kSmall, options);
    REQUIRE(resumed.resume(checkpoint.path).empty());
    CHECK(resumed.steps_done() == stop);
    finish(resumed);
    CHECK(flat(resumed.model()) == flat(whole.model()));
    CHECK(flat(resumed.best_model()) == flat(whole.best_model()));
  }
}

TEST_CASE("A roll-back returns to what the model was at the last interval's beginning that was good",
          "[train][divergence]") {
  const Corpus corpus = walks();
  const TrainOptions options = growing_rate();
  const auto interval = static_cast<std::uint64_t>(options.checkpoint_interval);
  Trainer trainer(corpus, kSmall, options);
  // By the definition: the model before an update may be returned to where the steps of an interval begin, if
  // the loss was not above the bound, ln V or the first loss.
  std::vector<float> before = flat(trainer.model()), good = before;
  double first_loss = 0;
  int undone = 0;
  trainer.run({.on_step = [&](const StepReport& report) {
    if (first_loss == 0) first_loss = report.loss;
    if (report.undone) {
      ++undone;
      CHECK(flat(trainer.model()) == good);
    } else if (report.step % interval == 1 &&
               report.loss <= 1.1 * std::max(first_loss, std::log(corpus.encoder().vocab_size()))) {
      good = before;
    }
    before = flat(trainer.model());
    return true;
  }});
  CHECK(undone > 0);
}

TEST_CASE("Divergence: not finite, far above the bound, or above it for long", "[train][divergence]") {
  const double uniform = std::log(10.0);
  Divergence divergence(10);
  CHECK_FALSE(divergence.add(uniform, 1));
  CHECK(divergence.add(std::nan(""), 1));
  CHECK(divergence.add(1, HUGE_VAL));
  CHECK_FALSE(divergence.add(9.9 * uniform, 1));
  CHECK(divergence.add(10.1 * uniform, 1));
  for (int i = 1; i < Divergence::kSteps; ++i) REQUIRE_FALSE(divergence.add(1.2 * uniform, 1));
  CHECK_FALSE(divergence.add(uniform, 1));  // a step that is not above begins anew
  for (int i = 1; i < Divergence::kSteps; ++i) REQUIRE_FALSE(divergence.add(1.2 * uniform, 1));
  CHECK(divergence.steps_above() == Divergence::kSteps - 1);
  CHECK(divergence.add(1.2 * uniform, 1));
  CHECK(divergence.is_sane(uniform));
  CHECK_FALSE(divergence.is_sane(1.01 * uniform));
  CHECK_FALSE(divergence.is_sane(std::nan("")));
  // A model that is trained further on other songs begins above uniform guessing, and is not stopped.
  Divergence further(10);
  for (int i = 0; i < 100; ++i) REQUIRE_FALSE(further.add(3 * uniform, 1));
  CHECK(further.is_sane(2 * uniform));
}

// Nothing of a checkpoint may change the result in silence.
TEST_CASE("A damaged checkpoint is refused, and the one before it is taken", "[train][resume]") {
  const Corpus corpus = walks();
  const TemporaryFile checkpoint("damaged.checkpoint"), previous("damaged.checkpoint.previous");
  const TrainOptions options{.batch_size = 5, .unroll = 16, .epochs = 2, .threads = 1};
  Trainer first(corpus, kSmall, options);
  for (int i = 0; i < 3; ++i) first.step();
  first.save_checkpoint(checkpoint.path);
  first.step();
  first.save_checkpoint(checkpoint.path);
  const std::string whole = checkpoint.read();
  const auto write = [&](std::string bytes) { write_file(checkpoint.path, std::string_view(bytes)); };

  Trainer resumed(corpus, kSmall, options);
  CHECK(resumed.resume(checkpoint.path).empty());
  CHECK(resumed.steps_done() == 4);
  Rng rng(2);
  const auto before = flat(resumed.model());
  fs::rename(previous.path, previous.path.string() + ".kept");
  for (int i = 0; i < 300; ++i) {
    std::string bytes = whole;
    const std::uint32_t at = rng.below(static_cast<std::uint32_t>(bytes.size()));
    const auto bit = static_cast<char>(1 << rng.below(8));
    bytes[at] = static_cast<char>(bytes[at] ^ bit);
    CAPTURE(at, bit);
    write(bytes);
    REQUIRE_THROWS_AS(resumed.resume(checkpoint.path), Error);
    REQUIRE(resumed.steps_done() == 4);
    REQUIRE(flat(resumed.model()) == before);
  }
  fs::rename(previous.path.string() + ".kept", previous.path);
  const std::vector<std::string> changes = resumed.resume(checkpoint.path);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].starts_with("resumed from " + previous.path.string() +
                               ", the one before: " + checkpoint.path.string()));
  CHECK(resumed.steps_done() == 3);
  fs::remove(checkpoint.path);
  CHECK(resumed.resume(checkpoint.path).size() == 1);  // as a kill between the two leaves it
  CHECK(resumed.steps_done() == 3);
}

// A state with a right checksum that no training has written.
TEST_CASE("The numbers of a checkpoint's state are checked, and a refusal changes nothing",
          "[train][resume]") {
  const Corpus corpus = walks();
  const TemporaryFile checkpoint("forged.checkpoint"), previous("forged.checkpoint.previous");
  const TrainOptions options{.batch_size = 5, .unroll = 16, .epochs = 20, .threads = 1};
  Trainer first(corpus, kSmall, options), resumed(corpus, kSmall, options), expected(corpus, kSmall, options);
  for (int i = 0; i < 3; ++i) first.step();
  first.save_checkpoint(checkpoint.path);
  for (int i = 0; i < 2; ++i) {
    resumed.step();
    expected.step();
  }
  const SafetensorsFile file(checkpoint.path);
  const nlohmann::json state = nlohmann::json::parse(file.metadata("gruve.checkpoint"));
  const auto forge = [&](const nlohmann::json& other) {
    std::vector<NamedTensor> tensors;
    for (const auto& [name, view] : file.tensors()) tensors.push_back({name, view});
    auto metadata = file.metadata();
    metadata.erase("gruve.checksum");
    metadata["gruve.checkpoint"] = other.dump();
    write_safetensors(checkpoint.path, tensors, metadata);
  };
  forge(state);
  CHECK(Trainer(corpus, kSmall, options).resume(checkpoint.path).empty());
  // As versions before the checksum wrote it.
  std::string older = checkpoint.read();
  older.replace(older.find("gruve.checksum"), 14, "other.checksum");
  write_file(checkpoint.path, std::string_view(older));
  CHECK_THROWS_WITH(resumed.resume(checkpoint.path), Catch::Contains("of an earlier version"));
  const nlohmann::json wrong[] = {-1, 1e300, "1", nullptr, true, {1}, nlohmann::json::object(), -1e-9};
  for (const auto& [key, was] : state.items())
    for (const nlohmann::json& value : wrong) {
      if (was.type() == value.type() && key != "rate_scale") continue;  // true for has_best
      if (value.is_number() && value > 0 && (key == "first_loss" || key == "seconds")) continue;
      if (key == "best_loss") continue;  // null, as is has_best
      nlohmann::json other = state;
      other[key] = value;
      CAPTURE(key, value);
      forge(other);
      CHECK_THROWS_WITH(resumed.resume(checkpoint.path), Catch::StartsWith(checkpoint.path.string() + ": "));
    }
  const std::pair<const char*, nlohmann::json> inner[] = {{"/streams/0/next", -1},
                                                          {"/streams/0/next", 1e6},
                                                          {"/streams/0/sequences", nullptr},
                                                          {"/streams/0/sequences/0", {1, 2}},
                                                          {"/streams/0/sequences/0/0", -3},
                                                          {"/streams/0/sequences/0/1", 1'000'000},
                                                          {"/streams/0/pass", "x"},
                                                          {"/curve/step", {3, 2, 1}},
                                                          {"/curve/step", {-1}},
                                                          {"/curve/train_loss", {1, 2, 3, 4, 5}},
                                                          {"/curve/interval", 0},
                                                          {"/curve/count", 5},
                                                          {"/curve/valid_loss", {"x"}},
                                                          {"/options/batch_size", 0},
                                                          {"/options/batch_size", "5"},
                                                          {"/options/unroll", -1}};
  for (const auto& [pointer, value] : inner) {
    nlohmann::json other = state;
    other[nlohmann::json::json_pointer(pointer)] = value;
    CAPTURE(pointer, value);
    forge(other);
    CHECK_THROWS_WITH(resumed.resume(checkpoint.path), Catch::StartsWith(checkpoint.path.string() + ": "));
  }
  resumed.step();
  expected.step();
  CHECK(flat(resumed.model()) == flat(expected.model()));
}

TEST_CASE("Whatever a value of a checkpoint's state is, it is refused in a sentence or resumed",
          "[train][resume][damage]") {
  const Corpus corpus = walks();
  const TemporaryFile checkpoint("damaged.checkpoint"), previous("damaged.checkpoint.previous");
  const TrainOptions options{.batch_size = 2, .unroll = 16, .epochs = 20, .threads = 1};
  Trainer first(corpus, kSmall, options);
  for (int i = 0; i < 3; ++i) first.step();
  first.save_checkpoint(checkpoint.path);
  const tests::SafetensorsParts whole(checkpoint.path);
  const std::string key = "gruve.checkpoint";
  const nlohmann::json state = nlohmann::json::parse(whole.header["__metadata__"][key].get<std::string>());
  std::size_t refused = 0;
  tests::for_each_damage(state, [&](const nlohmann::json& changed) {
    nlohmann::json header = whole.header;
    header["__metadata__"][key] = changed.dump();
    const std::vector<std::byte> bytes = whole.with(header);
    write_file(checkpoint.path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    INFO(changed.dump());
    Trainer resumed(corpus, kSmall, options);
    try {
      resumed.resume(checkpoint.path);
      REQUIRE(std::isfinite(resumed.step().loss));
    } catch (const Error& error) {
      REQUIRE(error.file() == checkpoint.path.string());
      REQUIRE(error.reason().size() < 1000);
      ++refused;
    }
  });
  CHECK(refused > 1000);
}

TEST_CASE("Training ends early when the validation loss no longer falls, and keeps the best model",
          "[train][patience]") {
  const Corpus corpus = walks(12);  // so few that a large model learns them by heart
  Trainer trainer(corpus, {.embedding_size = 16, .hidden_size = 64},
                  {.batch_size = 4,
                   .unroll = 30,
                   .epochs = 500,
                   .learning_rate = 1e-2,
                   .schedule = Schedule::constant,
                   .patience = 5,
                   .threads = 1});
  std::vector<double> losses;
  CHECK(trainer.run({.on_step = {}, .on_validation = [&](const ValidationReport& report) {
                       losses.push_back(report.loss.mean());
                       CHECK(report.improved ==
                             (losses.back() == *std::min_element(losses.begin(), losses.end())));
                     }}) == StopReason::patience);
  const double best = *std::min_element(losses.begin(), losses.end());
  CHECK(losses.size() < 500);
  CHECK(losses[losses.size() - 6] == best);
  CHECK(losses.back() > best);
  ThreadPool threads(1);
  CHECK(evaluate(trainer.best_model(), corpus, Split::valid, threads).mean() == Approx(best).epsilon(1e-6));
}

TEST_CASE("A corpus without a validation split trains to the end", "[train]") {
  const std::vector<std::vector<Token>> one = {{0, 1, 2, 0, 1, 2}};
  const Corpus corpus = Corpus::from_songs({.encoder = letters(3)}, one);
  Trainer trainer(corpus, kSmall, {.batch_size = 2, .unroll = 4, .epochs = 3, .threads = 1});
  CHECK(trainer.run() == StopReason::epochs);
  CHECK(flat(trainer.best_model()) == flat(trainer.model()));
}

TEST_CASE("Schedules begin, peak and end where they should", "[train][schedule]") {
  CHECK(schedule_factor(Schedule::constant, 0.7) == 1);
  CHECK(schedule_factor(Schedule::cosine, 0) == 1);
  CHECK(schedule_factor(Schedule::cosine, 0.5) == Approx(0.5));
  CHECK(schedule_factor(Schedule::cosine, 1) == Approx(0).margin(1e-15));
  CHECK(schedule_factor(Schedule::one_cycle, 0) == Approx(1.0 / 25));
  CHECK(schedule_factor(Schedule::one_cycle, 0.3) == Approx(1));
  CHECK(schedule_factor(Schedule::one_cycle, 1) == Approx(1.0 / 250'000));
  // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=11) at step 5: half a cosine 2/7 down its
  // second phase.
  CHECK(schedule_factor(Schedule::one_cycle, 0.5) == Approx(0.8117452).epsilon(1e-5));
}

TEST_CASE("What songs cost adds up to the loss, under the grammar, timestep by timestep",
          "[train][evaluate]") {
  const TimestepEncoder encoder({.steps_per_quarter = 1});
  std::vector<std::vector<Token>> songs;
  Rng rng(4);
  for (int i = 0; i < 40; ++i) {
    std::vector<Token> song;
    const std::uint32_t steps = 1 + rng.below(60);
    for (std::uint32_t step = 0; step < steps; ++step) {
      for (Token key = 88; key-- > 0;)
        if (rng.below(30) == 0) song.push_back(key);
      song.push_back(88);
    }
    songs.push_back(song);
  }
  const Corpus corpus = Corpus::from_songs({.encoder = encoder}, songs);
  ThreadPool threads(2);

  // A model of no knowledge: each of the tokens that the grammar allows is equally probable.
  GruModel<float> model({.vocab_size = 89, .embedding_size = 4, .hidden_size = 8});
  const std::vector<SongLoss> losses =
      song_losses(corpus, Split::train, evaluate_tokens(model, corpus, Split::train, threads).nats);
  REQUIRE(losses.size() == corpus.songs(Split::train).size());
  double nats = 0;
  for (const SongLoss& loss : losses) {
    const auto tokens = corpus.song(loss.song).tokens;
    double expected = 0, first = 0;
    std::uint64_t steps = 0, notes = 0;
    int last = 88;
    std::set<Token> now, before;
    for (const Token token : tokens) {
      if (token == 88) {
        before = std::exchange(now, {});
      } else {
        now.insert(token);
        notes += before.contains(token) ? 0 : 1;
      }
      const double cost = std::log(last + 1.0);  // the keys below the last one, and the end
      expected += cost;
      if (steps == 0) first += cost;
      steps += token == 88 ? 1 : 0;
      last = token;
    }
    CHECK(loss.nats == Approx(expected).epsilon(1e-5));
    CHECK(loss.first_nats == Approx(first).epsilon(1e-5));
    CHECK(loss.steps == steps);
    CHECK(loss.notes == notes);
    CHECK(loss.tokens == tokens.size());
    nats += loss.nats;
  }
  CHECK(evaluate(model, corpus, Split::train, threads).nats == Approx(nats));
}

TEST_CASE("A model with features costs the same token by token as in chunks", "[train][features]") {
  Rng rng(4);
  std::vector<std::vector<Token>> songs(30);
  for (auto& song : songs)
    for (std::uint32_t step = 0; step < 20; ++step) {
      for (Token key = 88; key-- > 0;)
        if (rng.below(20) == 0) song.push_back(key);
      song.push_back(88);
    }
  const TimestepEncoder encoder({.steps_per_quarter = 1});
  const Corpus corpus = Corpus::from_songs({.encoder = encoder}, songs);
  const Features features = corpus.encoder().features("index,held,intervals,bar=3,relative");
  GruModel<float> model(
      {.vocab_size = 89, .embedding_size = 6, .hidden_size = 20, .num_layers = 2, .features = features});
  initialize(model, 5);
  ThreadPool threads(2);
  const auto nats = evaluate_tokens(model, corpus, Split::train, threads).nats;
  PackedModel<float> packed(model.config);
  packed.assign(model, threads);
  for (const std::size_t song : corpus.songs(Split::train)) {
    Stepper stepper(packed);
    TimestepFeatures state_of_features(features.description);
    int state = encoder.start();
    Token last = encoder.start_token();
    double expected = 0, sum_of_nats = 0;
    for (const Token token : corpus.song(song).tokens) {
      const auto logits = stepper.step(last, state_of_features.rows());
      double sum = 0;
      for (Token other = 0; other < 89; ++other)
        if (encoder.allowed(state, other)) sum += std::exp(static_cast<double>(logits[other]));
      expected += std::log(sum) - static_cast<double>(logits[token]);
      state = encoder.advance(state, token);
      state_of_features.advance(token);
      last = token;
    }
    for (const double cost : nats[song]) sum_of_nats += cost;
    CHECK(sum_of_nats == Approx(expected).epsilon(1e-5));
  }

  // And a training of such a model is stopped and resumed as any other.
  const TrainOptions options{
      .batch_size = 3, .unroll = 10, .epochs = 2, .threads = 1, .checkpoint_interval = 9};
  const TemporaryFile checkpoint("features.checkpoint");
  const ModelConfig config{
      .embedding_size = 6, .hidden_size = 20, .features = {"index,held,intervals,bar=3,relative"}};
  Trainer whole(corpus, config, options), first(corpus, config, options), second(corpus, config, options);
  whole.run();
  int steps = 0;
  first.run({.on_step = [&](const StepReport&) { return ++steps < 13; }, .on_validation = {}},
            checkpoint.path);
  second.resume(checkpoint.path);
  second.run();
  CHECK(flat(second.best_model()) == flat(whole.best_model()));
}

TEST_CASE("Features are refused where the encoder has none", "[train][features]") {
  const Corpus corpus = walks();
  CHECK_THROWS_WITH(Trainer(corpus, {.features = {"index"}}, {}),
                    "features \"index\" are requested, but this encoder has none");
}

TEST_CASE("A model of another encoder is refused for that, not for its features", "[train][features]") {
  const std::vector<std::vector<Token>> songs = {{39, 88, 40, 88}, {41, 88, 43, 88}};
  const Corpus music = Corpus::from_songs({.encoder = TimestepEncoder()}, songs);
  const Corpus ids = Corpus::from_songs({.encoder = IdEncoder(89)}, songs);
  const TrainedModel model = Trainer(music, {.hidden_size = 4, .features = {"index"}}, {}).trained_model();
  CHECK_THROWS_WITH(Trainer(ids, model, {}),
                    "corpus in memory: has a different encoder than the model that the training begins with");
}

TEST_CASE("Weights that are dropped are so in their share, for the gradient as for the pass", "[train]") {
  GruModel<float> model({.vocab_size = 200, .embedding_size = 4, .hidden_size = 40, .num_layers = 2});
  model.for_each_parameter([](const std::string&, Parameter<float>& parameter) {
    std::fill_n(parameter.data(), parameter.size(), 1.0f);
  });
  GruModel<float> pass = model, gradient = model, other = model, none = model;
  const WeightDropout dropout{.recurrent = 0.25, .embedding = 0.5};
  drop_weights(pass, dropout, 3, 7);
  drop_weights(gradient, dropout, 3, 7);
  drop_weights(other, dropout, 3, 8);
  drop_weights(none, {}, 3, 7);
  CHECK(flat(pass) == flat(gradient));
  CHECK(flat(pass) != flat(other));
  CHECK(flat(none) == flat(model));
  const auto share = [](const Parameter<float>& parameter) {
    return static_cast<double>(std::count(parameter.data(), parameter.data() + parameter.size(), 0.0f)) /
           static_cast<double>(parameter.size());
  };
  for (const GruCell<float>& cell : pass.gru.layers) {
    CHECK(share(cell.weight_hh) == Approx(0.25).margin(4 * std::sqrt(0.25 * 0.75 / 4800)));
    CHECK(*std::max_element(cell.weight_hh.data(), cell.weight_hh.data() + 4800) == Approx(4.0 / 3));
    CHECK(share(cell.weight_ih) == 0);
    CHECK(share(cell.bias_hh) == 0);
  }
  CHECK(flat(pass) != flat(model));
  CHECK(pass.gru.layers[0].weight_hh.matrix() != pass.gru.layers[1].weight_hh.matrix());
  CHECK(share(pass.embedding.weight) == Approx(0.5).margin(4 * std::sqrt(0.25 / 200)));
  for (int token = 0; token < 200; ++token) {
    const auto row = pass.embedding.weight.matrix().row(token);
    CHECK(((row.array() == 0).all() || (row.array() == 2).all()));
  }
  CHECK(share(pass.output.weight) == 0);
}

TEST_CASE("A weight average is validated and saved, and survives a stop", "[train]") {
  const Corpus corpus = walks(40);
  TrainOptions options{.batch_size = 8, .unroll = 16, .epochs = 3, .threads = 1, .checkpoint_interval = 7};
  Trainer plain(corpus, kSmall, options);
  options.average = 0.99;
  Trainer averaged(corpus, kSmall, options);
  plain.run();
  averaged.run();
  CHECK(flat(plain.model()) == flat(averaged.model()));  // the training itself is the same
  CHECK(flat(plain.best_model()) != flat(averaged.best_model()));
  ThreadPool threads(1);
  CHECK(evaluate(averaged.best_model(), corpus, Split::valid, threads).mean() ==
        Approx(averaged.best_validation_loss()).epsilon(1e-5));

  const TemporaryFile checkpoint("average.checkpoint");
  Trainer first(corpus, kSmall, options);
  int steps = 0;
  first.run({.on_step = [&](const StepReport&) { return ++steps < 11; }, .on_validation = {}},
            checkpoint.path);
  Trainer second(corpus, kSmall, options);
  second.resume(checkpoint.path);
  second.run();
  CHECK(flat(second.best_model()) == flat(averaged.best_model()));
}
