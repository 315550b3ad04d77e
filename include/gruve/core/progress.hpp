#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace gruve {

/// How far a long task is. The library never prints: a program that wants a progress bar draws it from this.
struct Progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0 while unknown
  std::string message;      // what is worth saying beside the bar, such as the loss
};

/// Called from the thread that runs the task, at least once at its end. May be empty.
using ProgressCallback = std::function<void(const Progress&)>;

}  // namespace gruve
