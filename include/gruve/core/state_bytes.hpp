#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "gruve/core/platform.hpp"

namespace gruve::inline v0_2 {

/// Writes the state of objects to bytes and reads it back. One member function of a class, transfer(), lists
/// its fields and serves four purposes, so that writing and reading can't differ:
///
///   measuring  counts the maximum number of bytes of a state
///   writing    writes a state
///   checking   reads a state without changing the object, and fails on values out of range
///   reading    reads a state into the object, from bytes that were checked
///
/// Numbers are little-endian. Allocates nothing, doesn't throw.
class StateBytes {
 public:
  /// For counting bytes.
  static StateBytes measuring() noexcept { return StateBytes(Purpose::measure, nullptr, nullptr, SIZE_MAX); }
  /// For writing to `out`.
  static StateBytes writing(std::span<std::byte> out) noexcept {
    return StateBytes(Purpose::write, out.data(), nullptr, out.size());
  }
  /// For checking `bytes`.
  static StateBytes checking(std::span<const std::byte> bytes) noexcept {
    return StateBytes(Purpose::check, nullptr, bytes.data(), bytes.size());
  }
  /// For reading `bytes`, which were checked.
  static StateBytes reading(std::span<const std::byte> bytes) noexcept {
    return StateBytes(Purpose::read, nullptr, bytes.data(), bytes.size());
  }

  /// Whether bytes are only counted.
  bool is_measuring() const noexcept { return purpose_ == Purpose::measure; }
  /// Whether bytes are written.
  bool is_writing() const noexcept { return purpose_ == Purpose::write; }
  /// Whether fields are changed.
  bool is_reading() const noexcept { return purpose_ == Purpose::read; }

  /// False after a lack of room, too few bytes, a value out of range, or a call of fail().
  bool ok() const noexcept { return ok_; }
  /// Makes ok() false.
  void fail() noexcept { ok_ = false; }
  /// Bytes measured, written or read so far.
  std::size_t size() const noexcept { return size_; }

  /// Transfers one field, a number. Returns its value; when reading or checking, the value in the bytes.
  ///
  /// is_valid  is_valid(value): whether the value is in range
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
  /// Transfers a field for which every value is in range.
  template <class T>
  T value(T& field) noexcept {
    return value(field, [](T) { return true; });
  }

  /// Transfers fields of one type.
  template <class T, std::size_t N, class IsValid>
  void values(std::span<T, N> fields, IsValid&& is_valid) noexcept {
    for (T& field : fields) {
      if (!ok_) return;
      value(field, is_valid);
    }
  }
  /// Transfers fields for which every value is in range.
  template <class T, std::size_t N>
  void values(std::span<T, N> fields) noexcept {
    values(fields, [](T) { return true; });
  }

  /// Transfers a value that must be equal in the object that is written and the one that is read.
  template <class T>
  void same(T own) noexcept {
    T copy = own;
    value(copy, [&](T other) { return other == own; });
  }

  /// Adds bytes to the size; only when measuring.
  void add(std::size_t size) noexcept { size_ += size; }

 private:
  enum class Purpose : std::uint8_t { measure, write, check, read };

  StateBytes(Purpose purpose, std::byte* out, const std::byte* in, std::size_t capacity) noexcept
      : purpose_(purpose), out_(out), in_(in), capacity_(capacity) {}

  bool writes() const noexcept { return purpose_ == Purpose::measure || purpose_ == Purpose::write; }

  template <class T>
  bool move(T* value) noexcept {
    if (!ok_ || capacity_ - size_ < sizeof(T)) return ok_ = false;
    if (is_writing()) {
      std::memcpy(out_ + size_, value, sizeof(T));
    } else if (!writes()) {
      if constexpr (std::is_same_v<T, bool>) {
        if (in_[size_] > std::byte{1}) return ok_ = false;
      }
      std::memcpy(value, in_ + size_, sizeof(T));
    }
    size_ += sizeof(T);
    return true;
  }

  Purpose purpose_;
  std::byte* out_;
  const std::byte* in_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace gruve::inline v0_2
