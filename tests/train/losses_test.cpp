#include "gruve/train/losses.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/tokens/id_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/train/ngram.hpp"
#include "gruve/train/trainer.hpp"

using namespace gruve;

TEST_CASE("Nats per timestep are means over timesteps and over songs, with the first timestep and without",
          "[train][losses]") {
  // Songs of three timesteps, of one, and of none: nats, of which the first timestep's.
  const std::vector<SongLoss> songs = {{.nats = 7, .steps = 3, .first_nats = 3},
                                       {.nats = 5, .steps = 1, .first_nats = 5},
                                       {.nats = 100, .tokens = 9}};
  const NatsPerTimestep losses(songs);
  CHECK(losses.steps == 4);
  CHECK(losses.micro == Approx(12.0 / 4));
  CHECK(losses.macro == Approx((7.0 / 3 + 5) / 2));
  CHECK(losses.micro_without_first == Approx(4.0 / 2));
  CHECK(losses.macro_without_first == Approx(4.0 / 2));  // of the one song that has more
  const NatsPerTimestep none(std::vector{songs[2]});
  for (const double mean : {none.micro, none.macro, none.micro_without_first, none.macro_without_first})
    CHECK(mean == 0);
  CHECK(none.steps == 0);
}

TEST_CASE("An ensemble's losses are those of the mean probability", "[train][losses]") {
  const TokenNats one = {{std::log(2.0), std::log(4.0)}, {}}, two = {{std::log(4.0), std::log(4.0)}, {}};
  const std::vector<TokenNats> alone = {one}, both = {one, two};
  CHECK(mean_nats(alone) == one);
  const TokenNats mean = mean_nats(both);
  CHECK(mean[0][0] == Approx(-std::log((0.5 + 0.25) / 2)));
  CHECK(mean[0][1] == Approx(std::log(4.0)));
  CHECK(mean[1].empty());
}

TEST_CASE("An n-gram model's losses are of what it counted in the train split", "[train][losses]") {
  const std::vector<std::vector<Token>> songs = {{1, 2, 1, 2, 3}, {1, 2, 3}, {2, 1, 2, 3}};
  const std::vector<Split> splits = {Split::train, Split::test, Split::train};
  const IdEncoder encoder(5);
  const Corpus corpus = Corpus::from_songs({.encoder = encoder}, songs, splits, "songs");
  const TokenNats nats = ngram_nats(corpus, Split::test, 3);
  NgramModel model(5, 3);
  model.add(encoder.start_token(), songs[0]);
  model.add(encoder.start_token(), songs[2]);
  REQUIRE(nats.size() == 3);
  CHECK(nats[0].empty());
  CHECK(nats[1] == model.nats(corpus.encoder(), songs[1]));
  CHECK(nats[1].size() == 3);
  CHECK(nats[2].empty());
}

TEST_CASE("Sequences that a model can't score are refused with sequence and position", "[train][losses]") {
  const auto refusal = [](const AnyEncoder& encoder, const std::vector<std::vector<Token>>& sequences) {
    const TrainedModel model{.network = GruModel<float>(
                                 {.vocab_size = encoder.vocab_size(), .embedding_size = 2, .hidden_size = 2}),
                             .encoder = encoder};
    return tests::error_of([&] { token_nats(model, sequences); });
  };
  const IdEncoder ids(12);
  CHECK(refusal(ids, {{1, 2}, {11}}) == "no error");
  CHECK(refusal(ids, {}) == "the sequences: there is no sequence, expected at least one");
  CHECK(refusal(ids, {{1}, {}}) == "the sequences: sequence 1 has no tokens");
  CHECK(refusal(ids, {{1}, {2, 3, 60'000}}) ==
        "the sequences: token 60000 at position 2 of sequence 1 is outside the vocabulary of 12");
  CHECK(refusal(TimestepEncoder(), {{5, 88, 5, 80}}) ==
        "the sequences: token 80 at position 3 of sequence 0 is not allowed there by the encoder's grammar");
}

TEST_CASE("The example of numbers in docs/modules/tokens.md runs", "[train][docs]") {
  const std::vector<std::vector<int>> days = {{0, 1, 2, 3, 2, 1}, {1, 2, 3, 2, 1, 0}, {2, 3, 2, 1, 0, 1}};
  const IdEncoder encoder(/*vocab_size=*/4);
  std::vector<std::vector<Token>> sequences;
  for (const std::vector<int>& day : days) sequences.push_back(encoder.encode(day));
  const Corpus corpus = Corpus::from_songs({.encoder = encoder}, sequences);
  Trainer trainer(corpus, {.hidden_size = 16}, {.epochs = 20});
  trainer.run();
  const TrainedModel trained = trainer.trained_model();

  const PackedModel<float> packed(trained.network);
  Stepper stepper(packed);
  std::span<const float> logits = stepper.step(encoder.start_token());
  for (const Token token : encoder.encode(std::vector{1, 2, 3})) logits = stepper.step(token);
  std::vector<float> probabilities(logits.begin(), logits.end());
  const float sum = kernels::active().softmax(encoder.vocab_size(), 1, probabilities.data());
  for (float& p : probabilities) p /= sum;

  const TokenNats nats = token_nats(trained, sequences);
  const double third = std::exp(-nats[0][2]);

  float total = 0;
  for (const float p : probabilities) total += p;
  CHECK(total == Approx(1));
  // The first day's third value after its first two, stepped by hand.
  Stepper again(packed);
  again.step(encoder.start_token());
  again.step(sequences[0][0]);
  logits = again.step(sequences[0][1]);
  std::vector<float> p(logits.begin(), logits.end());
  const float all = kernels::active().softmax(4, 1, p.data());
  CHECK(third == Approx(p[sequences[0][2]] / all));
}
