#include "gruve/corpus/corpus.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/tokens/encoder_json.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/id_encoder.hpp"

#include "catch.hpp"
#include "json_damage.hpp"

using namespace gruve;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

// A corpus by hand, apart from the writer: songs {1, 0} and {2} of a vocabulary of three characters.
const std::string kJson =
    R"({"encoder":{"type":"char","vocabulary":[97,98,99]},"tempo_bpm":90.5,"time_signature":[3,4]})";

std::uint64_t hash_of(const Bytes& bytes, std::size_t begin, std::size_t end) {
  return content_hash(std::span(bytes).subspan(begin, end - begin));
}

void put_hash(Bytes& bytes, std::size_t at, std::uint64_t hash) {
  for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<std::byte>(hash >> 8 * i);
}

// Makes the file's checksum right.
void seal(Bytes& bytes) { put_hash(bytes, 32, hash_of(bytes, 0, 32) ^ hash_of(bytes, 48, bytes.size())); }

Bytes by_hand(const std::string& json = kJson) {
  using namespace std::string_literals;
  std::string text =
      "GRUVECRP"s                     // magic
      "\x02\0\0\0"s +                 // version
      std::string({static_cast<char>(json.size()), static_cast<char>(json.size() >> 8),
                   static_cast<char>(json.size() >> 16), static_cast<char>(json.size() >> 24)}) +
      "\x03\0\0\0\0\0\0\0"s    // tokens in all
      "\x02\0\0\0\0\0\0\0"s    // songs
      "\0\0\0\0\0\0\0\0"s      // byte 32: checksum
      "\x01\0\0\0\x02\0\0\0"s  // byte 40: tokens 1, 0 and 2, padded
      "\x02\0\0\0\0\0\0\0"s    // byte 48: song 0 has two tokens
      "\xAB\0\0\0\0\0\0\0"s    // its hash
      "\0\0\0\0\0\0\0\0"s      // byte 64: its checksum
      "\0\0\0\0\0\0\0\0"s      // train
      "\x01\0\0\0\0\0\0\0"s    // byte 80: song 1 has one token
      "\xCD\0\0\0\0\0\0\0"s    // its hash
      "\0\0\0\0\0\0\0\0"s      // byte 96: its checksum
      "\x01\0\0\0\0\0\0\0"s    // byte 104: valid
      + json;                  // byte 112
  Bytes bytes = bytes_of(text);
  put_hash(bytes, 64, hash_of(bytes, 40, 44));
  put_hash(bytes, 96, hash_of(bytes, 44, 46));
  seal(bytes);
  return bytes;
}

std::string error_of(Bytes bytes) {
  try {
    const Corpus corpus = Corpus::from_bytes(std::move(bytes), "x.gruve");
    for (std::size_t i = 0; i < corpus.num_songs(); ++i) corpus.check_tokens(i);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string error_of(std::size_t byte, int value) {
  Bytes bytes = by_hand();
  bytes[byte] = static_cast<std::byte>(value);
  seal(bytes);
  return error_of(std::move(bytes));
}

std::vector<CorpusSong> songs_of_hashes(const std::vector<std::uint64_t>& hashes) {
  std::vector<CorpusSong> songs;
  for (const std::uint64_t hash : hashes) songs.push_back({.hash = hash});
  assign_splits(songs);
  return songs;
}

std::string splits_of_hashes(const std::vector<std::uint64_t>& hashes) {
  std::string names;
  for (const CorpusSong& song : songs_of_hashes(hashes)) names += split_name(song.split).substr(0, 2);
  return names;
}

}  // namespace

TEST_CASE("A corpus is read from its bytes unchanged", "[corpus][file]") {
  const Corpus corpus = Corpus::from_bytes(by_hand());
  REQUIRE(corpus.num_songs() == 2);
  CHECK(std::vector<Token>(corpus.song(0).tokens.begin(), corpus.song(0).tokens.end()) ==
        std::vector<Token>{1, 0});
  CHECK(std::vector<Token>(corpus.song(1).tokens.begin(), corpus.song(1).tokens.end()) ==
        std::vector<Token>{2});
  CHECK(corpus.song(0).hash == 0xAB);
  CHECK(corpus.song(1).split == Split::valid);
  CHECK(corpus.songs(Split::train) == std::vector<std::size_t>{0});
  CHECK(corpus.songs(Split::valid) == std::vector<std::size_t>{1});
  CHECK(corpus.songs(Split::test).empty());
  CHECK(corpus.num_tokens(Split::train) == 2);
  CHECK(corpus.num_tokens(Split::test) == 0);
  CHECK(corpus.vocab_size() == 3);
  CHECK(corpus.encoder() == AnyEncoder(CharEncoder("abc")));
  CHECK_FALSE(corpus.info().music);  // a tempo and a metre of text, as older files have them, mean nothing
}

TEST_CASE("A corpus of songs in memory and its file are the same", "[corpus][file]") {
  Rng rng(3);
  std::vector<std::vector<Token>> songs(50);
  for (auto& song : songs) {
    song.resize(1 + rng.below(100));
    for (std::size_t i = 0; i < song.size(); ++i) {
      song[i] = static_cast<Token>(rng.below(89));
      // After a key only lower ones or the end of the timestep may follow.
      if (i > 0 && song[i] >= song[i - 1] && song[i - 1] != 88) song[i] = 88;
    }
  }
  const CorpusInfo info{.encoder = TimestepEncoder(), .music = MusicInfo{99, {0, 6, 8}}};
  Corpus made = Corpus::from_songs(info, songs);
  const Corpus corpus = std::move(made);  // spans stay good
  REQUIRE(corpus.num_songs() == songs.size());
  for (std::size_t i = 0; i < songs.size(); ++i) {
    CHECK(std::equal(corpus.song(i).tokens.begin(), corpus.song(i).tokens.end(), songs[i].begin(),
                     songs[i].end()));
    CHECK(corpus.song(i).hash == content_hash(std::as_bytes(std::span(songs[i]))));
  }
  CHECK(corpus.info().music == info.music);
  CHECK(corpus.encoder() == AnyEncoder(TimestepEncoder()));

  internal::MemorySink sink;
  internal::CorpusWriter writer(sink);
  for (const auto& song : songs) writer.add(song);
  writer.finish(info);
  const auto path = std::filesystem::temp_directory_path() / "gruve_corpus_test.gruve";
  write_file(path, sink.bytes);
  const Corpus mapped(path);
  for (std::size_t i = 0; i < songs.size(); ++i) {
    CHECK(std::equal(mapped.song(i).tokens.begin(), mapped.song(i).tokens.end(), songs[i].begin(),
                     songs[i].end()));
    CHECK(mapped.song(i).split == corpus.song(i).split);
  }
  std::filesystem::remove(path);
}

TEST_CASE("A report is kept as its text, whatever it holds, and is JSON", "[corpus][file]") {
  const auto with = [](const std::string& members) {
    return by_hand(kJson.substr(0, kJson.size() - 1) + members + "}");
  };
  const std::string text = R"({"a]}":["\"}",[],{"b":"\\"}],"c":-1.5e3,"d":null})";
  const Corpus corpus = Corpus::from_bytes(with(" , \"report\" :\n" + text + " , \"measures\":{}"));
  CHECK(corpus.info().report == text);
  CHECK(corpus.info().measures == "{}");
  CHECK(Corpus::from_bytes(with(",\"report\":null")).info().report.empty());
  std::string large = "[[]";
  for (int i = 0; i < 3'000'000; ++i) large += ",[]";  // parsed, it would take 100 MB
  large += ']';
  CHECK(Corpus::from_bytes(with(",\"report\":" + large)).info().report == large);

  const std::string what = "x.gruve, byte 112: the text of encoder and report";
  CHECK(error_of(with(",\"report\":[1")).starts_with(what + " is not JSON at line 1, column "));
  CHECK(error_of(with(",\"report\":{\"a\":1,\"b\":{\"a\":2},\"a\":3}")) == what + " has the key \"a\" twice");
  CHECK(error_of(with(",\"report\":1,\"report\":2")) == what + " has the key \"report\" twice");
  CHECK(error_of(with(",\"report\":" + std::string(64, '[') + std::string(64, ']'))) ==
        what + " is nested deeper than 64 levels");
  CHECK(error_of(by_hand("[{\"encoder\":1}]")) == what + " is not a JSON object");
  CHECK(error_of(by_hand("{\"encoder\":" + large + "}")) ==
        "x.gruve, byte 112: the encoder has 9000015 bytes, expected at most 4194304");
}

TEST_CASE("Songs that can't be a corpus are refused", "[corpus]") {
  const auto error_of_songs = [](const std::vector<std::vector<Token>>& songs) -> std::string {
    try {
      Corpus::from_songs({.encoder = CharEncoder("ab")}, songs);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK(error_of_songs({}) == "corpus in memory: there is no song, expected at least one");
  CHECK(error_of_songs({{1}, {}}) == "corpus in memory: song 1 has no tokens");
  CHECK(error_of_songs({{1}, {0, 2}}) ==
        "corpus in memory: token 2 at position 1 of song 1 is outside the vocabulary of 2");
}

TEST_CASE("A file that is not a whole and sound corpus is refused with its byte", "[corpus][file]") {
  const std::string foreign =
      "x.gruve, byte 0: not a gruve corpus: it does not begin with the 40 bytes of GRUVECRP, version, "
      "sizes and checksum";
  CHECK(error_of(bytes_of("")) == foreign);
  CHECK(error_of(bytes_of("GRUVECRP")) == foreign);
  CHECK(error_of(0, 'X') == foreign);
  CHECK(error_of(8, 1) == "x.gruve, byte 8: corpus of version 1, expected 2");
  Bytes cut = by_hand();
  cut.pop_back();
  const std::string sizes = "x.gruve, byte 12: 3 tokens, 2 songs and " + std::to_string(kJson.size()) +
                            " bytes of JSON don't make a file of ";
  CHECK(error_of(cut) == sizes + std::to_string(cut.size()) + " bytes: it is cut short or damaged");
  CHECK_THAT(error_of(23, 0xFF), ContainsSubstring("18374686479671623683 tokens, 2 songs"));
  CHECK_THAT(error_of(31, 0x80), ContainsSubstring("3 tokens, 9223372036854775810 songs"));
  CHECK(error_of(48, 0) == "x.gruve, byte 48: song 0 has 0 tokens, expected 1 to the 3 that are left");
  CHECK(error_of(80, 2) == "x.gruve, byte 80: song 1 has 2 tokens, expected 1 to the 1 that are left");
  CHECK(error_of(87, 0xFF) ==
        "x.gruve, byte 80: song 1 has 18374686479671623681 tokens, expected 1 to the 1 that are left");
  CHECK(error_of(48, 1) == "x.gruve, byte 16: 1 of 3 tokens belong to no song");
  CHECK(error_of(104, 3) == "x.gruve, byte 104: song 1 is of split 3, expected 0 to 2");
  CHECK(error_of(44, 3) == "x.gruve, byte 44: token 3 is outside the vocabulary of 3");
  CHECK(error_of(112, '[').starts_with(
      "x.gruve, byte 112: the text of encoder and report is not JSON at line 1"));
  CHECK(error_of(by_hand("{}")) == "x.gruve, byte 112: no JSON object with an encoder");
  CHECK(error_of(by_hand(R"({"encoder":{"type":"char"}})")) ==
        "x.gruve: the encoder's vocabulary is not a list of 1 to 256 characters");
  CHECK(
      error_of(by_hand(
          R"({"encoder":{"type":"timestep","steps_per_quarter":4,"repeat_held":true},"tempo_bpm":"fast"})")) ==
      "x.gruve, byte 112: tempo_bpm is not a number from 4 to 60000000");
  CHECK(error_of(by_hand(
            R"({"encoder":{"type":"timestep","steps_per_quarter":4,"repeat_held":true},"tempo_bpm":90,)"
            R"("time_signature":[4,3]})")) ==
        "x.gruve, byte 112: time_signature is not [1 to 255, a power of two up to 256]");
  const std::string music =
      R"({"encoder":{"type":"timestep","steps_per_quarter":4,"repeat_held":true},"tempo_bpm":90,"time_signature":[4,4],)";
  CHECK(error_of(by_hand(music + R"("tempos":[90,0]})")) ==
        "x.gruve, byte 112: tempos is not a list of up to 64 numbers from 4 to 60000000");
  CHECK(error_of(by_hand(music + R"("metres":[[4,4],[4,3]]})")) ==
        "x.gruve, byte 112: metres is not a list of up to 64 pairs [1 to 255, a power of two up to 256]");
  CHECK(Corpus::from_bytes(by_hand(music + R"("tempos":[60,90.5],"metres":[[4,4],[3,8]]})")).info().music ==
        MusicInfo{90, {0, 4, 4}, {60, 90.5}, 0, {{0, 4, 4}, {0, 3, 8}}});
  CHECK(Corpus::from_bytes(by_hand(music + R"("tempo_change":1})")).info().music->tempo_change == 1);
  CHECK(error_of(by_hand(music + R"("tempo_change":0.5})")) ==
        "x.gruve, byte 112: tempo_change is not a number from 1 to 1000");
}

TEST_CASE("Whatever a value of a corpus's JSON is, it is refused in a sentence or sound",
          "[corpus][file][damage]") {
  const AnyEncoder encoder =
      GENERATE(AnyEncoder(EventEncoder({.velocities = true, .form = true, .pedal = true})),
               AnyEncoder(TimestepEncoder()), AnyEncoder(IdEncoder(7)));
  const nlohmann::json whole = {{"encoder", to_json(encoder)}, {"tempo_bpm", 93.5},
                                {"time_signature", {6, 8}},    {"tempos", {90, 93.5}},
                                {"tempo_change", 1.5},         {"metres", {{6, 8}, {4, 4}}},
                                {"report", {{"a", 1}}},        {"measures", {{"b", {1, 2}}}}};
  REQUIRE(Corpus::from_bytes(by_hand(whole.dump())).encoder() == encoder);
  std::size_t refused = 0;
  tests::for_each_damage(whole, [&](const nlohmann::json& changed) {
    INFO(changed.dump());
    const std::string error = error_of(by_hand(changed.dump()));
    refused += error == "no error" ? 0 : 1;
    REQUIRE((error == "no error" || error.starts_with("x.gruve")));
    REQUIRE(error.size() < 1000);
  });
  CHECK(refused > 50);
}

TEST_CASE("Songs that break the encoder's grammar are refused with their place", "[corpus]") {
  const TimestepEncoder encoder({.steps_per_quarter = 4});
  const std::vector<std::vector<Token>> songs = {{5, 88}, {5, 80, 88}};  // keys stand highest first
  std::string refused = "no error";
  try {
    Corpus::from_songs({.encoder = encoder}, songs);
  } catch (const Error& error) {
    refused = error.what();
  }
  CHECK(refused ==
        "corpus in memory: token 80 at position 1 of song 1 is not allowed there by the encoder's grammar");
}

TEST_CASE("Tokens that break the encoder's grammar are refused where a song is read", "[corpus][file]") {
  Bytes bytes =
      by_hand(R"({"encoder":{"type":"timestep","steps_per_quarter":4,"repeat_held":true},"tempo_bpm":90,)"
              R"("time_signature":[4,4]})");
  CHECK(error_of(bytes) == "no error");
  std::swap(bytes[40], bytes[42]);  // keys 0, 1, which stand highest first
  put_hash(bytes, 64, hash_of(bytes, 40, 44));
  seal(bytes);
  CHECK(error_of(bytes) == "x.gruve, byte 40: the tokens of song 0 break the encoder's grammar");
}

TEST_CASE("Every changed bit of a corpus is noticed", "[corpus][file]") {
  const Bytes whole = by_hand();
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      if (at == 46 || at == 47) continue;  // zeros behind the tokens, which nobody reads
      Bytes changed = whole;
      changed[at] ^= static_cast<std::byte>(1 << bit);
      CHECK(error_of(changed) != "no error");
    }
  Bytes changed = whole;
  changed[40] ^= std::byte{3};  // token 1 becomes 2
  CHECK(error_of(changed) ==
        "x.gruve, byte 40: the tokens of song 0 don't have its checksum: they are damaged");
  changed = whole;
  changed[120] ^= std::byte{1};
  CHECK(error_of(changed) == "x.gruve, byte 32: the checksum is not that of the file: it is damaged");
}

TEST_CASE("A missing corpus and a folder are refused by name", "[corpus][file]") {
  const auto error_of_path = [](const char* path) -> std::string {
    try {
      Corpus{std::filesystem::path(path)};
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK(error_of_path("/nowhere/x.gruve") == "/nowhere/x.gruve: cannot open: No such file or directory");
  CHECK(error_of_path("/") == "/: is a folder, expected a file");
}

TEST_CASE("A corpus with any byte changed or cut off is refused or harmless", "[corpus][file]") {
  const Bytes sound = by_hand();
  for (std::size_t i = 0; i < sound.size(); ++i) {
    error_of(Bytes(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(i)));
    for (const int value : {0x00, 0x01, 0x7F, 0x80, 0xFF, int{'9'}, int{'"'}, int{'{'}}) error_of(i, value);
  }
  Rng rng(5);
  for (int round = 0; round < 5000; ++round) {
    Bytes bytes = sound;
    for (int change = 0; change < 3; ++change)
      bytes[rng.below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<std::byte>(rng.below(256));
    error_of(std::move(bytes));
  }
  SUCCEED();
}

TEST_CASE("Eight of ten hashes train, one is for validation, one for the test", "[corpus][split]") {
  // The upper half of the hash times ten: 0.8 of 2^32 is 3435973836.8, 0.9 is 3865470566.4.
  const auto at = [](std::uint64_t upper) { return upper << 32; };
  CHECK(splits_of_hashes({0, at(3435973836), at(3435973837), at(3865470566), at(3865470567),
                          ~std::uint64_t{0}}) == "trtrvavatete");
}

TEST_CASE("A song falls on the same side whatever else is in the corpus", "[corpus][split]") {
  Rng rng(7);
  std::vector<std::uint64_t> hashes(1000);
  for (std::uint64_t& hash : hashes) hash = (std::uint64_t{rng.next()} << 32) | rng.next();
  const std::vector<CorpusSong> all = songs_of_hashes(hashes);
  std::array<int, 3> count{};
  for (const CorpusSong& song : all) ++count[static_cast<std::size_t>(song.split)];
  // Binomial: 800 and twice 100, with standard deviations of 12.6 and 9.5; five of them either way.
  CHECK(std::abs(count[0] - 800) < 63);
  CHECK(std::abs(count[1] - 100) < 48);
  CHECK(std::abs(count[2] - 100) < 48);
  const std::vector<CorpusSong> half = songs_of_hashes({hashes.begin(), hashes.begin() + 500});
  for (std::size_t i = 0; i < half.size(); ++i) CHECK(half[i].split == all[i].split);
}

TEST_CASE("Two different songs make a train and a valid, and duplicates stay together", "[corpus][split]") {
  const std::uint64_t train = 1, more_train = 2;
  const std::uint64_t valid = std::uint64_t{0xE0000000} << 32, more_valid = valid + 1;
  const std::uint64_t test = std::uint64_t{0xF0000000} << 32, more_test = test + 1;
  CHECK(splits_of_hashes({}).empty());
  CHECK(splits_of_hashes({train}) == "tr");
  CHECK(splits_of_hashes({valid}) == "tr");
  CHECK(splits_of_hashes({test, test}) == "trtr");
  CHECK(splits_of_hashes({more_train, train}) == "trva");
  CHECK(splits_of_hashes({valid, more_valid}) == "trva");
  CHECK(splits_of_hashes({more_test, test}) == "vatr");
  CHECK(splits_of_hashes({train, test}) == "trva");
  CHECK(splits_of_hashes({valid, test}) == "vatr");
  CHECK(splits_of_hashes({train, more_train, train, more_train}) == "vatrvatr");
  CHECK(splits_of_hashes({more_test, test, test, train}) == "tevavatr");
}

TEST_CASE("Splits are known by their names", "[corpus][split]") {
  for (const Split split : {Split::train, Split::valid, Split::test})
    CHECK(split_from_name(split_name(split)) == split);
  CHECK_FALSE(split_from_name("validation"));
}
