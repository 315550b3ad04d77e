#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#else
#include <fstream>
#endif

#include "gruve/core/error.hpp"

namespace gruve::inline v0_1 {

/// The bytes of a file, read-only, mapped into memory on POSIX systems. Files of up to 256 KiB, and all files
/// on other systems, are read into memory instead: for small files that takes less time than mapping.
class MappedFile {
 public:
  /// Throws Error if the file is missing, is not a regular file, or cannot be read.
  explicit MappedFile(const std::filesystem::path& path) : path_(path.string()) {
#if defined(__unix__) || defined(__APPLE__)
    const int file =
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // opening a pipe must not block
    if (file < 0) internal::raise(Error(path_, std::string("cannot open: ") + std::strerror(errno)));
    struct stat status {};
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(file);
      internal::raise(
          Error(path_, S_ISDIR(status.st_mode) ? "is a folder, expected a file" : "is not a regular file"));
    }
    size_ = static_cast<std::size_t>(status.st_size);
    constexpr std::size_t kSmall = std::size_t{1} << 18;
    if (size_ <= kSmall) {
      contents_ = std::make_unique_for_overwrite<std::byte[]>(size_);
      data_ = contents_.get();
      std::size_t done = 0;
      for (ssize_t count = 1; count > 0 && done < size_; done += static_cast<std::size_t>(count)) {
        count = ::read(file, contents_.get() + done, size_ - done);
        if (count >= 0) continue;
        const int reason = errno;
        ::close(file);
        internal::raise(Error(path_, std::string("cannot read: ") + std::strerror(reason)));
      }
      size_ = done;  // fewer bytes if the file was truncated meanwhile
      ::close(file);
    } else {
      void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      const int reason = errno;
      ::close(file);
      if (data == MAP_FAILED)
        internal::raise(Error(path_, std::string("cannot map: ") + std::strerror(reason)));
      data_ = static_cast<const std::byte*>(data);
    }
#else
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) internal::raise(Error(path_, "cannot open"));
    size_ = static_cast<std::size_t>(file.tellg());
    contents_ = std::make_unique_for_overwrite<std::byte[]>(size_);
    file.seekg(0);
    file.read(reinterpret_cast<char*>(contents_.get()), static_cast<std::streamsize>(size_));
    if (!file) internal::raise(Error(path_, "cannot read"));
    data_ = contents_.get();
#endif
  }

  ~MappedFile() {
#if defined(__unix__) || defined(__APPLE__)
    if (data_ != nullptr && contents_ == nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
#endif
  }

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  MappedFile(MappedFile&& other) noexcept { swap(other); }  // the bytes stay where they are

  /// The bytes of other stay where they are; those of this are exchanged with them.
  MappedFile& operator=(MappedFile&& other) noexcept {
    swap(other);
    return *this;
  }

  /// All bytes of the file, valid as long as this object or the one it was moved to.
  std::span<const std::byte> bytes() const& noexcept { return {data_, size_}; }
  std::span<const std::byte> bytes() const&& = delete;  // it would dangle

  const std::string& path() const noexcept { return path_; }  // as it was given

 private:
  void swap(MappedFile& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(contents_, other.contents_);
  }

  std::string path_ = {};
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> contents_ = {};  // if the file is not mapped
};

}  // namespace gruve::inline v0_1
