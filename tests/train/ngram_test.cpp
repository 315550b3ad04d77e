#include "gruve/train/ngram.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

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
