#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "gruve/core/error.hpp"
#include "gruve/core/system_files.hpp"

namespace gruve::inline v0_1 {

/// The bytes of a file, read-only, mapped into memory. Files of up to 256 KiB are read into memory instead:
/// for small files that takes less time than mapping.
class MappedFile {
 public:
  /// Throws Error if the file is missing, is not a regular file, or cannot be read.
  explicit MappedFile(const std::filesystem::path& path) : path_(internal::utf8(path)) {
    const auto fail = [&](const char* what) {
      const int reason = errno;
      internal::raise(Error(path_, what + internal::error_text(reason)));
    };
    const std::filesystem::path name = internal::system_path(path);
    const internal::Descriptor file(internal::open_to_read(name));
    const auto size = file.number() < 0 ? std::nullopt : internal::regular_size(file.number());
    if (!size) {
      const int reason = errno;
      std::error_code ignored;
      if (std::filesystem::is_directory(name, ignored))
        internal::raise(Error(path_, "is a folder, expected a file"));
      if (file.number() >= 0) internal::raise(Error(path_, "is not a regular file"));
      errno = reason;
      fail("cannot open: ");
    }
    if (*size > PTRDIFF_MAX) internal::raise(Error(path_, "is larger than this program's memory can be"));
    size_ = static_cast<std::size_t>(*size);
    constexpr std::size_t kSmall = std::size_t{1} << 18;
    if (size_ <= kSmall) {
      contents_.reset(new std::byte[size_]);
      data_ = contents_.get();
      std::size_t done = 0;
      for (std::ptrdiff_t count = 1; count > 0 && done < size_; done += static_cast<std::size_t>(count)) {
        count = internal::read_file(file.number(), contents_.get() + done, size_ - done);
        if (count < 0) fail("cannot read: ");
      }
      size_ = done;  // fewer bytes if the file was truncated meanwhile
    } else {
      data_ = internal::map(file.number(), size_);
      if (data_ == nullptr) fail("cannot map: ");
    }
  }

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

}  // namespace gruve::inline v0_1
