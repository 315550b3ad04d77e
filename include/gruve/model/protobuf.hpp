#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gruve/core/bits_as.hpp"
#include "gruve/core/error.hpp"

// The wire format of protocol buffers, as far as ONNX files need it: fields of a message, one after another.
// It is ours since the library of that name is a heavy dependency, bound to one version of its generated
// code, for a format of four kinds of fields. Source: https://protobuf.dev/programming-guides/encoding/
namespace gruve::inline v0_2::internal {

// A field of a message. Which kind it has says the message's definition.
struct ProtoField {
  enum class Kind { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  std::uint32_t number = 0;
  Kind kind = Kind::varint;
  std::uint64_t value = 0;                // of a number: its bits
  std::span<const std::byte> bytes = {};  // of a text, an array or a message

  bool is(std::uint32_t which, Kind expected) const noexcept { return number == which && kind == expected; }
  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::int64_t integer() const noexcept { return static_cast<std::int64_t>(value); }
  float number32() const noexcept { return bits_as<float>(static_cast<std::uint32_t>(value)); }
};

// Reads the fields of a message, which is a part of a file. Allocates nothing, but for an Error.
class ProtoReader {
 public:
  // message  within `whole`, from whose beginning an Error counts bytes
  ProtoReader(std::span<const std::byte> message, std::span<const std::byte> whole, const std::string& file)
      : rest_(message), whole_(whole), file_(&file) {}

  // The next field, or none at the end. Throws Error with the byte on what is no field.
  std::optional<ProtoField> next() {
    if (rest_.empty()) return std::nullopt;
    const std::uint64_t key = varint();
    if (key >> 3 == 0 || key >> 3 > 0x1FFFFFFF)
      fail("a field of the number " + std::to_string(key >> 3) + ", expected 1 to 536870911");
    ProtoField field{.number = static_cast<std::uint32_t>(key >> 3),
                     .kind = static_cast<ProtoField::Kind>(key & 7)};
    switch (field.kind) {
      case ProtoField::Kind::varint:
        field.value = varint();
        break;
      case ProtoField::Kind::fixed64:
        field.value = fixed<std::uint64_t>();
        break;
      case ProtoField::Kind::fixed32:
        field.value = fixed<std::uint32_t>();
        break;
      case ProtoField::Kind::bytes:
        field.bytes = take(varint());
        break;
      default:
        fail("a field of the kind " + std::to_string(key & 7) + ", which ONNX does not have");
    }
    return field;
  }

  // A number of a packed list, of which the message consists.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint64_t>(take(1)[0]);
      value |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail("a number of more than 64 bits");
  }

  bool at_end() const noexcept { return rest_.empty(); }

  // The messages of a field are parts of the same file.
  ProtoReader within(std::span<const std::byte> message) const { return {message, whole_, *file_}; }

  [[noreturn]] void fail(const std::string& reason) const {
    internal::raise(Error(*file_, static_cast<std::uint64_t>(rest_.data() - whole_.data()),
                          "not an ONNX file, or damaged: " + reason));
  }

 private:
  std::span<const std::byte> take(std::uint64_t size) {
    if (size > rest_.size())
      fail(std::to_string(size) + " bytes run past the end (" + std::to_string(rest_.size()) +
           " bytes remain)");
    const auto taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  template <class T>
  std::uint64_t fixed() {
    T value = 0;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::span<const std::byte> rest_, whole_;
  const std::string* file_;
};

// Writes the fields of a message.
class ProtoWriter {
 public:
  void integer(std::uint32_t number, std::int64_t value) {
    key(number, ProtoField::Kind::varint);
    varint(static_cast<std::uint64_t>(value));
  }
  void text(std::uint32_t number, std::string_view value) {
    key(number, ProtoField::Kind::bytes);
    varint(value.size());
    bytes_ += value;
  }
  void floats(std::uint32_t number, std::span<const float> values) {
    text(number, {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  void message(std::uint32_t number, const ProtoWriter& value) { text(number, value.bytes_); }

  const std::string& bytes() const noexcept { return bytes_; }

 private:
  void key(std::uint32_t number, ProtoField::Kind kind) {
    varint(std::uint64_t{number} << 3 | static_cast<std::uint64_t>(kind));
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_ = {};
};

}  // namespace gruve::inline v0_2::internal
