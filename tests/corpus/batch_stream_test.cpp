#include "gruve/corpus/batch_stream.hpp"

#include <map>
#include <set>
#include <vector>

#include "catch.hpp"

using namespace gruve;

namespace {

// Songs of different lengths whose tokens say which song they are of: song i is {i, 88, i, 88, …}.
Corpus numbered_songs(std::size_t count) {
  std::vector<std::vector<Token>> songs;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Token> song;
    for (std::size_t n = 0; n < 3 + i % 7; ++n) song.insert(song.end(), {static_cast<Token>(i), 88});
    songs.push_back(song);
  }
  return Corpus::from_songs({.encoder = TimestepEncoder()}, songs);
}

}  // namespace

TEST_CASE("One pass predicts every token of every song once, each from its beginning", "[corpus][stream]") {
  const Corpus corpus = numbered_songs(50);
  BatchStream stream(corpus, Split::train, 4, BatchStream::Passes::once);
  Chunk chunk(5, 4);
  std::map<int, std::vector<Token>> found;
  std::vector<int> playing(4, -1);
  while (stream.next(chunk)) {
    for (std::size_t t = 0; t < 5; ++t) {
      for (std::size_t b = 0; b < 4; ++b) {
        const std::size_t at = t * 4 + b;
        if (chunk.targets[at] == kNoToken) continue;
        if (chunk.reset[at] != 0) {
          CHECK(chunk.inputs[at] == 88);  // the start token
          playing[b] = chunk.targets[at];
        } else {
          CHECK(chunk.inputs[at] == found[playing[b]].back());
        }
        found[playing[b]].push_back(chunk.targets[at]);
      }
    }
  }
  const auto songs = corpus.songs(Split::train);
  REQUIRE(found.size() == songs.size());
  for (const std::size_t song : songs) {
    const auto tokens = corpus.song(song).tokens;
    CHECK(found[tokens[0]] == std::vector<Token>(tokens.begin(), tokens.end()));
  }
}

TEST_CASE("Training passes hold each song once, in an order that changes from pass to pass",
          "[corpus][stream]") {
  const Corpus corpus = numbered_songs(60);
  const std::size_t count = corpus.songs(Split::train).size();
  BatchStream stream(corpus, Split::train, 1, BatchStream::Passes::endless, 3);
  Chunk chunk(1, 1);
  std::vector<std::vector<int>> passes(2);
  for (auto& pass : passes) {
    while (pass.size() < count) {
      stream.next(chunk);
      if (chunk.reset[0] != 0) pass.push_back(chunk.targets[0]);
    }
  }
  CHECK(std::set<int>(passes[0].begin(), passes[0].end()).size() == count);
  CHECK(std::set<int>(passes[1].begin(), passes[1].end()).size() == count);
  CHECK(passes[0] != passes[1]);
}

TEST_CASE("A stream of beginnings has the first tokens of each song once in a pass", "[corpus][stream]") {
  const Corpus corpus = numbered_songs(60);
  const std::size_t count = corpus.songs(Split::train).size();
  BatchStream stream(corpus, Split::train, 1, BatchStream::Passes::beginnings, 3);
  Chunk chunk(8, 1);
  std::vector<std::vector<int>> passes(2);
  for (auto& pass : passes) {
    while (pass.size() < count) {
      REQUIRE(stream.next(chunk));
      CHECK(chunk.reset[0] == 1);
      pass.push_back(chunk.targets[0]);
      const auto tokens = corpus.song(chunk.songs[0]).tokens;
      for (std::size_t t = 0; t < 8; ++t)
        CHECK(chunk.targets[t] == (t < tokens.size() ? tokens[t] : kNoToken));
    }
  }
  CHECK(std::set<int>(passes[0].begin(), passes[0].end()).size() == count);
  CHECK(std::set<int>(passes[1].begin(), passes[1].end()).size() == count);
  CHECK(passes[0] != passes[1]);

  SECTION("and ends after one pass where it is asked to") {
    BatchStream once(corpus, Split::train, 7, BatchStream::Passes::beginnings_once);
    Chunk beginnings(8, 7);
    std::set<std::uint32_t> songs;
    std::size_t taken = 0;
    while (once.next(beginnings)) {
      for (std::size_t b = 0; b < 7; ++b) {
        if (beginnings.targets[b] == kNoToken) continue;
        ++taken;
        songs.insert(beginnings.songs[b]);
        const auto tokens = corpus.song(beginnings.songs[b]).tokens;
        for (std::size_t t = 0; t < 8; ++t)
          CHECK(beginnings.targets[t * 7 + b] == (t < tokens.size() ? tokens[t] : kNoToken));
      }
    }
    CHECK(taken == count);
    CHECK(songs.size() == count);
  }
}

TEST_CASE("A stream that seeks to a stored position continues as the first one did", "[corpus][stream]") {
  const Corpus corpus = numbered_songs(40);
  BatchStream first(corpus, Split::train, 3, BatchStream::Passes::endless, 9);
  Chunk a(7, 3), b(7, 3);
  for (int i = 0; i < 25; ++i) first.next(a);
  BatchStream second(corpus, Split::train, 3, BatchStream::Passes::endless, 9);
  second.seek(first.position(), "checkpoint");
  for (int i = 0; i < 25; ++i) {
    first.next(a);
    second.next(b);
    CHECK(a.inputs == b.inputs);
    CHECK(a.targets == b.targets);
    CHECK(a.reset == b.reset);
  }
}

TEST_CASE("A position that can't be one, and a split without songs, are refused", "[corpus][stream]") {
  const Corpus corpus = numbered_songs(40);
  BatchStream stream(corpus, Split::train, 3, BatchStream::Passes::endless);
  BatchStream::Position position = stream.position();
  position.sequences[0] = {100, 0, 0};
  CHECK_THROWS_WITH(stream.seek(position, "run.checkpoint"),
                    "run.checkpoint: its place in the corpus does not fit this corpus");
  position.sequences.clear();
  CHECK_THROWS_WITH(stream.seek(position, "run.checkpoint"),
                    "run.checkpoint: its place in the corpus does not fit this corpus");
  const Corpus one = numbered_songs(1);
  CHECK_THROWS_WITH(BatchStream(one, Split::valid, 1, BatchStream::Passes::once),
                    "corpus in memory: no song is in the split \"valid\"");
}

TEST_CASE("The chunk forbids what the grammar does, from the first token and after a resume",
          "[corpus][stream]") {
  const Corpus corpus = numbered_songs(40);
  const TimestepEncoder encoder;
  BatchStream stream(corpus, Split::train, 3, BatchStream::Passes::endless, 2);
  BatchStream resumed(corpus, Split::train, 3, BatchStream::Passes::endless, 2);
  Chunk chunk(5, 3), again(5, 3);
  for (int i = 0; i < 20; ++i) {
    resumed.seek(stream.position(), "checkpoint");
    stream.next(chunk);
    resumed.next(again);
    REQUIRE(chunk.forbidden == again.forbidden);
    REQUIRE(chunk.songs == again.songs);
    for (std::size_t at = 0; at < chunk.targets.size(); ++at) {
      // The state is the last token, and the start token at the beginning.
      for (Token token = 0; token < 89; ++token)
        REQUIRE((chunk.forbidden[at * 89 + token] == 0) == encoder.allowed(chunk.inputs[at], token));
      REQUIRE(chunk.forbidden[at * 89 + chunk.targets[at]] == 0);
      REQUIRE(corpus.song(chunk.songs[at]).split == Split::train);
    }
  }
  const std::vector<std::vector<Token>> texts = {{0, 1}, {1, 1}};
  const Corpus text = Corpus::from_songs({.encoder = CharEncoder("ab")}, texts);
  BatchStream letters(text, Split::train, 1, BatchStream::Passes::once);
  Chunk one(5, 1);
  letters.next(one);
  CHECK(one.forbidden.empty());
}
