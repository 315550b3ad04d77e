#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gruve {

/// What gruve throws when input from outside (a MIDI file, a model, a corpus, an option) is refused or a file
/// can't be read or written. what() is one line that names the file, the byte and the reason, as far as they
/// are known:
///
///   song.mid, byte 22: track length 4096 runs past the end of the file (61 bytes remain)
class Error : public std::runtime_error {
 public:
  /// reason  one complete sentence without a full stop: what was found, what was expected
  explicit Error(std::string reason) : std::runtime_error(reason), reason_(std::move(reason)) {}

  Error(std::string file, std::string reason)
      : std::runtime_error(line({file, ": ", reason})), file_(std::move(file)), reason_(std::move(reason)) {}

  /// byte  offset from the beginning of the file at which the fault was found
  Error(std::string file, std::uint64_t byte, std::string reason)
      : std::runtime_error(line({file, ", byte ", std::to_string(byte), ": ", reason})),
        file_(std::move(file)),
        reason_(std::move(reason)),
        byte_(byte) {}

  /// The sentence alone, without file and byte.
  const std::string& reason() const noexcept { return reason_; }

  /// Empty where no file is concerned.
  const std::string& file() const noexcept { return file_; }

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
