#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#if defined(_WIN32)
#include <io.h>
#include <process.h>
#else
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

// Files as the systems have them: what neither <cstdio> nor std::filesystem offers, on POSIX systems and on
// Windows. A function that fails returns −1, null or false, with errno.

#if defined(_WIN32)
struct _SECURITY_ATTRIBUTES;
#endif

namespace gruve::inline v0_2::internal {

#if defined(_WIN32)
// The system's own functions, declared as <windows.h> declares them, which also defines some thousand macros
// for whoever includes it.
namespace windows {

extern "C" {
__declspec(dllimport) void* __stdcall CreateFileW(const wchar_t*, unsigned long, unsigned long,
                                                  ::_SECURITY_ATTRIBUTES*, unsigned long, unsigned long,
                                                  void*);
__declspec(dllimport) void* __stdcall CreateFileMappingW(void*, ::_SECURITY_ATTRIBUTES*, unsigned long,
                                                         unsigned long, unsigned long, const wchar_t*);
__declspec(dllimport) void* __stdcall MapViewOfFile(void*, unsigned long, unsigned long, unsigned long,
                                                    std::size_t);
__declspec(dllimport) int __stdcall UnmapViewOfFile(const void*);
__declspec(dllimport) int __stdcall MoveFileExW(const wchar_t*, const wchar_t*, unsigned long);
__declspec(dllimport) int __stdcall CloseHandle(void*);
__declspec(dllimport) unsigned long __stdcall GetFileType(void*);
__declspec(dllimport) unsigned long __stdcall GetLastError();
}

inline constexpr unsigned long kRead = 0x80000000, kWrite = 0x40000000, kDelete = 0x00010000;  // access
inline constexpr unsigned long kShareRead = 1, kShareWrite = 2, kShareDelete = 4;
inline constexpr unsigned long kSharingViolation = 32, kUserMapped = 1224;  // errors

// Sets errno to what is nearest to the system's last error.
inline void set_errno() noexcept {
  const unsigned long error = GetLastError();
  const auto condition =
      std::error_code(static_cast<int>(error), std::system_category()).default_error_condition();
  errno = error == kSharingViolation                        ? EWOULDBLOCK
          : error == kUserMapped                            ? EBUSY
          : condition.category() == std::generic_category() ? condition.value()
                                                            : EIO;
}

// A descriptor of the C library for a file; −1 with errno.
//
// share      what others may do meanwhile
// begin      3 to open, 2 to create it or to empty it
// attribute  0x80 for none
inline int open(const std::filesystem::path& path, unsigned long access, unsigned long share,
                unsigned long begin, unsigned long attribute) noexcept {
  void* const handle = CreateFileW(path.c_str(), access, share, nullptr, begin, attribute, nullptr);
  if (reinterpret_cast<std::intptr_t>(handle) == -1) {
    set_errno();
    return -1;
  }
  const int file = ::_open_osfhandle(reinterpret_cast<std::intptr_t>(handle), _O_BINARY);
  if (file < 0) CloseHandle(handle);
  return file;
}

inline void* handle_of(int file) noexcept { return reinterpret_cast<void*>(::_get_osfhandle(file)); }

}  // namespace windows
#endif

// A path as messages and files show it: in UTF-8 on every system.
inline std::string utf8(const std::filesystem::path& path) {
  const auto text = path.u8string();
  return {text.begin(), text.end()};
}

// The text of errno.
inline std::string error_text(int reason) { return std::generic_category().message(reason); }

// A path as it is given to the system. Windows takes names of 260 characters and more only in a form of their
// own, absolute and with nothing left to resolve.
inline std::filesystem::path system_path(std::filesystem::path path) {
#if defined(_WIN32)
  constexpr std::size_t kLong = 240;  // leaves room for a suffix
  std::error_code error;
  const std::wstring whole =
      std::filesystem::absolute(path, error).lexically_normal().make_preferred().native();
  if (error || whole.size() < kLong || whole.starts_with(L"\\\\?\\") || whole.starts_with(L"\\\\.\\"))
    return path;
  return whole.starts_with(L"\\\\") ? L"\\\\?\\UNC" + whole.substr(1) : L"\\\\?\\" + whole;
#else
  return path;
#endif
}

// std::fopen for any path.
inline std::FILE* open_stream(const std::filesystem::path& path, const char* mode) {
#if defined(_WIN32)
  return ::_wfopen(path.c_str(), std::filesystem::path(mode).c_str());
#else
  return std::fopen(path.c_str(), mode);
#endif
}

// std::fseek for files of any size.
inline bool seek(std::FILE* file, std::int64_t offset, int from) noexcept {
#if defined(_WIN32)
  return ::_fseeki64(file, offset, from) == 0;
#else
  return std::in_range<off_t>(offset) && ::fseeko(file, static_cast<off_t>(offset), from) == 0;
#endif
}

inline int close_file(int file) noexcept {
#if defined(_WIN32)
  return ::_close(file);
#else
  return ::close(file);
#endif
}

// An open file.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close_file(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int number() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

// The number of this process.
inline int process_number() noexcept {
#if defined(_WIN32)
  return ::_getpid();
#else
  return ::getpid();
#endif
}

#if !defined(_WIN32)
// Calls a system call again as long as a signal interrupts it.
template <class Call>
auto retried(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}
#endif

// Opens a file to read it, without waiting where it is a pipe.
inline int open_to_read(const std::filesystem::path& path) noexcept {
#if defined(_WIN32)
  using namespace windows;
  return windows::open(path, kRead, kShareRead | kShareWrite | kShareDelete, 3, 0x80);
#else
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
#endif
}

// The bytes of a regular file; nothing for what is none.
inline std::optional<std::uint64_t> regular_size(int file) noexcept {
#if defined(_WIN32)
  constexpr unsigned long kDisk = 1;
  const std::int64_t size =
      windows::GetFileType(windows::handle_of(file)) == kDisk ? ::_filelengthi64(file) : -1;
  if (size < 0) return std::nullopt;
  return static_cast<std::uint64_t>(size);
#else
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
#endif
}

// Reads up to size bytes; the number, 0 at the end of the file.
inline std::ptrdiff_t read_file(int file, std::byte* bytes, std::size_t size) noexcept {
#if defined(_WIN32)
  return ::_read(file, bytes, static_cast<unsigned>(size < (1u << 30) ? size : 1u << 30));
#else
  return retried([&] { return ::read(file, bytes, size); });
#endif
}

// Writes all bytes of a short text.
inline bool write_text(int file, const std::string& text) noexcept {
#if defined(_WIN32)
  return ::_write(file, text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size());
#else
  return ::write(file, text.data(), text.size()) == static_cast<std::ptrdiff_t>(text.size());
#endif
}

// Maps a file of size > 0 to be read, as long as until unmap(), also when it is closed. Null with errno.
inline const std::byte* map(int file, [[maybe_unused]] std::size_t size) noexcept {
#if defined(_WIN32)
  constexpr unsigned long kReadOnly = 2, kMapRead = 4;
  void* const mapping =
      windows::CreateFileMappingW(windows::handle_of(file), nullptr, kReadOnly, 0, 0, nullptr);
  void* const data = mapping == nullptr ? nullptr : windows::MapViewOfFile(mapping, kMapRead, 0, 0, 0);
  if (data == nullptr) windows::set_errno();
  if (mapping != nullptr) windows::CloseHandle(mapping);
  return static_cast<const std::byte*>(data);
#else
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  return data == MAP_FAILED ? nullptr : static_cast<const std::byte*>(data);
#endif
}

inline void unmap(const std::byte* data, [[maybe_unused]] std::size_t size) noexcept {
#if defined(_WIN32)
  windows::UnmapViewOfFile(data);
#else
  ::munmap(const_cast<std::byte*>(data), size);
#endif
}

// Waits until what was written is on the disk.
inline bool sync(std::FILE* file) noexcept {
#if defined(_WIN32)
  return ::_commit(::_fileno(file)) == 0;
#else
  return retried([&] { return ::fsync(::fileno(file)); }) == 0;
#endif
}

// Gives a file another name, in one step, in place of a file that has it.
inline bool replace(const std::filesystem::path& from, const std::filesystem::path& to) noexcept {
#if defined(_WIN32)
  constexpr unsigned long kReplaceExisting = 1, kWriteThrough = 8;
  if (windows::MoveFileExW(from.c_str(), to.c_str(), kReplaceExisting | kWriteThrough) != 0) return true;
  windows::set_errno();
  return false;
#else
  return ::rename(from.c_str(), to.c_str()) == 0;
#endif
}

#if !defined(_WIN32)
// A rename is durable only once the folder is synced. A folder that may not be read can't be synced, and some
// file systems sync no folders.
inline bool sync_folder_of(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor opened(retried([&] { return ::open(folder.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (opened.number() < 0) return true;
  return retried([&] { return ::fsync(opened.number()); }) == 0 || errno == EINVAL || errno == ENOTSUP;
}
#endif

// Creates a file and locks it. A file of that name that nobody has locked is what a killed process left: it
// is replaced. −1 with errno: EWOULDBLOCK if another process, or another object of this one, holds the file.
// The lock ends with the descriptor. POSIX: flock(); on a file system without locks, every file that exists
// is held by another. Windows: nobody else may write the file, and others may read it if it is a mere lock.
//
// is_mere_lock  on Windows the file then ends with the descriptor, too, however the process ends
inline int create_locked(const std::filesystem::path& path, [[maybe_unused]] bool is_mere_lock) {
#if defined(_WIN32)
  using namespace windows;
  constexpr unsigned long kDeleteOnClose = 0x04000000;
  return is_mere_lock
             ? windows::open(path, kWrite | kDelete, kShareRead | kShareDelete, 2, 0x80 | kDeleteOnClose)
             : windows::open(path, kWrite, kShareDelete, 2, 0x80);
#else
  for (int tries = 0; tries < 100; ++tries) {
    int number = retried(
        [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666); });
    const bool created = number >= 0;
    if (!created) {
      if (errno != EEXIST) return -1;
      number = retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); });
      if (number < 0 && errno == ENOENT) continue;
      if (number < 0) return -1;
    }
    Descriptor file(number);
    const bool locked = retried([&] { return ::flock(number, LOCK_EX | LOCK_NB); }) == 0;
    if (!locked && (errno == EWOULDBLOCK || !created)) break;
    // Between the two calls another process may have renamed or removed the file.
    struct stat opened {
    }, named{};
    const bool is_there = ::fstat(number, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
                          opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
    if (created && is_there) return file.release();
    if (is_there && ::unlink(path.c_str()) != 0) {
      const int reason = errno;
      { const Descriptor closed(file.release()); }
      errno = reason;
      return -1;
    }
  }
  errno = EWOULDBLOCK;
  return -1;
#endif
}

}  // namespace gruve::inline v0_2::internal
