#include "outputs.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "sources.hpp"

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

#include "gruve/core/error.hpp"
#include "gruve/corpus/corpus.hpp"

namespace {

// Two of a command's outputs that are one file would replace each other.
void require_different(const std::vector<std::string>& paths) {
  std::error_code ignored;
  std::vector<std::filesystem::path> targets;
  for (const std::string& path : paths) {
    if (path.empty() || path == "-") continue;
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) continue;  // /dev/null
    const std::filesystem::path target = std::filesystem::weakly_canonical(
        std::filesystem::absolute(gruve::internal::followed(path), ignored), ignored);
    if (target.empty()) continue;  // then it can't be written, which its lock says
    if (std::find(targets.begin(), targets.end(), target) != targets.end())
      throw gruve::Error(path, "is named for two outputs of the command");
    targets.push_back(target);
  }
}

FileKind kind_of(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return FileKind::other;
  if (gruve::is_corpus(path)) return FileKind::corpus;
  // A MIDI file begins with "MThd", a model with the size of a header in JSON.
  std::array<char, 9> first{};
  std::ifstream(path, std::ios::binary).read(first.data(), first.size());
  if (std::string_view(first.data(), 4) == "MThd") return FileKind::midi;
  std::uint64_t size = 0;
  for (std::size_t i = 8; i-- > 0;) size = size << 8 | static_cast<unsigned char>(first[i]);
  const bool is_model = first[8] == '{' && size > 0 && size < std::filesystem::file_size(path, ignored);
  return is_model ? FileKind::model : FileKind::other;
}

// A name that was given by mistake costs no training and no song.
void require_same_kind(const Output& output) {
  constexpr std::array kNames{"a file", "a MIDI file", "a corpus", "a model"};
  const FileKind there = kind_of(output.path);
  if (there == FileKind::other || there == output.kind) return;
  throw gruve::Error(output.path, std::string("is ") + kNames[static_cast<std::size_t>(there)] +
                                      ", which something else would replace: remove it first, or choose "
                                      "another name");
}

// A handler may not allocate: what it removes is prepared.
std::array<std::filesystem::path, 16> removed_at_end;
volatile std::sig_atomic_t num_removed_at_end = 0;

void end_by_signal(int signal) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(num_removed_at_end); ++i) {
#if defined(_WIN32)
    ::_wunlink(removed_at_end[i].c_str());
#else
    ::unlink(removed_at_end[i].c_str());
#endif
  }
#if defined(_WIN32)
  std::_Exit(128 + signal);  // where raise() would end the program with 3
#else
  std::signal(signal, SIG_DFL);
  std::raise(signal);
#endif
}

#if defined(_WIN32)
constexpr std::array kEndingSignals{SIGINT, SIGTERM, SIGBREAK};
#else
constexpr std::array kEndingSignals{SIGINT, SIGTERM, SIGHUP};
#endif

}  // namespace

Outputs::Outputs(std::initializer_list<Output> outputs, const std::vector<std::string>& inputs,
                 const std::string& temporary) {
  std::vector<std::string> paths;
  for (const Output& output : outputs) paths.push_back(output.path);
  require_not_read(paths, inputs);
  require_different(paths);
  if (!temporary.empty()) {
    removed_at_end[0] = temporary;
    removed_at_end[1] = temporary + ".partial";
    num_removed_at_end = 2;
  }
  for (const Output& output : outputs) {
    const std::string& path = output.path;
    if (path.empty() || path == "-") continue;
    locks_.emplace_back(path);
    require_same_kind(output);
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    const bool is_in_place = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
    const std::filesystem::path target = gruve::internal::followed(path);
    const auto at = static_cast<std::size_t>(num_removed_at_end);
    if (is_in_place || at + 2 > removed_at_end.size()) continue;
    removed_at_end[at] = removed_at_end[at + 1] = target;
    removed_at_end[at] += ".gruve-lock";
    removed_at_end[at + 1] += ".partial";
    num_removed_at_end = num_removed_at_end + 2;
  }
  // A hang-up that nohup ignores stays ignored.
  for (const int signal : kEndingSignals)
    if (std::signal(signal, end_by_signal) == SIG_IGN) std::signal(signal, SIG_IGN);
}

Outputs::~Outputs() {
  for (const int signal : kEndingSignals)
    if (std::signal(signal, SIG_DFL) == SIG_IGN) std::signal(signal, SIG_IGN);
  num_removed_at_end = 0;
}
