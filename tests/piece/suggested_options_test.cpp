#include "gruve/piece/suggested_options.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "catch.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

using namespace gruve;

namespace {

// A corpus of a number of songs of `length` tokens, as if each were silence.
template <class Encoder>
Corpus corpus_of(const Encoder& encoder, std::size_t songs, std::size_t length) {
  std::vector<std::vector<Token>> all(songs, std::vector<Token>(length, encoder.start_token()));
  std::vector<Split> splits(songs, Split::train);
  if (songs > 1) splits.back() = Split::valid;
  return Corpus::from_songs({.encoder = encoder}, all, splits);
}

}  // namespace

TEST_CASE("Few songs get many small updates, more dropout and a smaller model", "[piece][suggested]") {
  const EventEncoder events;
  const SuggestedOptions three = suggested_options(corpus_of(events, 4, 300));
  CHECK(three.model.hidden_size == 128);
  CHECK(three.train.dropout == 0.5);
  CHECK(three.train.batch_size == 4);
  CHECK(three.train.augment.transpose == 5);
  CHECK(three.train.epochs == 1500);  // 3,000 updates of 4 x 128 tokens
  CHECK(three.train.patience == 375);
  const SuggestedOptions thousand = suggested_options(corpus_of(events, 1001, 1500));
  CHECK(thousand.model.hidden_size == 256);
  CHECK(thousand.model.embedding_size == 128);
  CHECK(thousand.train.dropout == 0.1);
  CHECK(thousand.train.augment.transpose == 0);
  CHECK(thousand.train.batch_size == 8);
  CHECK(thousand.train.epochs == 10);
  CHECK(thousand.train.patience == 5);
  // Many short songs say more than a few long ones of as many tokens.
  CHECK(suggested_options(corpus_of(events, 24, 7000)).train.augment.transpose == 5);
  CHECK(suggested_options(corpus_of(events, 243, 670)).train.augment.transpose == 0);
  // The timestep format takes more tokens for the same music; text is not transposed; without a valid split
  // nothing can be waited for.
  CHECK(suggested_options(corpus_of(TimestepEncoder(), 2, 100'000)).train.batch_size == 4);
  CHECK(suggested_options(corpus_of(CharEncoder("ab"), 2, 1000)).train.augment.transpose == 0);
  CHECK(suggested_options(corpus_of(events, 1, 1000)).train.patience == 0);
  check(three.train);
}
