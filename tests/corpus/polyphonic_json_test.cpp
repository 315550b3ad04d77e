#include "gruve/corpus/polyphonic_json.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "gruve/core/atomic_file.hpp"

#include "catch.hpp"
#include "error_of.hpp"

using namespace gruve;

namespace fs = std::filesystem;

namespace {

const fs::path kJsonPath = fs::temp_directory_path() / "gruve_polyphonic_test.json";

Corpus json_corpus(const std::string& text) {
  write_file(kJsonPath, text);
  Corpus corpus = read_polyphonic_json(kJsonPath, 2);
  fs::remove(kJsonPath);
  return corpus;
}

std::string json_refusal(const std::string& text) {
  std::string reason = "no error";
  try {
    json_corpus(text);
  } catch (const Error& error) {
    reason = error.reason();
    CHECK(std::string(error.what()).find(kJsonPath.string()) == 0);
  }
  fs::remove(kJsonPath);
  return reason;
}

}  // namespace

TEST_CASE("A polyphonic data set becomes a corpus with the splits of its file", "[corpus][json]") {
  const Corpus corpus = json_corpus(R"({"name": "x", "train": [[[60, 64], [], [21]], [[108]]],
                                 "valid": [[[60, 60]]], "test": [[[61], [61]]]})");
  REQUIRE(corpus.num_songs() == 4);
  const auto tokens = [&](std::size_t song) {
    return std::vector<Token>(corpus.song(song).tokens.begin(), corpus.song(song).tokens.end());
  };
  CHECK(tokens(0) == std::vector<Token>{43, 39, 88, 88, 0, 88});
  CHECK(tokens(1) == std::vector<Token>{87, 88});
  CHECK(tokens(2) == std::vector<Token>{39, 88});
  CHECK(corpus.songs(Split::train) == std::vector<std::size_t>{0, 1});
  CHECK(corpus.songs(Split::valid) == std::vector<std::size_t>{2});
  CHECK(corpus.songs(Split::test) == std::vector<std::size_t>{3});
  CHECK(corpus.encoder() == AnyEncoder(TimestepEncoder({.steps_per_quarter = 2})));
  CHECK(corpus.file() == kJsonPath.string());
}

TEST_CASE("What is no polyphonic data set is refused by its sequence", "[corpus][json]") {
  const std::string rest = R"(, "valid": [], "test": []})";
  CHECK(json_refusal("[1, 2") == "is not a JSON object with the splits train, valid and test");
  CHECK(json_refusal(R"({"train": []})") == "has no list of sequences \"valid\"");
  CHECK(json_refusal(R"({"train": [[[60]], []])" + rest) == "sequence 1 of train is not a list of timesteps");
  CHECK(json_refusal(R"({"train": [[60]])" + rest) ==
        "sequence 0 of train has a timestep that is not a list of keys");
  for (const char* key : {"20", "109", "60.5", "\"C\"", "18446744073709551615"})
    CHECK(json_refusal(std::string(R"({"train": [[[)") + key + "]]]" + rest) ==
          "sequence 0 of train has a key that is not an integer from 21 to 108");
  for (const char* key : {"-60", "null", "true", "[60]", "{}", "[]"})
    CHECK(json_refusal(std::string(R"({"train": [[[)") + key + "]]]" + rest) ==
          "sequence 0 of train has a key that is not an integer from 21 to 108");
  for (const char* text : {"1", "\"x\"", "null", "[]", "[{}]", "", "{", R"({"train": [[[60]]})", "{} {}"})
    CHECK(json_refusal(text) == "is not a JSON object with the splits train, valid and test");
  CHECK(json_refusal("{}") == "has no list of sequences \"train\"");
  CHECK(json_refusal(R"({"train": {"a": [[60]]})" + rest) == "has no list of sequences \"train\"");
  CHECK(json_refusal(R"({"train": [{}])" + rest) == "sequence 0 of train is not a list of timesteps");
  CHECK(json_refusal(R"({"train": [[{}]])" + rest) ==
        "sequence 0 of train has a timestep that is not a list of keys");
  CHECK(json_refusal(R"({"train": [], "train": [])" + rest) == "has the key \"train\" twice");
  CHECK(json_refusal("\xEF\xBB\xBF{}") == "begins with a byte-order mark");
  CHECK(json_refusal(std::string("{\0}", 3)) == "holds a NUL byte");
  for (const char open : {'[', '{'}) {
    std::string deep = "{\"name\": ";
    for (int i = 0; i < 100'000; ++i) deep += open == '[' ? "[" : "{\"a\":";
    CHECK(json_refusal(deep) == "is nested deeper than 64 levels");
  }
}

TEST_CASE("What else a data set holds is skipped, and its splits may come in any order", "[corpus][json]") {
  const Corpus corpus = json_corpus(R"({"test": [], "a": {"train": [1, {"valid": [[1]]}]}, "valid": [[[60]]],
                                        "b": [[[500]]], "train": [[[61]]], "c": null, "d": -1.5e3})");
  REQUIRE(corpus.num_songs() == 2);
  CHECK(corpus.song(0).tokens[0] == 40);
  CHECK(corpus.songs(Split::train) == std::vector<std::size_t>{0});
  CHECK(corpus.songs(Split::valid) == std::vector<std::size_t>{1});
  // Lists in the object, which is a level itself.
  const auto nested = [](std::size_t levels) {
    return R"({"a": )" + std::string(levels, '[') + std::string(levels, ']') +
           R"(, "train": [], "valid": [], "test": [[[60]]]})";
  };
  CHECK(json_corpus(nested(63)).num_songs() == 1);
  CHECK(json_refusal(nested(64)) == "is nested deeper than 64 levels");
}

TEST_CASE("The chorales have the published numbers of sequences and timesteps", "[corpus][json][data]") {
  const fs::path path = fs::path(GRUVE_SHARED_DATA) / "jsb_chorales_quarter.json";
  if (!fs::exists(path)) {
    WARN("skipped: there is no " << path);
    return;
  }
  const Corpus corpus = read_polyphonic_json(path, 1);
  const auto steps = [&](Split split) {
    std::size_t count = 0;
    for (const std::size_t song : corpus.songs(split))
      count +=
          static_cast<std::size_t>(std::ranges::count(corpus.song(song).tokens, TimestepEncoder::kEndOfStep));
    return count;
  };
  CHECK(corpus.songs(Split::train).size() == 229);
  CHECK(corpus.songs(Split::valid).size() == 76);
  CHECK(corpus.songs(Split::test).size() == 77);
  CHECK(steps(Split::train) == 13'807);
  CHECK(steps(Split::test) == 4'725);
}

TEST_CASE("What is no JSON is refused with its byte, and a path that is no file is none of a data set",
          "[corpus][json]") {
  const fs::path file = fs::temp_directory_path() / "gruve_polyphonic_byte.json";
  write_file(file, std::string(R"({"train": [[[60}]], "valid": [], "test": []})"));
  CHECK(gruve::tests::error_of([&] { read_polyphonic_json(file); }) ==
        file.string() + ", byte 15: is not a JSON object with the splits train, valid and test");
  fs::remove(file);
  fs::create_symlink(file.filename(), file);  // to itself
  CHECK_FALSE(is_polyphonic_json(file));
  fs::remove(file);
  CHECK_FALSE(is_polyphonic_json(std::string(300, 'a') + ".json"));
}
