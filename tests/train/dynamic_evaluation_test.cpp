#include "gruve/train/dynamic_evaluation.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/core/rng.hpp"

#include "catch.hpp"

using namespace gruve;

namespace {

// Songs of random timesteps; the same dozen of them again and again where a song repeats itself.
std::vector<Token> song(std::uint64_t seed, bool repeats) {
  Rng rng(seed);
  std::vector<Token> motif, tokens;
  for (int step = 0; step < (repeats ? 12 : 240); ++step) {
    for (Token key = 60; key-- > 40;)
      if (rng.below(10) == 0) motif.push_back(key);
    motif.push_back(88);
  }
  for (int times = repeats ? 20 : 1; times > 0; --times)
    tokens.insert(tokens.end(), motif.begin(), motif.end());
  return tokens;
}

Corpus corpus_of(const std::vector<std::vector<Token>>& songs) {
  return Corpus::from_songs({.encoder = TimestepEncoder({.steps_per_quarter = 1})}, songs);
}

GruModel<float> small_model() {
  GruModel<float> model({.vocab_size = 89, .embedding_size = 8, .hidden_size = 24});
  initialize(model, 3);
  return model;
}

double sum(const std::vector<double>& nats, std::size_t from = 0) {
  double total = 0;
  for (std::size_t i = from; i < nats.size(); ++i) total += nats[i];
  return total;
}

}  // namespace

TEST_CASE("A model that learns nothing from what it predicts costs what it costs without",
          "[train][dynamic]") {
  std::vector<std::vector<Token>> songs;
  for (std::uint64_t i = 0; i < 20; ++i) songs.push_back(song(i, i % 2 == 0));
  const Corpus corpus = corpus_of(songs);
  ThreadPool threads(2);
  const auto still = evaluate_tokens(small_model(), corpus, Split::train, threads).nats;
  const auto loss = evaluate_dynamically(small_model(), corpus, Split::train,
                                         {.unroll = 17, .learning_rate = 0, .decay = 0}, threads);
  REQUIRE(loss.nats.size() == still.size());
  for (std::size_t i = 0; i < still.size(); ++i) {
    REQUIRE(loss.nats[i].size() == still[i].size());
    for (std::size_t k = 0; k < still[i].size(); ++k)
      CHECK(loss.nats[i][k] == Approx(still[i][k]).epsilon(1e-4));
  }
}

TEST_CASE(
    "A song that repeats itself is learnt during evaluation, and the next one begins with the original model",
    "[train][dynamic]") {
  const std::vector<Token> repeated = song(1, true);
  std::vector<std::vector<Token>> songs = {repeated, repeated};
  for (std::uint64_t i = 2; i < 20; ++i) songs.push_back(song(i, false));
  const Corpus corpus = corpus_of(songs);
  ThreadPool threads(2);
  const DynamicOptions options{.unroll = 40, .learning_rate = 5e-3, .decay = 0};
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    if (corpus.songs(split).empty()) continue;
    const auto still = evaluate_tokens(small_model(), corpus, split, threads).nats;
    const auto nats = evaluate_dynamically(small_model(), corpus, split, options, threads).nats;
    std::vector<std::size_t> same;
    for (const std::size_t at : corpus.songs(split)) {
      const auto tokens = corpus.song(at).tokens;
      REQUIRE(nats[at].size() == tokens.size());
      // Nothing is learnt before the first update, so that no song profits by another.
      for (std::size_t k = 0; k < 40; ++k) CHECK(nats[at][k] == Approx(still[at][k]).epsilon(1e-4));
      if (std::equal(tokens.begin(), tokens.end(), repeated.begin(), repeated.end())) same.push_back(at);
    }
    for (const std::size_t at : same) {
      CHECK(nats[at] == nats[same.front()]);
      CHECK(sum(nats[at], 40) < 0.8 * sum(still[at], 40));
    }
    if (!same.empty()) return;
  }
  FAIL("the song that repeats itself is in no split");
}
