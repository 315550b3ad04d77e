#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "gruve/core/error.hpp"

namespace gruve::inline v0_1 {

namespace internal {

/// The file that is written if path is: links are followed, also to a file that does not exist yet.
inline std::filesystem::path followed(std::filesystem::path path) {
  std::error_code error;
  for (int links = 0; links < 40 && std::filesystem::is_symlink(path, error); ++links) {
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = path.parent_path() / target;  // of an absolute target, the target
  }
  return path;
}

#if defined(__unix__) || defined(__APPLE__)
/// Calls a system call again as long as a signal interrupts it.
template <class Call>
auto retried(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Creates a file and locks it (flock). A file of that name that nobody has locked is what a killed process
/// left: it is removed. Returns the descriptor, or −1 with errno: EWOULDBLOCK if another process, or another
/// object of this one, holds the file. The lock ends with the descriptor. On a file system without locks,
/// every file that exists is held by another.
inline int create_locked(const std::filesystem::path& path) {
  for (int tries = 0; tries < 100; ++tries) {
    int file = retried(
        [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666); });
    const bool created = file >= 0;
    if (!created) {
      if (errno != EEXIST) return -1;
      file = retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); });
      if (file < 0 && errno == ENOENT) continue;
      if (file < 0) return -1;
    }
    const bool locked = retried([&] { return ::flock(file, LOCK_EX | LOCK_NB); }) == 0;
    if (!locked && (errno == EWOULDBLOCK || !created)) {
      ::close(file);
      errno = EWOULDBLOCK;
      return -1;
    }
    // Between the two calls another process may have renamed or removed the file.
    struct stat opened {
    }, named{};
    const bool is_there = ::fstat(file, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
                          opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
    if (created && is_there) return file;
    const int failed = is_there ? ::unlink(path.c_str()) : 0;
    const int reason = errno;
    ::close(file);
    errno = reason;
    if (failed != 0) return -1;
  }
  errno = EWOULDBLOCK;
  return -1;
}
#endif

}  // namespace internal

/// Writes a file that is either complete or absent: the bytes go to `<path>.partial` in the same folder,
/// which commit() syncs and renames to path. Without commit() an earlier file at path stays as it was, and
/// the partial file is removed. If several write one path at the same time, each file is complete, and the
/// last one counts: on POSIX systems the partial file is locked, and the others take `<path>.partial2` and so
/// on. What a killed process left is removed by the next.
///
///   AtomicFile file("piece.mid");
///   file.write(bytes);
///   file.commit();
///
/// A link is followed: the file that it leads to is replaced. On POSIX systems the permissions of an earlier
/// file and, where that is allowed, its owner are kept. If path is not a regular file (a pipe, /dev/stdout),
/// the bytes are written to it directly. Every failure (missing folder, no permission, full disk) throws an
/// Error that names path.
class AtomicFile {
 public:
  /// Opens the partial file. Throws Error if path is a folder or cannot be written.
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)), target_(path_) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path_, ignored);
    if (std::filesystem::is_directory(status))
      internal::raise(Error(path_.string(), "is a folder, expected a file to write"));
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      file_ = std::fopen(path_.string().c_str(), "wb");
      if (file_ == nullptr) fail(errno);
      return;
    }
    target_ = internal::followed(path_);
    if (std::filesystem::is_symlink(target_, ignored)) fail(ELOOP);
    open_partial();
  }

  ~AtomicFile() {
    remove_partial();
    if (file_ != nullptr) std::fclose(file_);
  }

  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends bytes.
  void write(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail(errno);
  }

  /// Appends the bytes of a text.
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

  /// Replaces the bytes at offset, which must have been written before. Further writes append at the end.
  void overwrite(long offset, std::span<const std::byte> bytes) {
    if (std::fseek(file_, offset, SEEK_SET) != 0) fail(errno);
    write(bytes);
    if (std::fseek(file_, 0, SEEK_END) != 0) fail(errno);
  }

  /// Syncs the file and renames it to path, both durable when it returns. To be called once, last.
  void commit() {
    if (std::fflush(file_) != 0) fail(errno);
#if defined(__unix__) || defined(__APPLE__)
    if (!partial_.empty()) {
      if (internal::retried([&] { return ::fsync(::fileno(file_)); }) != 0) fail(errno);
      rename_partial();  // while the lock holds
      sync_folder();
    }
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail(errno);
#else
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail(errno);
    if (!partial_.empty()) rename_partial();
#endif
  }

 private:
  [[noreturn]] void fail(int reason) const {
    internal::raise(Error(path_.string(), std::string("cannot write: ") + std::strerror(reason)));
  }

  void rename_partial() {
    std::error_code error;
    std::filesystem::rename(partial_, target_, error);
    if (error) internal::raise(Error(path_.string(), "cannot write: " + error.message()));
    partial_.clear();
  }

  void remove_partial() noexcept {
    std::error_code ignored;
    if (!partial_.empty()) std::filesystem::remove(partial_, ignored);
  }

#if defined(__unix__) || defined(__APPLE__)
  void open_partial() {
    struct stat earlier {};
    const bool replaces = ::stat(target_.c_str(), &earlier) == 0;
    // A file that is protected from being written is not replaced either.
    if (replaces && ::access(target_.c_str(), W_OK) != 0) fail(errno);
    constexpr int kMostWriters = 100;
    int file = -1;
    for (int i = 1; file < 0 && i <= kMostWriters; ++i) {
      std::filesystem::path partial = target_;
      partial += i == 1 ? ".partial" : ".partial" + std::to_string(i);
      file = internal::create_locked(partial);
      if (file < 0 && errno != EWOULDBLOCK) fail(errno);
      if (file >= 0) partial_ = std::move(partial);
    }
    if (file < 0) internal::raise(Error(path_.string(), "cannot write: too many others write it"));
    if (replaces) {
      if (::fchown(file, earlier.st_uid, earlier.st_gid) != 0 &&
          ::fchown(file, static_cast<uid_t>(-1), earlier.st_gid) != 0) {
        // Only a privileged process may give a file away: then it is the writer's.
      }
      ::fchmod(file, earlier.st_mode & 07777);
    }
    file_ = ::fdopen(file, "wb");
    if (file_ != nullptr) return;
    const int reason = errno;
    remove_partial();
    ::close(file);
    fail(reason);
  }

  // The rename is durable only once the folder is synced. A folder that may not be read can't be synced, and
  // some file systems sync no folders.
  void sync_folder() const {
    const auto folder = target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
    const int descriptor = internal::retried([&] { return ::open(folder.c_str(), O_RDONLY | O_CLOEXEC); });
    if (descriptor < 0) return;
    const bool failed = internal::retried([&] { return ::fsync(descriptor); }) != 0;
    const int reason = errno;
    ::close(descriptor);
    if (failed && reason != EINVAL && reason != ENOTSUP) fail(reason);
  }
#else
  void open_partial() {
    partial_ = target_;
    partial_ += ".partial";
    file_ = std::fopen(partial_.string().c_str(), "wb");
    if (file_ != nullptr) return;
    const int reason = errno;
    partial_.clear();
    fail(reason);
  }
#endif

  std::filesystem::path path_;          // as given
  std::filesystem::path target_;        // with links followed
  std::filesystem::path partial_ = {};  // what is written; empty if that is path_, or when it was renamed
  std::FILE* file_ = nullptr;
};

/// Writes a file from bytes, complete or not at all. Throws Error as AtomicFile does.
inline void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

/// Writes a file from a text, complete or not at all. Throws Error as AtomicFile does.
inline void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace gruve::inline v0_1
