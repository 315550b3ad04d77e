#include "gruve/train/losses.hpp"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/id_encoder.hpp"
#include "gruve/train/ngram.hpp"

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
