// Corpora of plain numbers.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "../error_of.hpp"
#include "catch.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/corpus/encoded_source.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

namespace fs = std::filesystem;

struct IdFolder {
  fs::path path = fs::temp_directory_path() / "gruve_ids_test";
  IdFolder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~IdFolder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
  }
};

const BuildOptions kIds{.encoder = EncoderKind::ids};

}  // namespace

TEST_CASE("A folder of ids is a corpus, a sequence a line", "[corpus][ids]") {
  const IdFolder folder;
  folder.write("a.ids", "1 2 3\n\n4,5\n");
  folder.write("b.IDS", "65534 7");
  folder.write("c.txt", "no ids");
  BuildReport report;
  const Corpus corpus = build_corpus(folder.path, kIds, {}, &report);
  CHECK(corpus.encoder() == AnyEncoder(IdEncoder(65'535)));
  REQUIRE(corpus.num_songs() == 3);
  CHECK(report.num_files() == 2);
  CHECK(report.songs == 3);
  CHECK(std::vector<Token>(corpus.song(1).tokens.begin(), corpus.song(1).tokens.end()) ==
        std::vector<Token>{4, 5});
  CHECK_FALSE(corpus.info().music);
  CHECK(build_corpus(folder.path / "a.ids", {.encoder = EncoderKind::ids, .vocab_size = 300}).vocab_size() ==
        300);
  CHECK(build_corpus(folder.path / "c.txt", {.encoder = EncoderKind::text}).vocab_size() == 6);
}

TEST_CASE("A file that has no ids is refused with its byte, and the others are used", "[corpus][ids]") {
  const IdFolder folder;
  folder.write("a.ids", "1 2\n3 x\n");
  folder.write("b.ids", "5 6\n");
  BuildReport report;
  const Corpus corpus = build_corpus(folder.path, kIds, {}, &report);
  CHECK(corpus.num_songs() == 1);
  REQUIRE(report.refused.size() == 1);
  CHECK(report.refused[0].byte == 6);
  const std::string a = (folder.path / "a.ids").string(), b = (folder.path / "b.ids").string();
  CHECK(error_of([&] { build_corpus(a, kIds); }) ==
        a + ", byte 6: not a number: ids are decimal numbers, a sequence a line");
  CHECK(error_of([&] { build_corpus(b, {.encoder = EncoderKind::ids, .vocab_size = 6}); }) ==
        b + ": has the id 6, which is outside the vocabulary of 6");
  folder.write("empty.ids", "\n");
  CHECK(error_of([&] { build_corpus(folder.path / "empty.ids", kIds); }).find("the file has no number") !=
        std::string::npos);
}

TEST_CASE("Ids are added to a corpus whose vocabulary has them", "[corpus][ids]") {
  const IdFolder folder;
  folder.write("a.ids", "1 2 9\n");
  folder.write("b.ids", "5 6\n");
  folder.write("c.ids", "10\n");
  const fs::path file = folder.path / "corpus.gruve";
  const std::vector<fs::path> first = {folder.path / "a.ids"}, more = {file, folder.path / "b.ids"},
                              larger = {file, folder.path / "c.ids"};
  build_corpus(first, file, kIds);
  const auto [merged, report] = build_corpus_in_memory(more);
  CHECK(merged.num_songs() == 2);
  CHECK(merged.vocab_size() == 10);
  CHECK(error_of([&] { build_corpus_in_memory(larger); }) ==
        file.string() + ": has no token for the id 10, which is in the files to be added");
}

TEST_CASE("A file of very many lines is opened once", "[corpus][ids]") {
  const IdFolder folder;
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += "1\n";  // opened for each line, it took long
  folder.write("many.ids", text);
  const Corpus corpus = build_corpus(folder.path, kIds);
  CHECK(corpus.num_songs() == 30'000);
  CHECK(corpus.song(29'999).tokens.size() == 1);
}

TEST_CASE("A file that changes while it is read is refused by name", "[corpus][ids]") {
  const IdFolder folder;
  folder.write("a.ids", "1 2\n3 4\n");
  const fs::path file = folder.path / "a.ids";
  const internal::Source second{.file = 0, .begin = 4, .end = 8};
  const auto encode = [&](const AnyEncoder& encoder) {
    internal::SourceFile files;
    return error_of([&] { internal::encode_text(files, file, second, encoder); });
  };
  const std::string changed = file.string() + ", byte 4: the file was changed while it was being read: ";
  folder.write("a.ids", "1 2\n3\n");
  CHECK(encode(IdEncoder(5)) == changed + "it is shorter");
  folder.write("a.ids", "1 2\n   \n");
  CHECK(encode(IdEncoder(5)) == changed + "a line has become 0");
  folder.write("a.ids", "1 2\n1\n2\n");
  CHECK(encode(IdEncoder(5)) == changed + "a line has become 2");
  folder.write("a.ids", "1 2\n9 9\n");
  CHECK(encode(IdEncoder(5)).find(file.string()) == 0);
  CHECK(encode(CharEncoder::from_text("12\n")).find(file.string()) == 0);
}
