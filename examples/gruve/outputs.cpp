#include "outputs.hpp"

#include <array>
#include <csignal>
#include <cstddef>
#include <filesystem>

#include "sources.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>

namespace {

// A handler may not allocate: what it removes is prepared.
std::array<std::string, 16> removed_at_end;
volatile std::sig_atomic_t num_removed_at_end = 0;

void end_by_signal(int signal) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(num_removed_at_end); ++i)
    ::unlink(removed_at_end[i].c_str());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

constexpr std::array kEndingSignals{SIGINT, SIGTERM, SIGHUP};

}  // namespace

Outputs::Outputs(std::initializer_list<std::string> paths, const std::vector<std::string>& inputs,
                 const std::string& temporary) {
  require_not_read(paths, inputs);
  if (!temporary.empty()) {
    removed_at_end[0] = temporary;
    removed_at_end[1] = temporary + ".partial";
    num_removed_at_end = 2;
  }
  for (const std::string& path : paths) {
    if (path.empty() || path == "-") continue;
    locks_.emplace_back(path);
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    const bool is_in_place = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
    const std::string target = gruve::internal::followed(path).string();
    const auto at = static_cast<std::size_t>(num_removed_at_end);
    if (is_in_place || at + 2 > removed_at_end.size()) continue;
    removed_at_end[at] = target + ".gruve-lock";
    removed_at_end[at + 1] = target + ".partial";
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
#else
Outputs::Outputs(std::initializer_list<std::string> paths, const std::vector<std::string>& inputs,
                 const std::string&) {
  require_not_read(paths, inputs);
  for (const std::string& path : paths)
    if (!path.empty() && path != "-") locks_.emplace_back(path);
}

Outputs::~Outputs() = default;
#endif
