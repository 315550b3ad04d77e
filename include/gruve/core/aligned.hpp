#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace gruve {

/// Allocates on the boundary of a cache line, so that no vector load of a kernel crosses one.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), kAlignment)); }
  void deallocate(T* memory, std::size_t) noexcept { ::operator delete(memory, kAlignment); }

  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) noexcept { return true; }
};

/// A vector for what kernels read and write.
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace gruve
