#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
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
#include <vector>
#endif

#include "gruve/core/error.hpp"

namespace gruve {

/// The bytes of a file, read only, mapped into memory where the system can (elsewhere read at once).
/// Throws Error where the file is missing, a folder, or can't be read.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path) : path_(path.string()) {
#if defined(__unix__) || defined(__APPLE__)
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not hang
    if (file < 0) throw Error(path_, std::string("cannot open: ") + std::strerror(errno));
    struct stat status {};
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(file);
      throw Error(path_, S_ISDIR(status.st_mode) ? "is a folder, expected a file" : "is not a regular file");
    }
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ > 0) {
      void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      const int reason = errno;
      ::close(file);
      if (data == MAP_FAILED) throw Error(path_, std::string("cannot map: ") + std::strerror(reason));
      data_ = static_cast<const std::byte*>(data);
    } else {
      ::close(file);
    }
#else
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw Error(path_, "cannot open");
    contents_.resize(static_cast<std::size_t>(file.tellg()));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(contents_.data()), static_cast<std::streamsize>(contents_.size()));
    if (!file) throw Error(path_, "cannot read");
    data_ = contents_.data();
    size_ = contents_.size();
#endif
  }

  ~MappedFile() {
#if defined(__unix__) || defined(__APPLE__)
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
#endif
  }

  MappedFile(MappedFile&& other) noexcept { swap(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    swap(other);
    return *this;
  }

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const std::string& path() const noexcept { return path_; }

 private:
  void swap(MappedFile& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
#if !(defined(__unix__) || defined(__APPLE__))
    std::swap(contents_, other.contents_);
#endif
  }

  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
#if !(defined(__unix__) || defined(__APPLE__))
  std::vector<std::byte> contents_;
#endif
};

}  // namespace gruve
