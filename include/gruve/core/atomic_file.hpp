#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#if !defined(_WIN32)
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "gruve/core/error.hpp"
#include "gruve/core/system_files.hpp"

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

}  // namespace internal

/// Writes a file that is either complete or absent: the bytes go to `<path>.partial` in the same folder,
/// which commit() syncs and renames to path. Without commit() an earlier file at path stays as it was, and
/// the partial file is removed. If several write one path at the same time, each file is complete, and the
/// last one counts: the partial file is locked, and the others take `<path>.partial2` and so on. What a
/// killed process left is removed by the next.
///
///   AtomicFile file("piece.mid");
///   file.write(bytes);
///   file.commit();
///
/// A link is followed: the file that it leads to is replaced. On POSIX systems the permissions of an earlier
/// file and, where that is allowed, its owner are kept; on Windows the new file has those of the folder. If
/// path is not a regular file (a pipe, /dev/stdout), the bytes are written to it directly. Every failure
/// (missing folder, no permission, full disk) throws an Error that names path. Windows replaces no file that
/// is open or mapped somewhere.
class AtomicFile {
 public:
  /// Opens the partial file. Throws Error if path is a folder or cannot be written.
  explicit AtomicFile(const std::filesystem::path& path)
      : path_(internal::utf8(path)), target_(internal::system_path(path)) {
    std::error_code ignored;
    const auto status = std::filesystem::status(target_, ignored);
    if (std::filesystem::is_directory(status))
      internal::raise(Error(path_, "is a folder, expected a file to write"));
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      file_ = internal::open_stream(target_, "wb");
      if (file_ == nullptr) fail(errno);
      return;
    }
    target_ = internal::followed(target_);
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
  void overwrite(std::int64_t offset, std::span<const std::byte> bytes) {
    if (!internal::seek(file_, offset, SEEK_SET)) fail(errno);
    write(bytes);
    if (!internal::seek(file_, 0, SEEK_END)) fail(errno);
  }

  /// Syncs the file and renames it to path, both durable when it returns. To be called once, last.
  void commit() {
    if (std::fflush(file_) != 0) fail(errno);
    if (!partial_.empty()) {
      if (!internal::sync(file_)) fail(errno);
      if (!internal::replace(partial_, target_)) fail(errno);  // while the lock holds
      partial_.clear();
#if !defined(_WIN32)
      if (!internal::sync_folder_of(target_)) fail(errno);
#endif
    }
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail(errno);
  }

 private:
  [[noreturn]] void fail(int reason) const {
    internal::raise(Error(path_, "cannot write: " + internal::error_text(reason)));
  }

  void remove_partial() noexcept {
    std::error_code ignored;
    if (!partial_.empty()) std::filesystem::remove(partial_, ignored);
  }

  void open_partial() {
    // A file that is protected from being written is not replaced either.
#if defined(_WIN32)
    constexpr int kMayWrite = 2;
    if (::_waccess(target_.c_str(), kMayWrite) != 0 && errno == EACCES) fail(errno);
#else
    struct stat earlier {};
    const bool replaces = ::stat(target_.c_str(), &earlier) == 0;
    if (replaces && ::access(target_.c_str(), W_OK) != 0) fail(errno);
#endif
    constexpr int kMostWriters = 100;
    int file = -1;
    for (int i = 1; file < 0 && i <= kMostWriters; ++i) {
      std::filesystem::path partial = target_;
      partial += i == 1 ? ".partial" : ".partial" + std::to_string(i);
      file = internal::create_locked(partial, false);
      if (file < 0 && errno != EWOULDBLOCK) fail(errno);
      if (file >= 0) partial_ = std::move(partial);
    }
    if (file < 0) internal::raise(Error(path_, "cannot write: too many others write it"));
#if defined(_WIN32)
    file_ = ::_fdopen(file, "wb");
#else
    if (replaces) {
      if (::fchown(file, earlier.st_uid, earlier.st_gid) != 0 &&
          ::fchown(file, static_cast<uid_t>(-1), earlier.st_gid) != 0) {
        // Only a privileged process may give a file away: then it is the writer's.
      }
      ::fchmod(file, earlier.st_mode & 07777);
    }
    file_ = ::fdopen(file, "wb");
#endif
    if (file_ != nullptr) return;
    const int reason = errno;
    remove_partial();
    internal::close_file(file);
    fail(reason);
  }

  std::string path_;               // as given
  std::filesystem::path target_;   // with links followed
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
