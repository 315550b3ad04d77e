#include "gruve/train/style.hpp"

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/trainer.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

// Walks over ten letters: at each place the next letter, but with a probability the one before.
Corpus walks(double backwards, std::size_t count, std::uint64_t seed) {
  const CharEncoder letters("abcdefghij");
  Rng rng(seed);
  std::vector<std::vector<Token>> songs;
  for (std::size_t i = 0; i < count; ++i) {
    auto& song = songs.emplace_back();
    int letter = static_cast<int>(rng.below(10));
    for (std::size_t t = 0; t < 60 + 7 * i; ++t) {
      song.push_back(static_cast<Token>(letter));
      letter = (letter + (rng.uniform() < static_cast<float>(backwards) ? 9 : 1)) % 10;
    }
  }
  return Corpus::from_songs({.encoder = letters}, songs, std::vector(count, Split::train));
}

const TrainedModel& base() {
  static const TrainedModel model = [] {
    const Corpus corpus = walks(0.1, 60, 1);
    Trainer trainer(corpus, {.embedding_size = 8, .hidden_size = 16, .num_layers = 2},
                    {.batch_size = 8, .unroll = 32, .epochs = 12, .learning_rate = 0.01, .threads = 1});
    trainer.run();
    return trainer.trained_model();
  }();
  return model;
}

double loss_of(const TrainedModel& model, const Corpus& corpus) {
  ThreadPool threads(2);
  return evaluate(model.network, corpus, Split::train, threads).mean();
}

}  // namespace

TEST_CASE("A style of five songs predicts other songs of their kind better", "[train][style]") {
  const Corpus few = walks(0.6, 5, 2), others = walks(0.6, 20, 3);
  const Style style = learn_style(base(), few, {.threads = 1});
  const double before = loss_of(base(), others), after = loss_of(with_style(base(), style), others);
  // The best that is possible is the entropy of the walk, 0.67 nats; the model before puts 0.1 and 0.9 where
  // 0.6 and 0.4 are: 1.42.
  CHECK(before > 1.2);
  CHECK(after < 0.5 * (before + 0.673));
  CHECK(style.initial_state.size() == 2 * 16);
  CHECK(style.biases.size() == 2 * 2 * 48 + 10);
}

TEST_CASE("A style changes the initial state and the biases and nothing else", "[train][style]") {
  const Corpus few = walks(0.6, 5, 2);
  const TrainedModel styled = with_style(base(), learn_style(base(), few, {.updates = 9, .threads = 1}));
  std::vector<std::vector<float>> before, after;
  const auto into = [](std::vector<std::vector<float>>& all) {
    return [&all](const std::string&, const Parameter<float>& p) {
      all.emplace_back(p.data(), p.data() + p.size());
    };
  };
  base().network.for_each_parameter(into(before));
  styled.network.for_each_parameter(into(after));
  std::size_t i = 0;
  styled.network.for_each_parameter([&](const std::string& name, const Parameter<float>& p) {
    INFO(name);
    CHECK((before[i] == after[i]) == (p.shape().size() == 2));
    ++i;
  });
  CHECK(styled.network.initial_state.size() == 32);
  for (const float h : styled.network.initial_state) CHECK(std::abs(h) <= 1);
  CHECK(styled.encoder == base().encoder);
}

TEST_CASE("A style has the same bits for any number of threads", "[train][style]") {
  const Corpus few = walks(0.6, 7, 2);
  const Style one = learn_style(base(), few, {.batch_size = 5, .updates = 9, .threads = 1});
  for (const int threads : {2, 3})
    CHECK(learn_style(base(), few, {.batch_size = 5, .updates = 9, .threads = threads}) == one);
}

TEST_CASE("A style of the model itself changes no logit", "[train][style]") {
  const Corpus others = walks(0.1, 10, 4);
  CHECK(loss_of(with_style(base(), style_of(base())), others) == loss_of(base(), others));
}

TEST_CASE("A style goes through a file of a few kilobytes", "[train][style]") {
  const auto path = std::filesystem::temp_directory_path() / "gruve_style_test.safetensors";
  const Style style = learn_style(base(), walks(0.6, 5, 2), {.updates = 3, .threads = 1});
  save_style(style, path);
  CHECK(load_style(path, base()) == style);
  CHECK(std::filesystem::file_size(path) < 2000);

  TrainedModel other = base();
  other.network.output.weight.data()[3] += 1;
  CHECK(error_of([&] { load_style(path, other); }) == path.string() + ": is a style of another model");
  CHECK(error_of([&] { with_style(other, style); }) == "the style was learnt for another model");
  Style short_one = style;
  short_one.biases.pop_back();
  CHECK(error_of([&] { with_style(base(), short_one); }) ==
        "the style has 32 and 201 numbers, expected 32 and 202");
  save(base(), path);
  CHECK(error_of([&] { load_style(path, base()); }) == path.string() + ": is no style that gruve wrote");
  std::filesystem::remove(path);
}

TEST_CASE("Learning a style refuses options out of range and songs of another encoder", "[train][style]") {
  const Corpus few = walks(0.6, 5, 2);
  CHECK(error_of([&] { learn_style(base(), few, {.unroll = 0}); }) == "unroll must be at least 1");
  CHECK(error_of([&] { learn_style(base(), few, {.learning_rate = -1}); }) ==
        "learning_rate must be a number above 0");
  TrainedModel other = base();
  other.encoder = CharEncoder("klmnopqrst");
  CHECK(error_of([&] { learn_style(other, few); }).find("has a different encoder") != std::string::npos);
}

TEST_CASE("What the progress of learning a style throws ends it", "[train][style]") {
  int updates = 0;
  CHECK_THROWS_AS(learn_style(base(), walks(0.6, 5, 2), {.threads = 1},
                              [&](const Progress&) {
                                if (++updates == 3) throw std::runtime_error("enough");
                              }),
                  std::runtime_error);
  CHECK(updates == 3);
}

TEST_CASE("A style of numbers that no model has is refused", "[train][style]") {
  const auto path = std::filesystem::temp_directory_path() / "gruve_style_numbers_test.safetensors";
  const Style style = style_of(base());
  const auto refusal = [&](const Style& damaged) {
    save_style(damaged, path);
    return error_of([&] { load_style(path, base()); });
  };
  const std::string state =
      path.string() + ": has an initial state with a number outside -1 to 1, which no GRU has";
  for (const float number : {1.5f, -1e30f}) {
    Style damaged = style;
    damaged.initial_state[3] = number;
    CHECK(refusal(damaged) == state);
  }
  for (const float number : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Style damaged = style;
    damaged.biases[5] = number;
    CHECK(refusal(damaged).starts_with(path.string() + ": the array \"biases\" has the value "));
  }
  CHECK(refusal(style) == "no error");
  std::filesystem::remove(path);
}
