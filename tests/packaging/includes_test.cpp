// The rooms of include/gruve/ and which of them each may include: the drawing in docs/design.md, as a test.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "catch.hpp"

namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"core", {}},
    {"midi", {"core"}},
    {"tokens", {"core", "midi"}},
    {"corpus", {"core", "midi", "tokens"}},
    {"render", {"core", "midi"}},
    {"measure", {"core", "midi", "tokens"}},
    {"kernels", {"core"}},
    {"nn", {"core", "kernels"}},
    {"model", {"core", "midi", "tokens", "kernels", "nn"}},
    {"train", {"core", "midi", "tokens", "corpus", "kernels", "nn", "model"}},
    // Not by generate or piece: no piece can be chosen by what judges it.
    {"judge", {"core", "midi", "tokens", "corpus", "measure", "kernels", "nn", "model", "train"}},
    {"generate", {"core", "midi", "tokens", "kernels", "nn", "model"}},
    {"piece", {"core", "midi", "tokens", "corpus", "measure", "kernels", "nn", "model", "train", "generate"}},
};

// What the network may know of tokens: numbers, their grammar and features as shapes, and chunks of them.
const std::set<std::string> kTokensOfNetwork = {"gruve/tokens/token_encoder.hpp", "gruve/tokens/features.hpp",
                                                "gruve/tokens/chunk.hpp"};
// The files of `model` that join a vocabulary to a network.
const std::set<std::string> kJoins = {"trained_model.hpp", "model_json.hpp",   "model_file.hpp",
                                      "model_file.inc",    "import_model.hpp", "import_model.inc"};

const fs::path kInclude = fs::path(GRUVE_TEST_DATA).parent_path() / "include";

// Calls visit(file, room, included path) for each #include "gruve/…" of the library.
template <class Visit>
void for_each_include(Visit&& visit) {
  for (const auto& entry : fs::recursive_directory_iterator(kInclude / "gruve")) {
    if (!entry.is_regular_file() || entry.path().filename() == "gruve.hpp") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const std::string begin = "#include \"gruve/";
      if (!line.starts_with(begin)) continue;
      const std::string path = line.substr(10, line.find('"', 10) - 10);
      const fs::path inside = fs::relative(entry.path(), kInclude / "gruve");
      visit(entry.path(), inside.begin()->string(), path);
    }
  }
}

}  // namespace

TEST_CASE("Includes point one way: a module includes only the modules below it", "[packaging]") {
  int count = 0;
  for_each_include([&](const fs::path& file, const std::string& room, const std::string& path) {
    const std::string included = path.substr(6, path.find('/', 6) - 6);
    CAPTURE(file, path);
    REQUIRE(kMayInclude.contains(room));
    CHECK((included == room || kMayInclude.at(room).contains(included)));
    CHECK(fs::exists(kInclude / path));
    ++count;
  });
  CHECK(count > 100);
}

TEST_CASE("The network never reaches the piano: its headers include nothing of keys, bars or songs",
          "[packaging]") {
  std::set<std::string> reached, open;
  std::map<std::string, std::set<std::string>> includes;
  for_each_include([&](const fs::path& file, const std::string& room, const std::string& path) {
    const std::string name = fs::relative(file, kInclude).generic_string();
    includes[name].insert(path);
    if (room == "nn" || room == "kernels" || (room == "model" && !kJoins.contains(file.filename().string())))
      open.insert(name);
  });
  REQUIRE(open.size() > 15);
  while (!open.empty()) {
    const std::string name = *open.begin();
    open.erase(open.begin());
    if (!reached.insert(name).second) continue;
    open.insert(includes[name].begin(), includes[name].end());
  }
  for (const std::string& path : reached) {
    CAPTURE(path);
    CHECK_FALSE(path.starts_with("gruve/midi/"));
    CHECK((!path.starts_with("gruve/tokens/") || kTokensOfNetwork.contains(path)));
  }
  // Training goes through a Corpus and a TrainedModel, and names no piano either.
  for_each_include([&](const fs::path& file, const std::string& room, const std::string& path) {
    if (room != "train") return;
    CAPTURE(file, path);
    CHECK_FALSE(path.starts_with("gruve/midi/"));
    CHECK((!path.starts_with("gruve/tokens/") || kTokensOfNetwork.contains(path)));
  });
}

TEST_CASE("The rooms themselves form no circle", "[packaging]") {
  std::set<std::string> placed;
  while (placed.size() < kMayInclude.size()) {
    const std::size_t before = placed.size();
    for (const auto& [room, below] : kMayInclude)
      if (std::includes(placed.begin(), placed.end(), below.begin(), below.end())) placed.insert(room);
    REQUIRE(placed.size() > before);
  }
}

TEST_CASE("gruve.hpp includes every header", "[packaging]") {
  std::ifstream file(kInclude / "gruve" / "gruve.hpp");
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  for (const auto& entry : fs::recursive_directory_iterator(kInclude / "gruve")) {
    if (entry.path().extension() != ".hpp" || entry.path().filename() == "gruve.hpp") continue;
    const std::string path = fs::relative(entry.path(), kInclude).generic_string();
    // The instruction sets and their tables come with dispatch.hpp, precisions.hpp and training.hpp, or from
    // the one source file that compiles the kernels.
    const std::string kernels = "gruve/kernels/";
    if (path.starts_with(kernels + "available") || path.starts_with(kernels + "fused") ||
        path.starts_with(kernels + "isa/") || path == "gruve/train/mpi.hpp")
      continue;  // and mpi.hpp needs MPI
    CAPTURE(path);
    CHECK(all.find("#include \"" + path + "\"") != std::string::npos);
  }
}
