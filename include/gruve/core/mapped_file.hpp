#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/core/system_files.hpp"

namespace gruve::inline v0_2 {

/// The bytes of a file, read-only, mapped into memory. Files of up to 256 KiB are read into memory instead:
/// for small files that takes less time than mapping.
class MappedFile {
 public:
  /// Throws Error if the file is missing, is not a regular file, or cannot be read.
  explicit MappedFile(const std::filesystem::path& path);

  ~MappedFile() {
    if (data_ != nullptr && contents_ == nullptr) internal::unmap(data_, size_);
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

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/core/mapped_file.inc"
#endif
