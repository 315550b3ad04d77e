#include "gruve/train/ngram.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/id_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/train/evaluate.hpp"

using namespace gruve;

TEST_CASE("An n-gram model interpolates as its equation says", "[train][ngram]") {
  // a b a a: behind nothing a three times and b once; behind a (of the start and of the song) a twice, b
  // once.
  const CharEncoder encoder("ab");
  NgramModel model(2, 1);
  model.add(encoder.start_token(), std::vector<Token>{0, 1, 0, 0});
  REQUIRE(encoder.start_token() == 0);
  const double a = (3 + 2 * 0.5) / (4 + 2), b = (1 + 2 * 0.5) / (4 + 2);
  const double aa = (2 + 2 * a) / (3 + 2), ab = (1 + 2 * b) / (3 + 2), ba = (1 + 1 * a) / (1 + 1), bb = b / 2;
  const std::vector<double> nats = model.nats(encoder, std::vector<Token>{0, 1, 1, 0});
  REQUIRE(nats.size() == 4);
  CHECK(nats[0] == Approx(-std::log(aa)));
  CHECK(nats[1] == Approx(-std::log(ab)));
  CHECK(nats[2] == Approx(-std::log(bb)));
  CHECK(nats[3] == Approx(-std::log(ba)));
  // Nothing known: all are equally probable.
  CHECK(NgramModel(2, 3).nats(encoder, std::vector<Token>{1})[0] == Approx(std::log(2.0)));
}

TEST_CASE("An n-gram model spends nothing on what the grammar forbids, and longer histories tell more",
          "[train][ngram]") {
  // In each timestep the keys of the one before, one higher, of a ring of twelve.
  const TimestepEncoder encoder;
  const auto song = [](std::uint32_t first) {
    std::vector<Token> tokens;
    for (std::uint32_t step = 0; step < 60; ++step)
      for (const std::uint32_t token : {30 + (first + step) % 12, 10 + (first + 5 * step) % 7, 88u})
        tokens.push_back(static_cast<Token>(token));
    return tokens;
  };
  std::vector<double> means;
  for (const int order : {0, 1, 3, 6}) {
    NgramModel model(89, order);
    for (std::uint32_t i = 0; i < 12; ++i) model.add(88, song(i));
    double sum = 0;
    const auto tokens = song(5);
    const std::vector<double> nats = model.nats(encoder, tokens);
    for (const double value : nats) sum += value;
    means.push_back(sum / static_cast<double>(nats.size()));
    // Probabilities of all that may come first add up to 1.
    double total = 0;
    for (Token token = 0; token < 89; ++token)
      total += std::exp(-model.nats(encoder, std::vector<Token>{token})[0]);
    CHECK(total == Approx(1));
  }
  CHECK(means[1] < means[0]);
  CHECK(means[2] < means[1]);
  CHECK(means[3] < means[2]);
  CHECK(means[3] < 0.1);
}

TEST_CASE("Sequences that an n-gram model draws have its probabilities, and end where they are done",
          "[train][ngram]") {
  const IdEncoder encoder(3);
  NgramModel model(3, 1);
  model.add(encoder.start_token(), std::vector<Token>{1, 2, 1, 2, 1, 0, 1, 2});
  Rng rng(3);
  const std::vector<Token> drawn =
      model.generate(encoder, rng, 20'000, [](const auto&, Token) { return false; });
  REQUIRE(drawn.size() == 20'000);
  // After a 1 there were three 2s and a 0: their share in the drawn sequence, and the model's probability.
  double after = 0, twos = 0;
  for (std::size_t i = 1; i < drawn.size(); ++i) {
    if (drawn[i - 1] != 1) continue;
    after += 1;
    twos += drawn[i] == 2 ? 1 : 0;
  }
  const double p = std::exp(-model.nats(encoder, std::vector<Token>{1, 2})[1]);
  CHECK(twos / after == Approx(p).epsilon(0.03));

  const std::vector<Token> first =
      model.generate(encoder, rng, 1000, [](const auto&, Token token) { return token == 0; });
  CHECK(first.back() == 0);
  CHECK(std::count(first.begin(), first.end(), Token{0}) == 1);
}

TEST_CASE("Sequences that an n-gram model draws keep to the grammar", "[train][ngram]") {
  const EventEncoder encoder({.steps_per_quarter = 4});
  NgramModel model(encoder.vocab_size(), 2);  // without counts: every token is as probable
  Rng rng(4);
  const std::vector<Token> drawn =
      model.generate(encoder, rng, 2000, [](const auto&, Token) { return false; });
  CHECK(count_violations(encoder, std::span<const Token>(drawn)) == 0);
}

TEST_CASE("The loss at a temperature is that of the divided logits", "[train][evaluate]") {
  // Without weights the logits are the biases: two tokens whose logits differ by 1.5.
  const CharEncoder encoder("ab");
  GruModel<float> model({.vocab_size = encoder.vocab_size(), .embedding_size = 2, .hidden_size = 2});
  model.output.bias.data()[1] = 1.5f;
  const std::vector<std::vector<Token>> songs{{0, 1, 1}, {1}};
  const std::vector<Split> splits{Split::test, Split::test};
  const Corpus corpus = Corpus::from_songs({.encoder = encoder}, songs, splits);
  ThreadPool threads(2);
  REQUIRE(encoder.vocab_size() == 2);
  for (const double temperature : {0.5, 1.0, 2.0}) {
    const double likely = std::log(1 + std::exp(-1.5 / temperature)), other = likely + 1.5 / temperature;
    const ChunkLoss loss = tempered_loss(model, corpus, Split::test, temperature, 1, threads);
    CHECK(loss.tokens == 4);
    CHECK(loss.nats == Approx(3 * likely + other));
  }
  CHECK(tempered_loss(model, corpus, Split::test, 1, 1, threads).nats ==
        Approx(evaluate(model, corpus, Split::test, threads).nats));
}

TEST_CASE("Within bars that return the loss is at the return temperature", "[train][evaluate]") {
  // Without weights the logits are the biases.
  const EventEncoder encoder({.steps_per_quarter = 4, .form = true});
  GruModel<float> model({.vocab_size = encoder.vocab_size(), .embedding_size = 2, .hidden_size = 2});
  Rng rng(2);
  for (int i = 0; i < encoder.vocab_size(); ++i) model.output.bias.data()[i] = 3 * rng.uniform();
  Song song = song_on_grid(4, 120);
  for (const int bar : {0, 1, 2, 3})  // the third bar is like the first, the fourth like the second
    for (const int at : {0, 1, 2})
      song.notes.push_back({.start = (4 * bar + at) * song.ticks_per_quarter,
                            .end = (4 * bar + at + 1) * song.ticks_per_quarter,
                            .pitch = 60 + 2 * (bar % 2) + 5 * at,
                            .velocity = 80});
  const std::vector<std::vector<Token>> songs{encoder.encode(song), encoder.encode(song)};
  const std::vector<Split> splits{Split::train, Split::test};
  const Corpus corpus = Corpus::from_songs({.encoder = encoder}, songs, splits);
  REQUIRE(encoder.form(songs[1]) == std::vector<int>{0, 0, 2, 2});

  double expected = 0;
  EventEncoder::State state = encoder.start();
  for (const Token target : songs[1]) {
    const double temperature = encoder.returns(state) ? 0.8 * 0.5 : 0.8;
    double sum = 0;
    for (int token = 0; token < encoder.vocab_size(); ++token)
      if (encoder.allowed(state, static_cast<Token>(token)))
        sum += std::exp(static_cast<double>(model.output.bias.data()[token]) / temperature);
    expected += std::log(sum) - static_cast<double>(model.output.bias.data()[target]) / temperature;
    state = encoder.advance(state, target);
  }
  ThreadPool threads(2);
  CHECK(tempered_loss(model, corpus, Split::test, 0.8, 0.5, threads).nats == Approx(expected));
}
