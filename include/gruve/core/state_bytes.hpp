#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace gruve::inline v0_1 {

/// Moves the state of objects to bytes and back. One member function of a class, transfer(), lists its fields
/// and serves four purposes, so that what is written and what is read can't differ:
///
///   measuring  counts the most bytes that a state can take
///   writing    writes it
///   checking   reads it, changes nothing, and finds what is out of range
///   reading    reads it into the object; only bytes that were checked
///
/// Numbers are little-endian. Allocates nothing, doesn't throw.
class StateBytes {
 public:
  static StateBytes measuring() noexcept { return StateBytes(Purpose::measure, nullptr, nullptr, SIZE_MAX); }
  static StateBytes writing(std::span<std::byte> out) noexcept {
    return StateBytes(Purpose::write, out.data(), nullptr, out.size());
  }
  static StateBytes checking(std::span<const std::byte> bytes) noexcept {
    return StateBytes(Purpose::check, nullptr, bytes.data(), bytes.size());
  }
  static StateBytes reading(std::span<const std::byte> bytes) noexcept {
    return StateBytes(Purpose::read, nullptr, bytes.data(), bytes.size());
  }

  bool is_measuring() const noexcept { return purpose_ == Purpose::measure; }
  bool is_writing() const noexcept { return purpose_ == Purpose::write; }
  /// Whether fields are changed.
  bool is_reading() const noexcept { return purpose_ == Purpose::read; }

  /// False once there was no room, too few bytes, or a value out of range.
  bool ok() const noexcept { return ok_; }
  void fail() noexcept { ok_ = false; }
  /// Bytes measured, written or read so far.
  std::size_t size() const noexcept { return size_; }

  /// One field, a number. Returns what it is or, when reading and checking, what the bytes say.
  ///
  /// is_valid  is_valid(value) says whether the object can have it
  template <class T, class IsValid>
  T value(T& field, IsValid&& is_valid) noexcept {
    static_assert(std::is_arithmetic_v<T>);
    T value = field;
    if (!move(&value)) return field;
    if (!writes() && !is_valid(value)) {
      ok_ = false;
      return field;
    }
    if (is_reading()) field = value;
    return value;
  }
  template <class T>
  T value(T& field) noexcept {
    return value(field, [](T) { return true; });
  }

  /// Fields of one kind.
  template <class T, std::size_t N, class IsValid>
  void values(std::span<T, N> fields, IsValid&& is_valid) noexcept {
    for (T& field : fields) {
      if (!ok_) return;
      value(field, is_valid);
    }
  }
  template <class T, std::size_t N>
  void values(std::span<T, N> fields) noexcept {
    values(fields, [](T) { return true; });
  }

  /// What two objects must agree in for the state of one to be the other's.
  template <class T>
  void same(T own) noexcept {
    T copy = own;
    value(copy, [&](T other) { return other == own; });
  }

  /// When measuring: as many bytes more.
  void add(std::size_t size) noexcept { size_ += size; }

 private:
  enum class Purpose : std::uint8_t { measure, write, check, read };

  StateBytes(Purpose purpose, std::byte* out, const std::byte* in, std::size_t capacity) noexcept
      : purpose_(purpose), out_(out), in_(in), capacity_(capacity) {}

  bool writes() const noexcept { return purpose_ == Purpose::measure || purpose_ == Purpose::write; }

  template <class T>
  bool move(T* value) noexcept {
    if (!ok_ || capacity_ - size_ < sizeof(T)) return ok_ = false;
    std::array<std::byte, sizeof(T)> bytes{};
    if (is_writing()) {
      std::memcpy(bytes.data(), value, sizeof(T));
      order(bytes);
      std::memcpy(out_ + size_, bytes.data(), sizeof(T));
    } else if (!writes()) {
      std::memcpy(bytes.data(), in_ + size_, sizeof(T));
      order(bytes);
      if constexpr (std::is_same_v<T, bool>) {
        if (bytes[0] > std::byte{1}) return ok_ = false;
      }
      std::memcpy(value, bytes.data(), sizeof(T));
    }
    size_ += sizeof(T);
    return true;
  }

  template <std::size_t N>
  static void order(std::array<std::byte, N>& bytes) noexcept {
    if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  }

  Purpose purpose_;
  std::byte* out_;
  const std::byte* in_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace gruve::inline v0_1
