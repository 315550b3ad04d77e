// Names of files in UTF-8, as the words of the command line are. libstdc++ for MinGW makes a path of a
// std::string by mbrtowc, and that of the C library knows no UTF-8, whatever the manifest says. The program
// is linked with
// --wrap=mbrtowc, which puts this one in its place.
#include <cstddef>
#include <cwchar>

extern "C" std::size_t __wrap_mbrtowc(wchar_t* out, const char* from, std::size_t count,
                                      std::mbstate_t* state);

/// The next character of UTF-8 as UTF-16. Of one that needs two units the first call takes a byte, and the
/// second the rest: `state` is the second unit meanwhile. As of mbrtowc: the bytes that it took, 0 for a
/// terminating zero, −1 for what is no UTF-8, −2 where bytes are missing.
extern "C" std::size_t __wrap_mbrtowc(wchar_t* out, const char* from, std::size_t count,
                                      std::mbstate_t* state) {
  constexpr auto kWrong = static_cast<std::size_t>(-1), kMissing = static_cast<std::size_t>(-2);
  static thread_local std::mbstate_t own{};
  std::mbstate_t& rest = state != nullptr ? *state : own;
  if (from == nullptr) {
    rest = {};
    return 0;
  }
  if (count == 0) return kMissing;
  if (rest != std::mbstate_t{}) {
    if (count < 3) return kMissing;
    if (out != nullptr) *out = static_cast<wchar_t>(rest);
    rest = {};
    return 3;
  }
  const auto first = static_cast<unsigned char>(*from);
  if (first < 0x80) {
    if (out != nullptr) *out = static_cast<wchar_t>(first);
    return first == 0 ? 0 : 1;
  }
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return kWrong;
  if (count < size) return kMissing;
  unsigned long code = first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(from[i]);
    if ((next & 0xC0) != 0x80) return kWrong;
    code = code << 6 | (next & 0x3Fu);
  }
  constexpr unsigned long kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return kWrong;
  if (size < 4) {
    if (out != nullptr) *out = static_cast<wchar_t>(code);
    return size;
  }
  code -= 0x10000;
  if (out != nullptr) *out = static_cast<wchar_t>(0xD800 + (code >> 10));
  rest = static_cast<std::mbstate_t>(0xDC00 + (code & 0x3FF));
  return 1;
}
