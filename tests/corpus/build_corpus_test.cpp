#include "gruve/corpus/build_corpus.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/corpus/encoded_source.hpp"
#include "gruve/midi/write_midi.hpp"

#include "catch.hpp"
#include "error_of.hpp"

using namespace gruve;
using gruve::tests::error_of;
namespace fs = std::filesystem;

namespace {

// An empty folder that goes with the test.
struct Folder {
  fs::path path;

  Folder() {
    static std::atomic<int> count = 0;
    path = fs::temp_directory_path() /
           ("gruve_build_corpus_" + std::to_string(count++) + "_" +
            std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }

  fs::path operator/(const std::string& name) const { return path / name; }
};

Song song_of(int pitch, std::int64_t ticks = 480) {
  Song song;
  song.notes = {{0, ticks, pitch}};
  song.length = ticks;
  return song;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

BuildReport build(const fs::path& from, const fs::path& out, const BuildOptions& options = {}) {
  return build_corpus(std::vector<fs::path>{from}, out, options);
}

}  // namespace

TEST_CASE("A folder of MIDI files becomes a corpus, its files in the order of their paths",
          "[corpus][build]") {
  const Folder folder;
  fs::create_directories(folder / "sub/deeper");
  write_midi(song_of(60), folder / "b.mid");
  write_midi(song_of(61), folder / "a.MIDI");
  write_midi(song_of(62), folder / "sub/deeper/c.kar");
  write_file(folder / "notes.txt", "not music");
  write_file(folder / "sub/broken.mid", "MThd and no more");
  Song drums = song_of(60);
  drums.notes[0].channel = kDrumChannel;
  write_midi(drums, folder / "sub/drums.mid");
  write_midi(song_of(60), folder / "sub/copy.mid");
  std::vector<std::uint64_t> steps;
  const BuildReport report = build_corpus(std::vector<fs::path>{folder.path}, folder / "out.gruve",
                                          {.threads = 1}, [&](const Progress& progress) {
                                            steps.push_back(progress.done);
                                            CHECK(progress.total == 6);
                                          });
  CHECK(steps == std::vector<std::uint64_t>{4, 6});
  CHECK(report.num_files() == 6);
  CHECK(report.songs == 4);
  CHECK(report.duplicates == 1);
  CHECK(report.files == std::array<std::uint64_t, kNumRules>{4, 1, 1, 0, 0});
  REQUIRE(report.refused.size() == 2);
  CHECK(report.refused[0].file == (folder / "sub/broken.mid").string());
  CHECK(report.refused[0].rule == Rule::not_readable);
  CHECK(report.refused[0].byte);
  CHECK(report.refused[1].file == (folder / "sub/drums.mid").string());
  CHECK(report.refused[1].rule == Rule::no_notes);
  CHECK(report.refused[1].reason == "all of the song's notes are drums");

  const Corpus corpus(folder / "out.gruve");
  REQUIRE(corpus.num_songs() == 4);
  // A quarter note is 24 timesteps of a key and an end; b.mid and its copy are of one split.
  std::vector<Token> found;
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(corpus.song(i).tokens.size() == 48);
    found.push_back(corpus.song(i).tokens[0]);
  }
  CHECK(found == std::vector<Token>{40, 39, 39, 41});
  CHECK(corpus.song(1).split == corpus.song(2).split);
  for (std::size_t i = 0; i < kNumSplits; ++i) {
    CHECK(corpus.num_tokens(static_cast<Split>(i)) == report.tokens_of_split[i]);
    CHECK(corpus.songs(static_cast<Split>(i)).size() == report.songs_of_split[i]);
  }
  CHECK(nlohmann::json::parse(corpus.info().report)["rules"]["not readable"] == 1);
  CHECK_FALSE(fs::exists(folder / "out.gruve.partial"));
}

TEST_CASE("A corpus is the same for any number of threads, on disk and in memory", "[corpus][build]") {
  const Folder folder;
  Rng rng(11);
  for (int i = 0; i < 60; ++i) {
    Song song;
    for (int n = 0; n < 30; ++n) {
      const auto start = static_cast<std::int64_t>(20 * rng.below(500));
      song.notes.push_back({start, start + static_cast<std::int64_t>(1 + rng.below(300)),
                            static_cast<int>(20 + rng.below(90))});
      song.length = std::max(song.length, song.notes.back().end);
    }
    sort_notes(song.notes);
    song.tempos = {{0, 400'000 + static_cast<std::int64_t>(rng.below(200'000))}};
    write_midi(song, folder / (std::to_string(i) + ".mid"));
  }
  BuildOptions options{.threads = 1};
  build(folder.path, folder / "1.gruve", options);
  const std::string expected = contents(folder / "1.gruve");
  CHECK(expected.size() > 10'000);
  for (const int threads : {2, 3, 5}) {
    options.threads = threads;
    build(folder.path, folder / "n.gruve", options);
    CHECK(contents(folder / "n.gruve") == expected);
  }
  const auto [corpus, report] = build_corpus_in_memory(std::vector<fs::path>{folder.path}, options);
  const Corpus mapped(folder / "1.gruve");
  REQUIRE(corpus.num_songs() == mapped.num_songs());
  for (std::size_t i = 0; i < corpus.num_songs(); ++i) {
    CHECK(corpus.song(i).hash == mapped.song(i).hash);
    CHECK(corpus.song(i).split == mapped.song(i).split);
  }
  CHECK(corpus.info().music == mapped.info().music);
}

TEST_CASE("A corpus holds the middle tempo of its songs and the metre of most quarter notes",
          "[corpus][build]") {
  const Folder folder;
  // 60 bpm; 100 bpm; half at 120 bpm and half at 60: 4 quarter notes in 3 s, 80 bpm. The middle is 80.
  Song song = song_of(60, 4 * 480);
  song.tempos = {{0, 1'000'000}};
  song.time_signatures = {{0, 3, 4}};
  write_midi(song, folder / "slow.mid");
  song = song_of(62, 4 * 480);
  song.tempos = {{0, 600'000}};
  song.time_signatures = {{480, 3, 4}};  // a quarter note of 4/4, then three of 3/4
  write_midi(song, folder / "fast.mid");
  song = song_of(64, 4 * 480);
  song.tempos = {{0, 500'000}, {2 * 480, 1'000'000}};
  song.time_signatures = {{0, 6, 8}};
  write_midi(song, folder / "mixed.mid");
  build(folder.path, folder / "out.gruve");
  const Corpus corpus(folder / "out.gruve");
  CHECK(corpus.music().tempo_bpm == Approx(80));
  CHECK(corpus.music().time_signature == TimeSignature{0, 3, 4});
  CHECK(corpus.music().tempos.empty());  // timesteps have no tokens for them
  CHECK(corpus.music().metres.empty());

  // All that tokens set, and 4/4, in which a song begins; of merged corpora and files together.
  const auto bpm = [](double tempo) {
    return std::round(1000 * EventEncoder::tempo_bpm(EventEncoder::tempo_level(tempo))) / 1000;
  };
  const BuildOptions events{.encoder = EncoderKind::event, .event = {.tempos = true}};
  build(folder.path, folder / "events.gruve", events);
  const MusicInfo music = Corpus(folder / "events.gruve").music();
  CHECK(music.tempos == std::vector<double>{bpm(60), bpm(100), bpm(120)});
  CHECK(music.tempo_change == 2);
  // The quarter note of 4/4 that is cut short is a bar of 1/4.
  CHECK(music.metres == std::vector<TimeSignature>{{0, 1, 4}, {0, 3, 4}, {0, 4, 4}, {0, 6, 8}});
  const Folder more;
  song.tempos = {{0, 300'000}};
  song.time_signatures = {{0, 5, 4}};
  write_midi(song, more / "other.mid");
  build_corpus(std::vector<fs::path>{folder / "events.gruve", more.path}, folder / "events.gruve");
  const MusicInfo merged = Corpus(folder / "events.gruve").music();
  CHECK(merged.tempos == std::vector<double>{bpm(60), bpm(100), bpm(120), bpm(200)});
  CHECK(merged.metres == std::vector<TimeSignature>{{0, 1, 4}, {0, 3, 4}, {0, 4, 4}, {0, 5, 4}, {0, 6, 8}});
}

TEST_CASE("A song that lasts no time has the tempo that it begins with", "[corpus][build]") {
  const Folder folder;
  for (int i = 0; i < 3; ++i) {
    Song song = song_of(60 + i, 0);
    song.tempos = {{0, 1'000'000}};
    write_midi(song, folder / ("empty" + std::to_string(i) + ".mid"));
    build(folder.path, folder / "out.gruve");
    const Corpus corpus(folder / "out.gruve");
    CHECK(corpus.num_songs() == static_cast<std::size_t>(i) + 1);
    CHECK(corpus.music().tempo_bpm == Approx(60));
  }
}

TEST_CASE("A path that is missing is an error, and nothing is written", "[corpus][build]") {
  const Folder folder;
  const fs::path out = folder / "out.gruve";
  CHECK(error_of([&] { build(folder / "gone", out); }) ==
        (folder / "gone").string() + ": no such file or folder");
  CHECK_FALSE(fs::exists(out));
  CHECK(fs::is_empty(folder.path));
}

TEST_CASE("A folder with no usable file is an error with the main reason, and nothing is overwritten",
          "[corpus][build]") {
  const Folder folder, elsewhere;
  const fs::path out = elsewhere / "out.gruve";
  write_file(out, "what stood there");
  const std::string name = folder.path.string();
  CHECK(error_of([&] { build(folder.path, out); }) ==
        name + ": holds no MIDI file (.mid, .midi, .kar, .rmi or .smf)");
  CHECK(error_of([&] { build(folder.path, out, {.encoder = EncoderKind::text}); }) ==
        name + ": holds no text file (.txt)");
  Song drums = song_of(60);
  drums.notes[0].channel = kDrumChannel;
  write_midi(drums, folder / "a.mid");
  CHECK(error_of([&] { build(folder.path, out); }) ==
        (folder / "a.mid").string() + ": all of the song's notes are drums");
  write_file(folder / "a.mid", "RIFF, not MIDI");
  CHECK(error_of([&] { build(folder.path, out); }) ==
        (folder / "a.mid").string() + ", byte 0: found \"RIFF\", expected \"MThd\": not a MIDI file");
  write_midi(drums, folder / "b.mid");
  write_midi(drums, folder / "c.mid");
  CHECK(error_of([&] { build(folder.path, out); }) ==
        name + ": none of 3 files can be used, 2 for the reason \"no notes\", the first being " +
            (folder / "b.mid").string() + ": all of the song's notes are drums");
  CHECK(contents(out) == "what stood there");
  CHECK(error_of([&] { build(folder.path, elsewhere / "gone/out.gruve"); }) ==
        (elsewhere / "gone/out.gruve").string() + ": cannot write: No such file or directory");
}

TEST_CASE("A file named directly is read whatever its name, and once", "[corpus][build]") {
  const Folder folder;
  write_midi(song_of(60), folder / "music.bin");
  write_midi(song_of(61), folder / "a.mid");
  std::vector<Refusal> unreadable;
  const std::vector<fs::path> paths = {folder / "music.bin", folder.path, folder.path / "." / "a.mid"};
  CHECK(find_sources(paths, EncoderKind::timestep, unreadable).size() == 2);
  CHECK(find_sources(std::vector<fs::path>{folder.path}, EncoderKind::timestep, unreadable).size() == 1);
  CHECK(unreadable.empty());
}

TEST_CASE("Links that go round in a circle end", "[corpus][build]") {
  const Folder folder;
  fs::create_directories(folder / "sub");
  write_midi(song_of(60), folder / "sub/a.mid");
  std::error_code error;
  fs::create_directory_symlink(folder.path, folder / "sub/circle", error);
  fs::create_symlink(folder / "sub/a.mid", folder / "link.mid", error);
  fs::create_symlink(folder / "gone.mid", folder / "dangling.mid", error);
  if (error) {
    WARN("skipped: this system makes no links: " << error.message());
    return;
  }
  // What is passed over is listed.
  std::vector<Refusal> unreadable;
  CHECK(find_sources(std::vector<fs::path>{folder.path}, EncoderKind::timestep, unreadable) ==
        std::vector<fs::path>{folder / "link.mid", folder / "sub/a.mid"});
  REQUIRE(unreadable.size() == 2);
  CHECK(unreadable[0].file == (folder / "dangling.mid").string());
  CHECK(unreadable[0].reason == "a link to nothing");
  CHECK(unreadable[1].file == (folder / "sub/circle").string());
  CHECK(unreadable[1].reason == "a linked folder, which is not entered");
  CHECK(
      find_sources(std::vector<fs::path>{folder / "sub/circle"}, EncoderKind::timestep, unreadable).size() ==
      2);
}

TEST_CASE("A text is cut at blank lines into documents that put together are the text",
          "[corpus][build][text]") {
  using Ends = std::vector<std::size_t>;
  CHECK(document_ends("", 4).empty());
  CHECK(document_ends("abc", 4) == Ends{3});
  CHECK(document_ends("abc\n\ndef\n\ng", 4) == Ends{5, 11});  // "g" is too short to be alone
  CHECK(document_ends("abc\n\ndef\n\n1234", 4) == Ends{5, 10, 14});
  CHECK(document_ends("abc\n\ndef\n\n1234", 6) == Ends{14});
  CHECK(document_ends("abc\n\ndef\n\n1234\n", 4) == Ends{5, 10, 15});
  CHECK(document_ends("ab\r\n \t\r\nx", 4) == Ends{9});
  CHECK(document_ends("ab\r\n \t\r\nxyz1", 4) == Ends{8, 12});
  CHECK(document_ends("abc\nde", 2) == Ends{6});  // no blank line
}

TEST_CASE("Text files become a corpus of documents under one vocabulary", "[corpus][build][text]") {
  const Folder folder;
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "line " + std::to_string(i) + (i % 10 == 9 ? ".\n\n" : "\n");
  write_file(folder / "long.txt", text);
  write_file(folder / "short.txt", "xyz");
  write_file(folder / "empty.txt", "");
  const BuildOptions options{.encoder = EncoderKind::text, .threads = 1};
  const BuildReport report = build(folder.path, folder / "1.gruve", options);
  CHECK(report.files == std::array<std::uint64_t, kNumRules>{2, 1, 0, 0, 0});
  REQUIRE(report.refused.size() == 1);
  CHECK(report.refused[0].reason == "the file is empty");
  CHECK(report.songs_of_split[0] > 0);
  CHECK(report.songs_of_split[1] > 0);

  const Corpus corpus(folder / "1.gruve");
  const auto& encoder = corpus.encoder().as<CharEncoder>();
  CHECK(encoder.vocabulary() == "\n .0123456789eilnxyz");
  std::string back;
  for (std::size_t i = 0; i < corpus.num_songs(); ++i) back += encoder.decode(corpus.song(i).tokens);
  CHECK(back == text + "xyz");

  build(folder.path, folder / "3.gruve", {.encoder = EncoderKind::text, .threads = 3});
  CHECK(contents(folder / "3.gruve") == contents(folder / "1.gruve"));
}

TEST_CASE("Files are repaired unless they are to be strict, and the report says how", "[corpus][build]") {
  const Folder folder;
  write_midi(song_of(60), folder / "a.mid");
  std::string damaged = contents(folder / "a.mid");
  damaged[19] = 1;  // the track's length, 65,536 more than it is
  write_file(folder / "b.mid", damaged);
  const BuildReport report = build(folder.path, folder / "out.gruve");
  CHECK(report.songs == 2);
  CHECK(report.duplicates == 1);
  REQUIRE(report.repaired.size() == 1);
  CHECK(report.repaired[0].file == (folder / "b.mid").string());
  CHECK(report.repaired[0].count == 1);
  CHECK_THAT(report.repaired[0].repairs[0].what, ContainsSubstring("runs past the end of the file"));
  const BuildReport strict = build(folder.path, folder / "out.gruve", {.song = {.midi = {.repair = false}}});
  CHECK(strict.songs == 1);
  CHECK(strict.refused[0].byte == 22);
}

TEST_CASE("Songs in other keys and at other tempos are the same, and on one side of the split",
          "[corpus][build]") {
  const Folder folder;
  Rng rng(5);
  Song song;
  for (int n = 0; n < 40; ++n)
    song.notes.push_back({480 * n, 480 * n + 240, 50 + static_cast<int>(rng.below(20))});
  song.length = 480 * 40;
  for (int i = 0; i < 6; ++i) {
    Song copy = song;
    copy.ticks_per_quarter = 480 + 96 * i;
    for (Note& note : copy.notes) note.pitch += i;
    write_midi(copy, folder / (std::to_string(i) + ".mid"));
  }
  // One note less is the same song, another melody is not.
  Song less = song;
  less.notes.erase(less.notes.begin() + 20);
  write_midi(less, folder / "near.mid");
  std::reverse(song.notes.begin(), song.notes.end());
  for (std::size_t n = 0; n < 40; ++n) song.notes[n].start = 480 * static_cast<std::int64_t>(n);
  for (Note& note : song.notes) note.end = note.start + 240;
  write_midi(song, folder / "other.mid");
  const BuildReport report = build(folder.path, folder / "out.gruve");
  CHECK(report.songs == 8);
  CHECK(report.duplicates == 6);
  const Corpus corpus(folder / "out.gruve");
  for (std::size_t i = 1; i < 6; ++i) {
    CHECK(corpus.song(i).hash == corpus.song(0).hash);
    CHECK(corpus.song(i).split == corpus.song(0).split);
    CHECK(corpus.song(i).checksum != corpus.song(0).checksum);
  }
  CHECK(corpus.song(6).hash == corpus.song(0).hash);
  CHECK(corpus.song(7).hash != corpus.song(0).hash);
}

TEST_CASE("Versions of a piece that has a name are on one side of the split", "[corpus][build]") {
  const Folder folder;
  Rng rng(6);
  const auto write_melody = [&](const std::string& name) {
    Song song;
    for (int n = 0; n < 40; ++n)
      song.notes.push_back({480 * n, 480 * n + 240, 50 + static_cast<int>(rng.below(20))});
    song.length = 480 * 40;
    fs::create_directories((folder / name).parent_path());
    write_midi(song, folder / name);
    return song;
  };
  const Song first = write_melody("songs/001.mid");
  write_melody("songs/002.mid");
  write_melody("versions/001-a.mid");
  write_melody("versions/001-b.mid");
  write_melody("versions/x.mid");
  write_midi(first, folder / "versions/y.mid");  // a copy without the name
  std::mutex mutex;
  const auto piece_of = [&](const fs::path& path) {
    const std::lock_guard lock(mutex);
    const std::string name = path.filename().string();
    return name.starts_with("00") ? name.substr(0, 3) : std::string();
  };
  const auto hashes = [&](const BuildOptions& options) {
    build(folder.path, folder / "out.gruve", options);
    const Corpus corpus(folder / "out.gruve");
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < corpus.num_songs(); ++i) {
      all.push_back(corpus.song(i).hash);
      for (std::size_t j = 0; j < i; ++j)
        if (corpus.song(i).hash == corpus.song(j).hash) CHECK(corpus.song(i).split == corpus.song(j).split);
    }
    fs::remove(folder / "out.gruve");
    return all;
  };
  // In the order of the paths: 001, 002, 001-a, 001-b, x, y.
  const std::vector<std::uint64_t> named = hashes({.piece_of = piece_of});
  REQUIRE(named.size() == 6);
  CHECK(named[2] == named[0]);
  CHECK(named[3] == named[0]);
  CHECK(named[5] == named[0]);
  CHECK(std::set<std::uint64_t>(named.begin(), named.end()).size() == 3);
  CHECK(hashes({.piece_of = piece_of, .threads = 1}) == named);
  const std::vector<std::uint64_t> plain = hashes({});
  CHECK(plain[5] == plain[0]);
  CHECK(std::set<std::uint64_t>(plain.begin(), plain.end()).size() == 5);
}

TEST_CASE("Corpora are merged with each other and with files, and added to in place", "[corpus][build]") {
  const Folder first, second, out;
  for (int i = 0; i < 5; ++i) write_midi(song_of(50 + i), first / (std::to_string(i) + ".mid"));
  for (int i = 0; i < 3; ++i) write_midi(song_of(70 + i), second / (std::to_string(i) + ".mid"));
  const BuildOptions options{.timestep = {.steps_per_quarter = 4}};
  build(first.path, out / "a.gruve", options);
  const BuildReport report = build_corpus(std::vector<fs::path>{out / "a.gruve", second.path},
                                          out / "a.gruve");  // theirs is the grid
  CHECK(report.merged_songs == 5);
  CHECK(report.songs == 8);
  build_corpus(std::vector<fs::path>{first.path, second.path}, out / "both.gruve", options);
  const Corpus merged(out / "a.gruve"), both(out / "both.gruve");
  CHECK(merged.encoder() == AnyEncoder(TimestepEncoder({.steps_per_quarter = 4})));
  REQUIRE(both.num_songs() == 8);
  for (std::size_t i = 0; i < 8; ++i) {
    merged.check_tokens(i);
    CHECK(std::ranges::equal(merged.song(i).tokens, both.song(i).tokens));
    CHECK(merged.song(i).split == both.song(i).split);
  }
  build(second.path, out / "b.gruve");
  CHECK(error_of([&] {
          build_corpus(std::vector<fs::path>{out / "a.gruve", out / "b.gruve"}, out / "c.gruve");
        }) == (out / "b.gruve").string() + ": can't be merged with " + (out / "a.gruve").string() +
                  ", which has a different encoder: steps_per_quarter 24, expected 4");
  write_file(second / "t.txt", "xyz");
  write_file(first / "t.txt", "xxy and all the rest of it");
  build(first.path, out / "t.gruve", {.encoder = EncoderKind::text});
  CHECK(error_of([&] {
          build_corpus(std::vector<fs::path>{out / "t.gruve", second.path}, out / "u.gruve");
        }) == (out / "t.gruve").string() +
                  ": has no token for the character 122, which is in the texts to be added");
}

TEST_CASE("A corpus of events is built, with the songs' length, height and density reported",
          "[corpus][build]") {
  const Folder folder;
  write_midi(song_of(60), folder / "a.mid");
  const BuildReport report = build(folder.path, folder / "out.gruve", {.encoder = EncoderKind::event});
  const Corpus corpus(folder / "out.gruve");
  const EventEncoder encoder;
  CHECK(corpus.encoder() == AnyEncoder(encoder));
  CHECK(std::ranges::equal(corpus.song(0).tokens, encoder.encode(song_of(60))));
  // A quarter note of half a second.
  CHECK(report.statistics.seconds.counts[0] == 1);
  CHECK(report.statistics.bpm.counts[12] == 1);
  CHECK(report.statistics.pitch.counts[60] == 1);
  CHECK(report.statistics.polyphony.counts[1] == 1);
}

TEST_CASE("A report says in JSON what became of each file", "[corpus][build]") {
  BuildReport report;
  report.files = {3, 1, 0, 1, 0};
  report.songs = 3;
  report.duplicates = 1;
  report.songs_of_split = {2, 1, 0};
  report.tokens_of_split = {20, 10, 0};
  report.refused = {{"a.mid", Rule::not_readable, 22, "cut short"},
                    {"b.mid", Rule::too_long, {}, "too long a song"}};
  report.repaired = {{"c.mid", 7, {{3, "mended"}}}};
  report.merged_songs = 1;
  report.changes = {.notes = 90, .drums = 8, .out_of_range = 2, .too_short = 1};
  report.changed_songs = {.notes = 3, .drums = 2, .out_of_range = 1, .too_short = 1};
  report.performances = 1;
  report.seconds = 0.5;
  nlohmann::json json = to_json(report);
  CHECK(json["statistics"]["pitch"]["counts"].size() == 128);
  json.erase("statistics");
  CHECK(json == nlohmann::json::parse(R"({
    "files": 5, "songs": 3, "duplicates": 1, "seconds": 0.5,
    "rules": {"accepted": 3, "not readable": 1, "no notes": 0, "too long": 1, "notes off the grid": 0},
    "splits": {"train": {"songs": 2, "tokens": 20}, "valid": {"songs": 1, "tokens": 10},
               "test": {"songs": 0, "tokens": 0}},
    "refused": [{"file": "a.mid", "rule": "not readable", "byte": 22, "reason": "cut short"},
                {"file": "b.mid", "rule": "too long", "byte": null, "reason": "too long a song"}],
    "notes": {"notes": 90, "drums": 8, "out_of_range": 2, "too_short": 1}, "performances": 1,
    "songs_with": {"notes": 3, "drums": 2, "out_of_range": 1, "too_short": 1},
    "repaired": [{"file": "c.mid", "count": 7, "repairs": [{"byte": 3, "what": "mended"}]}],
    "merged_songs": 1
  })"));
}

TEST_CASE("Odd and malformed MIDI files are taken or refused, each with a reason", "[corpus][build][data]") {
  const fs::path odd = fs::path(GRUVE_SHARED_DATA) / "midi-odd";
  if (!fs::is_directory(odd)) {
    WARN("skipped: " << odd.string() << " is not here");
    return;
  }
  const Folder folder;
  const BuildReport report = build(odd, folder / "odd.gruve");
  CHECK(report.num_files() > 500);
  CHECK(report.refused.size() == report.num_files() - report.songs);
  for (const Refusal& refusal : report.refused) CHECK_FALSE(refusal.reason.empty());
  const Corpus corpus(folder / "odd.gruve");
  for (std::size_t i = 0; i < corpus.num_songs(); ++i) {
    corpus.check_tokens(i);
    CHECK(count_violations(TimestepEncoder(), corpus.song(i).tokens) == 0);
  }
}

TEST_CASE("Keys held for hours are refused where each timestep repeats them, and long music is not",
          "[corpus][build]") {
  const Folder folder;
  Song held;
  held.length = 480 * 19'990;
  for (int pitch = 21; pitch <= 108; ++pitch) held.notes.push_back({0, held.length, pitch});
  write_midi(held, folder / "held.mid");
  Song lasting;  // three hours at 100 beats per minute, six keys at a time
  for (std::int64_t quarter = 0; quarter < 18'000; ++quarter)
    for (int voice = 0; voice < 6; ++voice)
      lasting.notes.push_back({480 * quarter, 480 * quarter + 480, 40 + 7 * voice + int(quarter % 2)});
  lasting.length = 480 * 18'000;
  write_midi(lasting, folder / "long.mid");
  BuildReport report;
  const Corpus corpus = build_corpus(folder.path, {.encoder = EncoderKind::timestep}, {}, &report);
  CHECK(corpus.num_songs() == 1);
  CHECK(corpus.song(0).tokens.size() == 7u * 24 * 18'000);
  REQUIRE(report.refused.size() == 1);
  CHECK(report.refused[0].rule == Rule::too_long);
  CHECK(report.refused[0].reason ==
        "the music would take 42698640 tokens as timesteps, expected at most 4000000");
  // Events say once where a note begins and ends.
  CHECK(build_corpus(folder.path, {.encoder = EncoderKind::event}).num_songs() == 2);
}
