#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gruve/core/platform.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// The bytes of the UTF-8 character that a text begins with; 0 if it begins with none, or with a part of one.
// Table 3-7 of the Unicode standard: the second byte's range excludes overlong forms, surrogates and code
// points above U+10FFFF.
inline std::size_t character_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return text.empty() ? 0 : 1;
  const std::size_t size = lead >= 0xC2 && lead <= 0xDF   ? 2
                           : (lead & 0xF0) == 0xE0        ? 3
                           : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                          : 0;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  bool is_whole = size != 0 && byte(1) >= low && byte(1) <= high;
  for (std::size_t i = 2; is_whole && i < size; ++i) is_whole = (byte(i) & 0xC0) == 0x80;
  return is_whole ? size : 0;
}

// Text from outside as a message may show it, at most some bytes of it and no part of a character. What a
// terminal would act on is written as \x1b: control characters, those of U+0080 to U+009F among them, what
// overrides the direction of writing, and bytes that are not UTF-8.
inline std::string printable(std::string_view text, std::size_t most) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string shown;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = character_size(text.substr(at));
    const std::string_view character = text.substr(at, size > 0 ? size : 1);
    if (at + character.size() > most) return shown + "…";
    const bool is_control = size == 1 && (character < " " || character == "\x7F");
    const bool is_upper_control = size == 2 && character < "\xC2\xA0";
    const bool overrides = size == 3 && ((character >= "\xE2\x80\xAA" && character <= "\xE2\x80\xAE") ||
                                         (character >= "\xE2\x81\xA6" && character <= "\xE2\x81\xA9"));
    if (size > 0 && !is_control && !is_upper_control && !overrides) {
      shown += character;
    } else {
      for (const char c : character) {
        const auto byte = static_cast<unsigned char>(c);
        shown.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
      }
    }
    at += character.size();
  }
  return shown;
}

}  // namespace internal

/// The exception that gruve throws if untrusted input (a MIDI file, a model, a corpus, an option) is refused
/// or a file cannot be read or written. what() is one line with the file, the byte and the reason, as far as
/// they are known:
///
///   song.mid, byte 22: track length 4096 runs past the end of the file (61 bytes remain)
///
/// A copy can't fail, as the standard's exceptions promise: all of it is in what().
///
/// A program that is compiled without exceptions (-fno-exceptions) can't catch it: what() is written to the
/// standard error, and the program ends by std::abort(). All of it must be compiled that way, but for
/// gruve::kernels.
class Error : public std::runtime_error {
 public:
  /// reason  one complete sentence without a full stop: what was found, what was expected
  explicit Error(const std::string& reason) : std::runtime_error(reason) {}
  explicit Error(const char* reason) : std::runtime_error(reason) {}  ///< likewise

  /// file    the name or path that the message begins with; what a terminal would act on is written as \x1b
  /// reason  as above
  Error(std::string_view file, std::string_view reason) : Error(Place{file, {}}, reason) {}

  /// byte  offset from the beginning of the file at which the fault was found, from 0
  Error(std::string_view file, std::uint64_t byte, std::string_view reason)
      : Error(Place{file, byte}, reason) {}

  /// The sentence alone, without file and byte. As long as the error lives.
  std::string_view reason() const noexcept {
    const std::string_view all = what();
    return all.substr((std::min)(reason_at_, all.size()));
  }

  /// The file's name or path; empty if the error is not about a file. As long as the error lives.
  std::string_view file() const noexcept { return std::string_view(what()).substr(0, file_size_); }

  /// The offset in the file; empty if it is unknown.
  std::optional<std::uint64_t> byte() const noexcept { return byte_; }

 private:
  struct Place {
    Place(std::string_view name, std::optional<std::uint64_t> at)
        : file(internal::printable(name, std::string::npos)),
          before(file + (at ? ", byte " + std::to_string(*at) : std::string()) + ": "),
          byte(at) {}
    std::string file, before;
    std::optional<std::uint64_t> byte;
  };

  Error(const Place& place, std::string_view reason)
      : std::runtime_error(place.before + std::string(reason)),
        file_size_(place.file.size()),
        reason_at_(place.before.size()),
        byte_(place.byte) {}

  std::size_t file_size_ = 0;  // of what()
  std::size_t reason_at_ = 0;
  std::optional<std::uint64_t> byte_ = {};
};

namespace internal {

// Throws the error; without exceptions, ends the program. For all that generation includes.
[[noreturn]] inline void raise(Error error) {
#if defined(__cpp_exceptions)
  throw error;
#else
  std::fprintf(stderr, "gruve: %s\n", error.what());
  std::abort();
#endif
}

// What body throws, as an Error, but for std::bad_alloc, which goes on. Without exceptions, nothing.
template <class Body>
std::optional<Error> error_of(const Body& body) {
#if defined(__cpp_exceptions)
  try {
    body();
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return Error(error.what());
  }
#else
  body();
#endif
  return std::nullopt;
}

// Text of a file, in quotes.
inline std::string shown_text(std::string_view text) { return '"' + printable(text, 60) + '"'; }

}  // namespace internal

}  // namespace gruve::inline v0_2
