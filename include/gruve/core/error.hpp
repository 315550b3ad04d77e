#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gruve {

/// The exception that gruve throws if untrusted input (a MIDI file, a model, a corpus, an option) is refused
/// or a file cannot be read or written. what() is one line with the file, the byte and the reason, as far as
/// they are known:
///
///   song.mid, byte 22: track length 4096 runs past the end of the file (61 bytes remain)
class Error : public std::runtime_error {
 public:
  /// reason  one complete sentence without a full stop: what was found, what was expected
  explicit Error(std::string reason) : std::runtime_error(reason), reason_(std::move(reason)) {}

  /// file    the name or path that the message begins with
  /// reason  as above
  Error(std::string file, std::string reason)
      : std::runtime_error(line({file, ": ", reason})), file_(std::move(file)), reason_(std::move(reason)) {}

  /// byte  offset from the beginning of the file at which the fault was found, from 0
  Error(std::string file, std::uint64_t byte, std::string reason)
      : std::runtime_error(line({file, ", byte ", std::to_string(byte), ": ", reason})),
        file_(std::move(file)),
        reason_(std::move(reason)),
        byte_(byte) {}

  /// The sentence alone, without file and byte.
  const std::string& reason() const noexcept { return reason_; }

  /// The file's name or path; empty if the error is not about a file.
  const std::string& file() const noexcept { return file_; }

  /// The offset in the file; empty if it is unknown.
  std::optional<std::uint64_t> byte() const noexcept { return byte_; }

 private:
  static std::string line(std::initializer_list<std::string_view> parts) {
    std::string whole;
    for (const std::string_view part : parts) whole += part;
    return whole;
  }

  std::string file_;
  std::string reason_;
  std::optional<std::uint64_t> byte_;
};

}  // namespace gruve
