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
#include <unistd.h>
#endif

#include "gruve/core/error.hpp"

namespace gruve::inline v0_1 {

/// Writes a file that is either complete or absent: the bytes go to `<path>.partial` in the same folder,
/// which commit() syncs and renames to path. Without commit() an earlier file at path stays as it was, and
/// the partial file is removed.
///
///   AtomicFile file("piece.mid");
///   file.write(bytes);
///   file.commit();
///
/// If path is not a regular file (a pipe, /dev/stdout), the bytes are written to it directly.
/// Every failure (missing folder, no permission, full disk) throws an Error that names path.
class AtomicFile {
 public:
  /// Opens the partial file. Throws Error if path is a folder or cannot be written.
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)), partial_(path_) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path_, ignored);
    if (std::filesystem::is_directory(status))
      throw Error(path_.string(), "is a folder, expected a file to write");
    const bool in_place = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
    if (!in_place) {
      partial_ += ".partial";
      removes_ = true;
    }
    file_ = std::fopen(partial_.string().c_str(), "wb");
    if (file_ == nullptr) {
      removes_ = false;
      fail(errno);
    }
  }

  ~AtomicFile() {
    if (file_ != nullptr) std::fclose(file_);
    std::error_code ignored;
    if (removes_) std::filesystem::remove(partial_, ignored);
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
    if (removes_ && ::fsync(::fileno(file_)) != 0) fail(errno);
#endif
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail(errno);
    if (!removes_) return;
    std::error_code error;
    std::filesystem::rename(partial_, path_, error);
    if (error) throw Error(path_.string(), "cannot write: " + error.message());
    removes_ = false;
#if defined(__unix__) || defined(__APPLE__)
    // The rename is durable only once the folder is synced.
    const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    if (const int descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC); descriptor >= 0) {
      ::fsync(descriptor);
      ::close(descriptor);
    }
#endif
  }

 private:
  [[noreturn]] void fail(int reason) const {
    throw Error(path_.string(), std::string("cannot write: ") + std::strerror(reason));
  }

  std::filesystem::path path_;
  std::filesystem::path partial_;
  std::FILE* file_ = nullptr;
  bool removes_ = false;
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

/// Throws Error if path cannot be written, as far as that can be tested now: call it before hours of work
/// whose result goes there. Leaves an existing file as it is.
inline void require_writable(const std::filesystem::path& path) { AtomicFile{path}; }

}  // namespace gruve::inline v0_1
