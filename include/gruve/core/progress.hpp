#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace gruve::inline v0_2 {

/// How far a long task has come. The library never prints; a program draws its progress bar from this.
struct Progress {
  std::uint64_t done = 0;   // units of work that are done: files, steps
  std::uint64_t total = 0;  // units of the whole task; 0 while unknown
  std::string message;      // text to show with the bar, such as the loss
};

/// Called by the thread that runs the task, at least once at its end. May be empty.
using ProgressCallback = std::function<void(const Progress&)>;

}  // namespace gruve::inline v0_2
