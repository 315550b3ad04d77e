#include "gruve/judge/two_sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/judge/alterations.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/id_encoder.hpp"
#include "gruve/train/losses.hpp"

using namespace gruve;

namespace {

// Sixteen bars of a broken chord in quarter notes that changes with each bar, in a key of its own.
Song judged_song(std::uint64_t seed) {
  Rng rng(seed, 9);
  Song song{.ticks_per_quarter = 4, .tempos = {{0, 500'000}}, .time_signatures = {{0, 4, 4}}};
  const int key = 48 + static_cast<int>(rng.below(12));
  std::int64_t begin = 0;
  for (int bar = 0; bar < 16; ++bar) {
    constexpr int kRoots[] = {0, 5, 7, 9};
    const int root = key + kRoots[rng.below(4)];
    for (const int step : {0, 4, 7, 12}) {
      song.notes.push_back({.start = begin, .end = begin + 4, .pitch = root + step});
      begin += 4;
    }
  }
  song.length = begin;
  return song;
}

std::vector<Song> judged_songs(std::size_t count, std::uint64_t seed) {
  std::vector<Song> songs;
  for (std::size_t i = 0; i < count; ++i) songs.push_back(judged_song(seed + i));
  return songs;
}

std::vector<std::size_t> numbered(std::size_t count, std::size_t first = 0) {
  std::vector<std::size_t> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = first + i;
  return numbers;
}

std::size_t different_notes(const Song& a, const Song& b) {
  const auto key = [](const Note& note) { return std::pair(note.start, note.pitch); };
  std::multiset<std::pair<std::int64_t, int>> of_b;
  for (const Note& note : b.notes) of_b.insert(key(note));
  std::size_t different = 0;
  for (const Note& note : a.notes) {
    const auto found = of_b.find(key(note));
    if (found == of_b.end())
      ++different;
    else
      of_b.erase(found);
  }
  return different;
}

}  // namespace

TEST_CASE("Windows are whole bars one after another, from tick 0", "[judge][windows]") {
  Song song = judged_song(1);
  song.notes.back().end += 100;
  const std::vector<Song> windows = song_windows(song, {.bars = 6});
  // 16 bars and the 7 that the last note sounds in: three windows, of which the last has notes in four bars.
  REQUIRE(windows.size() == 3);
  CHECK(windows[0].notes.size() == 24);
  CHECK(windows[2].notes.size() == 16);
  CHECK(windows[1].notes.front().start == 0);
  CHECK(windows[1].notes.front().pitch == song.notes[24].pitch);
  CHECK(windows[2].notes.back().end == 6 * 16);  // cut
  CHECK(windows[1].tempos == song.tempos);
  CHECK(windows[1].time_signatures == song.time_signatures);

  // A bar of two seconds: 20 s are ten bars, and six are enough for a window.
  const std::vector<Song> seconds = song_windows(judged_song(1), {.seconds = 20});
  REQUIRE(seconds.size() == 2);
  CHECK(seconds[0].notes.size() == 40);
  CHECK(seconds[1].notes.size() == 24);
}

TEST_CASE("A window has the tempo and the metre that hold there", "[judge][windows]") {
  Song song = judged_song(1);
  song.tempos.push_back({64, 600'000});
  song.tempos.push_back({100, 700'000});
  song.time_signatures.push_back({128, 3, 4});
  const Song part = excerpt(song, 96, 160);
  CHECK(part.tempos == std::vector<Tempo>{{0, 600'000}, {4, 700'000}});
  CHECK(part.time_signatures == std::vector<TimeSignature>{{0, 4, 4}, {32, 3, 4}});
  CHECK(part.length == 64);
}

TEST_CASE("Alterations change what they say, and nothing else", "[judge][alterations]") {
  Song song = judged_song(3);
  for (int i = 0; i < 3; ++i) {  // long enough for shares
    const Song more = judged_song(4 + static_cast<std::uint64_t>(i));
    for (Note note : more.notes) {
      note.start += song.length;
      note.end += song.length;
      song.notes.push_back(note);
    }
    song.length += more.length;
  }
  Rng rng(1);
  CHECK(with_moved_notes(song, 0, rng).notes == song.notes);
  CHECK(with_shifted_keys(song, 0, rng).notes == song.notes);
  const Song moved = with_moved_notes(song, 0.3, rng);
  CHECK(moved.notes.size() == song.notes.size());
  const double share =
      static_cast<double>(different_notes(moved, song)) / static_cast<double>(song.notes.size());
  CHECK(share > 0.15);
  CHECK(share < 0.4);

  const Song shuffled = with_shuffled_bars(song, rng);
  CHECK(shuffled.notes.size() == song.notes.size());
  CHECK(different_notes(shuffled, song) > 0);
  const auto bars_of = [](const Song& of) {
    std::multiset<std::vector<int>> bars;
    for (std::size_t i = 0; i + 4 <= of.notes.size(); i += 4) {
      std::vector<int> bar;
      for (std::size_t k = i; k < i + 4; ++k) bar.push_back(of.notes[k].pitch);
      bars.insert(bar);
    }
    return bars;
  };
  CHECK(bars_of(shuffled) == bars_of(song));

  const Song shifted = with_shifted_keys(song, 0.5, rng);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < song.notes.size(); i += 4) {
    const int by = shifted.notes[i].pitch - song.notes[i].pitch;
    changed += by != 0 ? 1 : 0;
    for (std::size_t k = i; k < i + 4; ++k) {
      CHECK(shifted.notes[k].start == song.notes[k].start);
      CHECK(shifted.notes[k].pitch - song.notes[k].pitch == by);
    }
  }
  CHECK(changed > song.notes.size() / 4 / 4);
  CHECK(changed < song.notes.size() / 4 * 3 / 4);
}

TEST_CASE("The accuracy is the mean of both sides', with an interval over groups", "[judge]") {
  const std::vector<double> odds{-1, -1, 1, 1, 1, -1};
  const std::vector<std::uint8_t> sides{0, 0, 0, 0, 1, 1};
  const TestAccuracy half = test_accuracy(odds, sides, std::vector<std::size_t>{0, 1, 2, 3, 4, 5});
  CHECK(half.value == Approx(0.5));
  CHECK(half.low < 0.5);
  CHECK(half.high > 0.5);
  const TestAccuracy all =
      test_accuracy(std::vector<double>{-1, -2, 3, 4}, std::vector<std::uint8_t>{0, 0, 1, 1}, numbered(4));
  CHECK(all.value == 1);
  // Windows of one song count once: the interval of few songs is wide, however many windows they have.
  std::vector<double> many;
  std::vector<std::uint8_t> many_sides;
  std::vector<std::size_t> few_groups;
  for (std::size_t i = 0; i < 400; ++i) {
    many.push_back(i / 40 % 2 == 0 ? -1 : 1);
    many_sides.push_back(i < 200 ? 0 : 1);
    few_groups.push_back(i / 40);
  }
  const TestAccuracy wide = test_accuracy(many, many_sides, few_groups);
  const TestAccuracy narrow = test_accuracy(many, many_sides, numbered(400));
  CHECK(wide.high - wide.low > 2 * (narrow.high - narrow.low));
}

TEST_CASE("A reader is surprised by what it has not read, and reads alike with any number of threads",
          "[judge][reader]") {
  // Of the usual sequences a token is followed by the next one of four.
  std::vector<std::vector<Token>> usual, unusual;
  Rng rng(4);
  for (std::size_t i = 0; i < 400; ++i) {
    const std::uint32_t first = rng.below(4);
    usual.emplace_back();
    unusual.emplace_back();
    for (std::uint32_t k = 0; k < 50; ++k) {
      usual.back().push_back(static_cast<Token>((first + k) % 4));
      unusual.back().push_back(k % 10 == 5 ? static_cast<Token>((first + k + 1) % 4) : usual.back().back());
    }
  }
  ThreadPool one(1), two(2);
  const ReaderOptions options{.embedding_size = 8, .hidden_size = 16, .tokens = 400'000};
  const GruModel<float> reader = train_reader(4, usual, options, two);
  const Eigen::MatrixXd a = read_sequences(usual, reader, two), b = read_sequences(unusual, reader, two);
  REQUIRE(a.rows() == 400);
  REQUIRE(a.cols() == 16 + kReaderStatistics);
  CHECK(a.col(16).maxCoeff() < 0.2);
  CHECK(b.col(16).minCoeff() > a.col(16).maxCoeff());
  CHECK(b.col(19).minCoeff() > 3);  // one token in ten is wrong
  CHECK(a.leftCols(16).cwiseAbs().maxCoeff() <= 1);
  CHECK(read_sequences(usual, train_reader(4, usual, options, one), one) == a);
  // By hand: the mean of −ln p of a sequence.
  const auto nats = token_nats({.network = reader, .encoder = IdEncoder(4)}, std::span(usual).first(1), 1);
  CHECK(a(0, 16) == Approx(std::accumulate(nats[0].begin(), nats[0].end(), 0.0) / 50).epsilon(1e-4));
}

TEST_CASE("The two-sample test rises with the notes that are moved, from chance", "[judge][two-sample]") {
  const AnyEncoder encoder(EventEncoder({.steps_per_quarter = 4}));
  ThreadPool threads(2);
  constexpr std::size_t kSongs = 60;
  const std::vector<Song> songs = judged_songs(kSongs, 100);
  const JudgedWindows real = judged_windows(songs, numbered(kSongs), {.bars = 8}, encoder, threads);
  CHECK(real.size() == 2 * kSongs);
  std::vector<std::vector<Token>> known;
  for (const Song& song : judged_songs(100, 5000)) known.push_back(encoder.encode_song(song));
  const GruModel<float> reader =
      train_reader(encoder.vocab_size(), known, {.hidden_size = 24, .tokens = 100'000}, threads);
  const TwoSampleOptions options{.folds = 4};
  const JudgedWindows others =
      judged_windows(judged_songs(kSongs, 1000), numbered(kSongs, kSongs), {.bars = 8}, encoder, threads);
  const auto test = [&](const JudgedWindows& other) {
    return two_sample_test(real, other, reader, options, threads);
  };
  const TwoSample floor = test(others);
  CHECK(floor.windows == 4 * kSongs);
  CHECK(floor.by_tokens.low < 0.5);
  CHECK(floor.by_measures.low < 0.5);

  std::vector<double> accuracies{floor.by_tokens.value};
  for (const double share : {0.03, 0.3}) {
    std::vector<Song> altered;
    for (std::size_t i = 0; i < kSongs; ++i) {
      Rng rng(1, i);
      altered.push_back(with_moved_notes(songs[i], share, rng));
    }
    const JudgedWindows windows = judged_windows(altered, numbered(kSongs), {.bars = 8}, encoder, threads);
    accuracies.push_back(test(windows).by_tokens.value);
  }
  CHECK(accuracies[1] > accuracies[0]);
  CHECK(accuracies[2] > accuracies[1]);
  CHECK(accuracies[2] > 0.9);

  const JudgedWindows few = sampled(real, 3, 1);
  CHECK(tests::error_of([&] {
          two_sample_test(few, others, reader, options, threads);
        }).find("the judge needs windows of 4 songs and more of each kind") == 0);
}

TEST_CASE("Sampled windows are as many as asked for, the same for a seed", "[judge][windows]") {
  const AnyEncoder encoder(EventEncoder({.steps_per_quarter = 4}));
  ThreadPool threads(1);
  const JudgedWindows all = judged_windows(judged_songs(10, 5), numbered(10), {.bars = 4}, encoder, threads);
  REQUIRE(all.size() == 40);
  const JudgedWindows some = sampled(all, 7, 3);
  CHECK(some.size() == 7);
  CHECK(std::is_sorted(some.groups.begin(), some.groups.end()));
  CHECK(some.tokens == sampled(all, 7, 3).tokens);
  CHECK(some.tokens != sampled(all, 7, 4).tokens);
  CHECK(sampled(all, 50, 3).size() == 40);
}
