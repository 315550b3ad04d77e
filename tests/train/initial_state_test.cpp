#include "gruve/train/initial_state.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/model/batch_stepper.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/teachers.hpp"
#include "gruve/train/trainer.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

constexpr int kLetters = 10, kHidden = 12, kLayers = 2;

std::vector<float> random_state(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> state(kLayers * kHidden);
  for (float& h : state) h = 2 * rng.uniform() - 1;
  return state;
}

TrainedModel letters_model(std::vector<float> initial_state = {}) {
  TrainedModel model{
      .network = GruModel<float>(
          {.vocab_size = kLetters, .embedding_size = 4, .hidden_size = kHidden, .num_layers = kLayers}),
      .encoder = CharEncoder("abcdefghij")};
  Rng rng(9);
  // A large update gate and little input, so that the first state is remembered; outputs that differ.
  model.network.for_each_parameter([&](const std::string& name, Parameter<float>& parameter) {
    const float scale = name.starts_with("output") ? 3.0f : 0.3f;
    for (std::size_t i = 0; i < parameter.size(); ++i) parameter.data()[i] = scale * (2 * rng.uniform() - 1);
  });
  for (GruCell<float>& cell : model.network.gru.layers)
    for (int i = kHidden; i < 2 * kHidden; ++i) cell.bias_hh.data()[i] = 3;
  model.network.initial_state = std::move(initial_state);
  return model;
}

// Songs of various lengths that a model generates.
Corpus songs_of(const TrainedModel& model, std::size_t count) {
  const PackedModel<float> packed(model.network);
  std::vector<std::vector<Token>> songs;
  for (std::size_t i = 0; i < count; ++i) {
    Generator generator(packed, model.encoder, {}, i);
    auto& song = songs.emplace_back();
    for (std::size_t t = 0; t < 20 + i % 9; ++t) song.push_back(generator.next());
  }
  return Corpus::from_songs({.encoder = model.encoder}, songs);
}

double loss_of(const TrainedModel& model, const Corpus& corpus, Split split) {
  ThreadPool threads(2);
  return evaluate(model.network, corpus, split, threads).mean();
}

// −ln p of a token.
double nats(std::span<const float> logits, Token token) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return std::log(sum) - static_cast<double>(logits[token]);
}

}  // namespace

TEST_CASE("Steppers and evaluation begin each song in the model's initial state", "[train][state]") {
  const TrainedModel model = letters_model(random_state(1));
  const Corpus corpus = songs_of(letters_model(), 40);
  const PackedModel<float> packed(model.network), plain(letters_model().network);
  ThreadPool threads(2);
  const SplitLoss loss = evaluate_tokens(model.network, corpus, Split::train, threads);
  constexpr int kTimesteps = 7, kBatchSize = 4;  // songs go on in the next chunk
  ChunkPass<float> pass(model.network.config, kTimesteps, kBatchSize, threads);
  pass.assign(model.network);
  double total = 0;
  std::size_t tokens = 0;
  for (const std::size_t song : corpus.songs(Split::train)) {
    // By hand from the same weights without an initial state.
    Stepper by_hand(plain), stepper(packed);
    std::copy(model.network.initial_state.begin(), model.network.initial_state.end(),
              by_hand.state().begin());
    BatchStepper batch(packed, 3, threads);
    Token input = corpus.encoder().start_token();
    const std::span<const Token> song_tokens = corpus.song(song).tokens;
    REQUIRE(loss.nats[song].size() == song_tokens.size());
    for (std::size_t t = 0; t < song_tokens.size(); ++t) {
      const Token target = song_tokens[t];
      const double expected = nats(by_hand.step(input), target);
      CHECK(nats(stepper.step(input), target) == expected);
      const std::vector<Token> inputs(3, input);
      const auto logits = batch.step(inputs);
      for (std::size_t b = 0; b < 3; ++b)
        CHECK(nats(logits.subspan(b * kLetters, kLetters), target) == Approx(expected).margin(1e-4));
      CHECK(loss.nats[song][t] == Approx(expected).margin(1e-4));
      total += expected;
      ++tokens;
      input = target;
    }
  }
  const ChunkLoss chunks = evaluate(pass, corpus, Split::train, kTimesteps, kBatchSize);
  CHECK(chunks.tokens == tokens);
  CHECK(chunks.nats == Approx(total).epsilon(1e-5));
  // The state matters: without it, another loss.
  CHECK(std::abs(loss_of(letters_model(), corpus, Split::train) - total / static_cast<double>(tokens)) >
        0.05);
}

TEST_CASE("A state that songs were generated from is learnt from the songs, and no weight changes",
          "[train][state]") {
  const TrainedModel truth = letters_model(random_state(2));
  const Corpus corpus = songs_of(truth, 200);
  const double from_zero = loss_of(letters_model(), corpus, Split::test),
               from_truth = loss_of(truth, corpus, Split::test);
  REQUIRE(from_zero - from_truth > 0.05);
  std::uint64_t updates = 0;
  const TrainedModel tuned =
      tune_initial_state(letters_model(), corpus, {.unroll = 16, .epochs = 30, .learning_rate = 0.03},
                         [&](const Progress& progress) { updates = progress.done; });
  CHECK(updates > 30);
  // Of what there is to learn, nine tenths.
  CHECK(loss_of(tuned, corpus, Split::test) < from_truth + 0.1 * (from_zero - from_truth));
  for (const float h : tuned.network.initial_state) CHECK(std::abs(h) <= 1);
  const TrainedModel before = letters_model();
  std::vector<std::vector<float>> weights(2);
  before.network.for_each_parameter([&](const std::string&, const Parameter<float>& parameter) {
    weights[0].insert(weights[0].end(), parameter.data(), parameter.data() + parameter.size());
  });
  tuned.network.for_each_parameter([&](const std::string&, const Parameter<float>& parameter) {
    weights[1].insert(weights[1].end(), parameter.data(), parameter.data() + parameter.size());
  });
  CHECK(weights[0] == weights[1]);

  SECTION("A model that begins in the right state keeps it") {
    const TrainedModel again = tune_initial_state(truth, corpus, {.epochs = 2, .learning_rate = 0.5});
    CHECK(again.network.initial_state == truth.network.initial_state);
  }
  SECTION("A training that goes on from the model begins in zeros") {
    Trainer trainer(corpus, tuned, {.epochs = 1});
    trainer.step();
    CHECK(trainer.trained_model().network.initial_state.empty());
  }
}

TEST_CASE("A learnt initial state has the same bits for any number of threads", "[train][state]") {
  const Corpus corpus = songs_of(letters_model(random_state(3)), 30);
  std::vector<std::vector<float>> states;
  for (const int threads : {1, 2, 5})
    states.push_back(tune_initial_state(letters_model(), corpus,
                                        {.unroll = 11, .batch_size = 6, .epochs = 3, .threads = threads})
                         .network.initial_state);
  CHECK(states[0] == states[1]);
  CHECK(states[0] == states[2]);
  CHECK(states[0] != std::vector<float>(states[0].size()));
}

TEST_CASE("What an initial state can't be learnt from is refused", "[train][state]") {
  const Corpus corpus = songs_of(letters_model(), 30);
  const auto refusal = [&](const InitialStateOptions& options) {
    return error_of([&] { tune_initial_state(letters_model(), corpus, options); });
  };
  CHECK(refusal({.unroll = 0}) == "unroll must be at least 1");
  CHECK(refusal({.batch_size = 0}) == "batch_size must be at least 1");
  CHECK(refusal({.epochs = 0}) == "epochs must be at least 1");
  CHECK(refusal({.patience = -1}) == "patience must be at least 0");
  CHECK(refusal({.learning_rate = std::nan("")}) == "learning_rate must be a number above 0");
  TrainedModel other = letters_model();
  other.encoder = CharEncoder("abcdefghiz");
  CHECK(error_of([&] { tune_initial_state(other, corpus); }).find("different encoder") != std::string::npos);
  ThreadPool threads(1);
  const std::vector<GruModel<float>> teachers = {letters_model(random_state(1)).network};
  CHECK(error_of([&] {
          Teachers(teachers, teachers[0].config, 4, 2, threads);
        }).find("learnt initial state") != std::string::npos);
}
