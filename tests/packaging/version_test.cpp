// The inline namespace of the version: two versions of gruve in one program, each in a library of its own,
// have no name in common.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <utility>

#include "catch.hpp"
#include "gruve/core/version.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = fs::path(GRUVE_TEST_DATA).parent_path();

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("Every header is in an inline namespace of the project's version", "[packaging]") {
  const std::string project = text_of(kRoot / "CMakeLists.txt");
  std::smatch version;
  REQUIRE(std::regex_search(project, version, std::regex(R"(project\(gruve VERSION (\d+)\.(\d+))")));
  const std::string wanted = "v" + version[1].str() + "_" + version[2].str();

  const std::regex opening(R"(\nnamespace gruve(::inline (\w+))?)");
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "include" / "gruve")) {
    if (!entry.is_regular_file()) continue;
    const std::string text = text_of(entry.path());
    CAPTURE(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), opening), end; match != end; ++match, ++count)
      CHECK((*match)[2].str() == wanted);
  }
  CHECK(count > 100);
}

TEST_CASE("The macros, the constant, the project and the packages have one version", "[packaging]") {
  const std::string text = std::to_string(GRUVE_VERSION_MAJOR) + "." + std::to_string(GRUVE_VERSION_MINOR) +
                           "." + std::to_string(GRUVE_VERSION_PATCH);
  CHECK(gruve::kVersion == text);
  // Each where a package's description has it.
  const std::pair<const char*, std::string> places[] = {
      {"CMakeLists.txt", "project(gruve VERSION " + text + " "},
      {"meson.build", "version: '" + text + "'"},
      {"packaging/vcpkg/gruve/vcpkg.json", "\"version\": \"" + text + "\""},
      {"CITATION.cff", "\nversion: " + text + "\n"},
      {"debian/changelog", "gruve (" + text + "-"}};
  for (const auto& [file, version] : places) {
    CAPTURE(file, version);
    CHECK(text_of(kRoot / file).find(version) != std::string::npos);
  }
}
