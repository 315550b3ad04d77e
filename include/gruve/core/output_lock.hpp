#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"

namespace gruve::inline v0_1 {

/// Reserves a file that a long run will write, from before the work to its end: a second run that would write
/// it is refused at once, not when its work is done. While it lives, `<path>.gruve-lock` holds the number of the
/// process; the lock itself ends with the process, however that ends. Only those who take it heed it:
/// AtomicFile doesn't, so the run itself writes as usual.
///
///   const OutputLock lock("model.safetensors");
///   trainer.run();
///   save(trainer.trained_model(), "model.safetensors");
///
/// Links are followed, so two names of one file are one lock. Without effect on systems other than POSIX, and
/// for a path that is not a regular file.
class OutputLock {
 public:
  /// Throws Error if path cannot be written, as far as that can be tested now, or if another OutputLock has
  /// it. Leaves an existing file as it is.
  explicit OutputLock(const std::filesystem::path& path) {
    { const AtomicFile tried(path); }
#if defined(__unix__) || defined(__APPLE__)
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return;
    std::filesystem::path lock = internal::followed(path);
    lock += ".gruve-lock";
    file_ = internal::create_locked(lock);
    if (file_ < 0 && errno != EWOULDBLOCK)
      throw Error(path.string(), std::string("cannot write: ") + std::strerror(errno));
    if (file_ < 0) {
      std::string holder;
      std::getline(std::ifstream(lock), holder);
      throw Error(path.string(), "is being written by another run" +
                                     (is_number(holder) ? " (process " + holder + ")" : std::string()) +
                                     ": " + lock.string() + " is locked");
    }
    lock_ = std::move(lock);
    const std::string number = std::to_string(::getpid()) + "\n";
    if (::write(file_, number.data(), number.size()) < 0) {
      // It is there for messages only.
    }
#endif
  }

  ~OutputLock() {
#if defined(__unix__) || defined(__APPLE__)
    if (file_ < 0) return;
    ::unlink(lock_.c_str());  // while the lock holds
    ::close(file_);
#endif
  }

  OutputLock(OutputLock&& other) noexcept
      : lock_(std::move(other.lock_)), file_(std::exchange(other.file_, -1)) {}
  OutputLock& operator=(OutputLock&&) = delete;

 private:
  static bool is_number(const std::string& text) {
    return !text.empty() && text.size() < 12 && text.find_first_not_of("0123456789") == std::string::npos;
  }

  std::filesystem::path lock_ = {};
  int file_ = -1;
};

}  // namespace gruve::inline v0_1
