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

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/core/system_files.hpp"

namespace gruve::inline v0_2 {

namespace internal {

/// The file that is written if path is: links are followed, also to a file that does not exist yet.
GRUVE_ONCE std::filesystem::path followed(std::filesystem::path path);

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
  explicit AtomicFile(const std::filesystem::path& path);

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
  void commit();

 private:
  [[noreturn]] void fail(int reason) const;

  void remove_partial() noexcept {
    std::error_code ignored;
    if (!partial_.empty()) std::filesystem::remove(partial_, ignored);
  }

  void open_directly(bool is_pipe);
  void open_partial();

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

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/core/atomic_file.inc"
#endif
