// The terminal that the program runs in, on POSIX systems and on Windows.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#if defined(_WIN32)
#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#endif
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#include <fcntl.h>
#include <io.h>
#include <windows.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

/// Before anything is read or printed. On Windows: bytes go through the standard streams unchanged, texts in
/// UTF-8 are shown as such, and the console obeys the sequences that a progress bar is drawn with.
inline void prepare_terminal() {
#if defined(_WIN32)
  for (const int stream : {0, 1, 2}) ::_setmode(stream, _O_BINARY);
  ::SetConsoleOutputCP(CP_UTF8);
  constexpr DWORD kSequences = 4;  // ENABLE_VIRTUAL_TERMINAL_PROCESSING, since Windows 10
  for (const DWORD stream : {STD_OUTPUT_HANDLE, STD_ERROR_HANDLE}) {
    DWORD mode = 0;
    if (const HANDLE console = ::GetStdHandle(stream); ::GetConsoleMode(console, &mode) != 0)
      ::SetConsoleMode(console, mode | kSequences);
  }
#endif
}

/// Whether stderr is a terminal in which a line can be redrawn.
inline bool is_terminal() {
#if defined(_WIN32)
  constexpr DWORD kSequences = 4;
  DWORD mode = 0;
  return ::GetConsoleMode(::GetStdHandle(STD_ERROR_HANDLE), &mode) != 0 && (mode & kSequences) != 0;
#else
  return ::isatty(STDERR_FILENO) == 1;
#endif
}

/// Its width in characters; 80 where that is unknown.
inline std::size_t terminal_columns() {
#if defined(_WIN32)
  CONSOLE_SCREEN_BUFFER_INFO size{};
  if (::GetConsoleScreenBufferInfo(::GetStdHandle(STD_ERROR_HANDLE), &size) != 0 &&
      size.srWindow.Right > size.srWindow.Left)
    return static_cast<std::size_t>(size.srWindow.Right - size.srWindow.Left + 1);
#else
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
#endif
  return 80;
}

#if defined(_WIN32)
/// The words of the command line in UTF-8.
inline std::vector<std::string> utf8_arguments(int argc, wchar_t** argv) {
  std::vector<std::string> arguments;
  for (int i = 0; i < argc; ++i) {
    // Of a broken surrogate pair U+FFFD, in three bytes.
    const int size = ::WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, nullptr, 0, nullptr, nullptr);
    std::string word(static_cast<std::size_t>(size), '\0');
    ::WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, word.data(), size, nullptr, nullptr);
    word.pop_back();  // the terminating zero
    arguments.push_back(std::move(word));
  }
  return arguments;
}
#endif
