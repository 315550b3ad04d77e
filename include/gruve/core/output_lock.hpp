#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/core/system_files.hpp"

namespace gruve::inline v0_2 {

/// Reserves a file that a long run will write, from before the work to its end: a second run that would write
/// it is refused at once, not when its work is done. While it lives, `<path>.gruve-lock` holds the number of
/// the process; the lock itself ends with the process, however that ends. Only those who take it heed it:
/// AtomicFile doesn't, so the run itself writes as usual.
///
///   const OutputLock lock("model.safetensors");
///   trainer.run();
///   save(trainer.trained_model(), "model.safetensors");
///
/// Links are followed, so two names of one file are one lock. Without effect for a path that is not a regular
/// file.
class OutputLock {
 public:
  /// Throws Error if path cannot be written, as far as that can be tested now, or if another OutputLock has
  /// it. Leaves an existing file as it is.
  explicit OutputLock(const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::path lock = internal::system_path(path);
    // A pipe's reader would take the trial's end for the file's.
    if (std::filesystem::is_fifo(std::filesystem::status(lock, ignored))) return;
    { const AtomicFile tried(path); }
    const auto status = std::filesystem::status(lock, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return;
    lock = internal::followed(lock);
    lock += ".gruve-lock";
    file_ = internal::create_locked(lock, true);
    if (file_ < 0 && errno != EWOULDBLOCK)
      throw Error(internal::utf8(path), "cannot write: " + internal::error_text(errno));
    if (file_ < 0)
      throw Error(internal::utf8(path), "is being written by another run" + holder_of(lock) + ": " +
                                            internal::utf8(lock) + " is locked");
    lock_ = std::move(lock);
    // It is there for messages only: no matter if this fails.
    internal::write_text(file_, std::to_string(internal::process_number()) + "\n");
  }

  ~OutputLock() {
    if (file_ < 0) return;
    std::error_code ignored;
    std::filesystem::remove(lock_, ignored);  // while the lock holds
    internal::close_file(file_);
  }

  OutputLock(OutputLock&& other) noexcept
      : lock_(std::move(other.lock_)), file_(std::exchange(other.file_, -1)) {}
  OutputLock& operator=(OutputLock&&) = delete;

 private:
  // " (process N)", where the lock says so.
  static std::string holder_of(const std::filesystem::path& lock) {
    try {
      const MappedFile file(lock);
      const std::string text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
      const std::size_t digits = (std::min)(text.find_first_not_of("0123456789"), text.size());
      if (digits > 0 && digits < 12) return " (process " + text.substr(0, digits) + ")";
    } catch (const Error&) {
      // Another run has just ended, or the system shows nobody the file.
    }
    return {};
  }

  std::filesystem::path lock_ = {};
  int file_ = -1;
};

}  // namespace gruve::inline v0_2
