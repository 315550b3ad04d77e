#include "gruve/corpus/augment.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "gruve/corpus/batch_stream.hpp"

#include "catch.hpp"
#include "error_of.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

Song two_notes(int low, int high) {
  Song song;
  song.notes = {{0, 480, low, 60}, {480, 960, high, 100}};
  song.tempos = {{0, 500'000}, {480, 400'000}};
  song.time_signatures = {{0, 3, 4}};
  song.length = 1440;
  return song;
}

}  // namespace

TEST_CASE("Transpositions are those that the options and the piano allow, all equally often",
          "[corpus][augment]") {
  const auto shifts = [](const Song& song, int most, double share = 1) {
    std::map<int, int> counts;
    for (std::uint64_t i = 0; i < 5000; ++i) {
      Rng rng(1, i);
      const Song varied = augmented(song, {.transpose = most, .share = share}, rng);
      const int shift = varied.notes[0].pitch - song.notes[0].pitch;
      CHECK(varied.notes[1].pitch - song.notes[1].pitch == shift);
      ++counts[shift];
      Song back = varied;
      for (Note& note : back.notes) note.pitch -= shift;
      REQUIRE(back == song);  // nothing else changes
    }
    return counts;
  };
  const auto middle = shifts(two_notes(60, 72), 5);
  REQUIRE(middle.size() == 11);
  CHECK(middle.begin()->first == -5);
  // 454 on the average, with a standard deviation of 20.
  for (const auto& [shift, count] : middle) CHECK(std::abs(count - 454) < 100);
  const auto low = shifts(two_notes(23, 40), 5);
  CHECK(low.begin()->first == -2);
  CHECK(low.rbegin()->first == 5);
  CHECK(shifts(two_notes(21, 108), 5).size() == 1);
  auto some = shifts(two_notes(60, 72), 5, 0.25);
  // 3,864 = 5,000 (3/4 + 1/44) on the average, with a standard deviation of 30.
  CHECK(std::abs(some[0] - 3864) < 150);
  CHECK(some.size() == 11);
}

TEST_CASE("Times are stretched and velocities scaled within their factors", "[corpus][augment]") {
  double least = 9, most = 0;
  int softest = 127, loudest = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Rng rng(2, i);
    const Song varied = augmented(two_notes(60, 72), {.stretch = 1.25, .velocity = 2}, rng);
    const double factor = static_cast<double>(varied.length) / 1440;
    least = std::min(least, factor);
    most = std::max(most, factor);
    CHECK(varied.notes[0].end == varied.notes[1].start);
    CHECK(varied.notes[1].end == Approx(960 * factor).margin(1));
    CHECK(varied.tempos[1].tick == varied.notes[0].end);
    CHECK(varied.notes[0].pitch == 60);
    softest = std::min(softest, varied.notes[0].velocity);
    loudest = std::max(loudest, varied.notes[1].velocity);
  }
  CHECK(least >= 0.8 - 1e-3);
  CHECK(least < 0.81);
  CHECK(most > 1.24);
  CHECK(most <= 1.25 + 1e-3);
  CHECK(softest < 32);
  CHECK(softest >= 30);
  CHECK(loudest == 127);
}

TEST_CASE("Tokens are varied as the song that they spell", "[corpus][augment]") {
  const Song song = two_notes(60, 72);
  for (const AnyEncoder& encoder :
       {AnyEncoder(TimestepEncoder()), AnyEncoder(EventEncoder({.velocities = true}))}) {
    const auto encode = [&](const Song& one) { return encoder.encode_song(one); };
    const std::vector<Token> tokens = encode(song);
    for (std::uint64_t i = 0; i < 20; ++i) {
      Rng first(3, i), second(3, i);
      const auto varied = augmented(encoder, tokens, {.transpose = 12}, first);
      Song expected = augmented(song, {.transpose = 12}, second);
      CHECK(varied == encode(expected));
    }
  }
  const std::vector<Token> text = {0, 1, 1, 0};
  Rng rng(1, 0);
  CHECK(augmented(CharEncoder("ab"), text, {.transpose = 5}, rng) == text);
}

TEST_CASE("Options out of range are refused by name", "[corpus][augment]") {
  CHECK(error_of([] { check(AugmentOptions{.transpose = 25}); }) ==
        "transposition must be 0 to 24 semitones, not 25.000000");
  CHECK(error_of([] { check(AugmentOptions{.share = 1.5}); }) ==
        "probability of a transposition must be 0 to 1, not 1.500000");
  CHECK(error_of([] { check(AugmentOptions{.stretch = 0.9}); }) ==
        "time stretch must be a factor from 1 to 2, not 0.900000");
  CHECK(error_of([] { check(AugmentOptions{.velocity = 5}); }) ==
        "velocity scaling must be a factor from 1 to 4, not 5.000000");
}

TEST_CASE("Songs that are no music are not augmented, and that is said", "[corpus][augment][stream]") {
  const std::vector<std::vector<Token>> songs = {{0, 1, 0, 1}};
  const Corpus text = Corpus::from_songs({.encoder = CharEncoder("ab")}, songs, std::vector{Split::train});
  const auto stream = [&](const AugmentOptions& options) {
    BatchStream(text, Split::train, 1, BatchStream::Passes::endless, 1, options);
  };
  CHECK(error_of([&] { stream({.transpose = 2}); }) ==
        "corpus in memory: its songs can't be augmented: they are no music");
  CHECK(error_of([&] { stream({.share = 0.5}); }) == "no error");  // of transpositions by nothing
}

TEST_CASE("A stream varies each song anew in each pass, the same from the same seed, after a stop too",
          "[corpus][augment][stream]") {
  const TimestepEncoder encoder;
  std::vector<std::vector<Token>> songs;
  for (int i = 0; i < 12; ++i) songs.push_back(encoder.encode(two_notes(50 + i, 70 + i)));
  const Corpus corpus = Corpus::from_songs({.encoder = encoder}, songs);
  const AugmentOptions options{.transpose = 6, .stretch = 1.1};
  BatchStream first(corpus, Split::train, 2, BatchStream::Passes::endless, 5, options);
  BatchStream second(corpus, Split::train, 2, BatchStream::Passes::endless, 5, options);
  BatchStream other(corpus, Split::train, 2, BatchStream::Passes::endless, 6, options);
  Chunk a(64, 2), b(64, 2), c(64, 2);
  bool differs = false;
  std::map<Token, int> first_keys;
  for (int i = 0; i < 40; ++i) {
    first.next(a);
    second.next(b);
    other.next(c);
    REQUIRE(a.inputs == b.inputs);
    REQUIRE(a.targets == b.targets);
    differs |= a.inputs != c.inputs;
    for (std::size_t at = 0; at < a.reset.size(); ++at)
      if (a.reset[at] != 0) ++first_keys[a.targets[at]];
    if (i % 7 == 0) {
      BatchStream resumed(corpus, Split::train, 2, BatchStream::Passes::endless, 5, options);
      resumed.seek(first.position(), "checkpoint");
      second = std::move(resumed);
    }
  }
  CHECK(differs);
  CHECK(first_keys.size() > 12);  // more than the songs have
}
