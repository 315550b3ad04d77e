#include "gruve/piece/ranking.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/measure/ranges_json.hpp"
#include "gruve/piece/measured_corpus.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/train/losses.hpp"

using namespace gruve;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

MeasureRange& range(MeasureRanges& ranges, Measure measure) {
  return ranges.values[static_cast<std::size_t>(measure)];
}

CorpusRanges anything() {
  CorpusRanges all;
  for (MeasureRanges* ranges : {&all.whole, &all.windows, &all.minutes})
    ranges->values.fill({-kInfinity, kInfinity});
  return all;
}

// Two minutes with a density of 2 and 5 notes a second, and a structure of 0.1 in each.
MeasuredSong two_minutes() {
  MeasuredSong song{.seconds = 120};
  song.whole.values.fill(1);
  song.minutes.resize(2);
  for (WindowMeasures& minute : song.minutes) {
    minute.measures.values.fill(1);
    minute.measures[Measure::structure_short] = 0.1;
    minute.measures[Measure::structure_long] = std::numeric_limits<double>::quiet_NaN();
  }
  song.minutes[0].measures[Measure::density] = 2;
  song.minutes[1].measures[Measure::density] = 5;
  return song;
}

// Bars of four notes of a second each.
Song melody(std::size_t bars, const std::vector<int>& pitches) {
  Song song{.ticks_per_quarter = 24, .tempos = {{0, 1'000'000}}};
  for (std::size_t i = 0; i < 4 * bars; ++i) {
    const auto begin = static_cast<std::int64_t>(24 * i);
    song.notes.push_back({begin, begin + 24, pitches[i % pitches.size()]});
  }
  song.length = song.notes.back().end;
  return song;
}

}  // namespace

TEST_CASE("A score counts what is outside in widths of the ranges", "[piece][ranking]") {
  MeasuredSong song = two_minutes();
  CorpusRanges ranges = anything();
  CHECK(score_piece(song, ranges).score == 100);
  range(ranges.minutes, Measure::density) = {2, 4};  // the second minute is half a width above
  PieceScore score = score_piece(song, ranges);
  CHECK(score.measures == Approx(0.25));
  CHECK(score.missed == 1);
  CHECK(score.minutes == 2);
  CHECK(score.score == Approx(100 / 1.25));
  range(ranges.minutes, Measure::structure_short) = {0.2, 0.4};  // both are half a width below
  score = score_piece(song, ranges);
  CHECK(score.structure == Approx(0.5));
  CHECK(score.missed == 1);
  song.whole[Measure::longest_loop] = kMostSameBars + 1;
  range(ranges.whole, Measure::copied_run) = {0, 0.5};
  score = score_piece(song, ranges, 2 * std::exp(0.25), 2);
  CHECK(score.loops == 1);
  CHECK(score.copies == 1);
  CHECK(score.surprise == Approx(0.25));
  CHECK(score.score == Approx(100 / (1 + 0.25 + 0.5 + 1 + 1 + 0.25)));
  // Of the form: bars return a quarter of a width too often, and songs of the corpus end otherwise.
  range(ranges.whole, Measure::returning_bars) = {0.1, 0.82};
  range(ranges.whole, Measure::ends_on_tonic) = {0, 0};
  CHECK(score_piece(song, ranges).form == Approx(0.25 + 1));
  CHECK(score_piece(song, ranges).score == Approx(100 / (1 + 0.25 + 0.5 + 1.25 + 1 + 1)));
  ranges.whole = anything().whole;
  // As surprising in the other direction; unknown nats don't count.
  CHECK(score_piece(song, ranges, 2 * std::exp(-0.25), 2).surprise == Approx(0.25));
  CHECK(score_piece(song, ranges).surprise == 0);
}

TEST_CASE("Pieces are ordered from the best score to the lowest", "[piece][ranking]") {
  const std::vector<PieceScore> scores{{.score = 3}, {.score = 90}, {.score = 3}, {.score = 91}};
  CHECK(ranked(scores) == std::vector<std::size_t>{3, 1, 0, 2});
}

TEST_CASE("A model's usual nats are its lowest validation loss", "[piece][ranking]") {
  TrainedModel model{GruModel<float>({.vocab_size = 2, .embedding_size = 1, .hidden_size = 1}),
                     CharEncoder("a")};
  CHECK(std::isnan(usual_nats(model)));
  for (const char* const training : {"[", "[1]", R"({"curve": 3})", R"({"curve": {"valid_loss": 3}})"}) {
    model.training = training;
    CHECK(std::isnan(usual_nats(model)));
  }
  model.training = R"({"curve": {"valid_loss": [3, null, 2.5, 2.75]}})";
  CHECK(usual_nats(model) == 2.5);
}

TEST_CASE("The nats of pieces are those of their generated tokens, after the primer", "[piece][ranking]") {
  const CharEncoder encoder("abc");
  const ModelConfig config{.vocab_size = encoder.vocab_size(), .embedding_size = 3, .hidden_size = 4};
  std::vector<TrainedModel> models{{GruModel<float>(config), encoder}, {GruModel<float>(config), encoder}};
  initialize(models[0].network, 1);
  initialize(models[1].network, 2);
  const std::vector<Piece> pieces{{.primer = {0, 1}, .tokens = {2, 0, 1}}, {.tokens = {1}}};
  const std::vector<double> nats = nats_of(pieces, models, 1);
  const std::vector<std::vector<Token>> sequences{{0, 1, 2, 0, 1}, {1}};
  const TokenNats one = token_nats(models[0], sequences, 1), two = token_nats(models[1], sequences, 1);
  const auto mean = [&](std::size_t song, std::size_t i) {
    return -std::log((std::exp(-one[song][i]) + std::exp(-two[song][i])) / 2);
  };
  REQUIRE(nats.size() == 2);
  CHECK(nats[0] == Approx((mean(0, 2) + mean(0, 3) + mean(0, 4)) / 3));
  CHECK(nats[1] == Approx(mean(1, 0)));
}

TEST_CASE("A corpus file keeps the ranges of its songs, and takes them", "[piece][ranking][corpus]") {
  const EventEncoder encoder;
  std::vector<std::vector<Token>> songs;
  for (const std::vector<int>& pitches : {std::vector{60, 62}, {60, 64, 67}, {57, 60, 64, 69}})
    songs.push_back(encoder.encode(melody(20, pitches)));
  const std::vector<Split> splits{Split::train, Split::train, Split::test};
  const Corpus corpus =
      Corpus::from_songs({.encoder = encoder, .music = MusicInfo{.tempo_bpm = 60}}, songs, splits);
  ThreadPool threads(2);
  const CorpusRanges ranges = corpus_ranges(corpus, threads);
  CHECK(ranges.songs == 2);
  CHECK(ranges.whole[Measure::pitch_range].low == Approx(2 + 0.05 * 5));  // of 2 and 7 semitones
  CHECK(ranges.minutes[Measure::density].high == Approx(1));

  const auto path = std::filesystem::temp_directory_path() / "gruve_ranking_test.gruve";
  corpus.save(path, to_json(ranges).dump());
  const Corpus kept(path);
  CHECK(kept.num_songs() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    kept.check_tokens(i);
    CHECK(kept.song(i).split == splits[i]);
    CHECK(std::vector(kept.song(i).tokens.begin(), kept.song(i).tokens.end()) == songs[i]);
  }
  CHECK(to_json(corpus_ranges(path, threads)) == to_json(ranges));
  const MeasuredCorpus measured = measure_corpus(path, threads);
  CHECK(measured.steps.size() == 2);
  CHECK(to_json(measured.ranges) == to_json(ranges));
  // What is kept counts, not what would be measured again.
  CorpusRanges other = ranges;
  other.songs = 77;
  kept.save(path, to_json(other).dump());
  CHECK(corpus_ranges(path, threads).songs == 77);
  CHECK(minute_ranges(path, threads)[Measure::density].high == ranges.minutes[Measure::density].high);
  kept.save(path, R"({"songs": 3})");
  CHECK_THROWS_WITH(corpus_ranges(path, threads),
                    ContainsSubstring("the measures of its songs have no number"));
  std::filesystem::remove(path);
}

TEST_CASE("Damaged ranges are refused with the file's name", "[piece][ranking]") {
  CorpusRanges ranges = anything();
  range(ranges.minutes, Measure::density) = {1, 2};
  range(ranges.whole, Measure::polyphony) = {};
  for (MeasureRanges* part : {&ranges.whole, &ranges.windows, &ranges.minutes})
    for (MeasureRange& each : part->values)
      if (each.high == kInfinity) each = {0.25, 0.5};
  const std::string text = to_json(ranges).dump();
  const CorpusRanges read = corpus_ranges_from_json(text, "x");
  CHECK(read.minutes[Measure::density].high == 2);
  CHECK(std::isnan(read.whole[Measure::polyphony].low));
  CHECK(read.windows[Measure::polyphony].low == 0.25);
  for (const char* const bad :
       {"", "[]", "{}", R"({"songs": -1, "passed": 0})", R"({"songs": 1, "passed": 1, "whole": 3})",
        R"({"songs": 1, "passed": 1, "whole": {"density": [2, 1]}, "windows": {}, "minutes": {}})",
        R"({"songs": 1, "passed": 1, "whole": {"density": [1]}, "windows": {}, "minutes": {}})",
        R"({"songs": 1, "passed": 1, "whole": {"density": "x"}, "windows": {}, "minutes": {}})"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(corpus_ranges_from_json(bad, "model.st"),
                      ContainsSubstring("model.st: the measures of"));
  }
}
