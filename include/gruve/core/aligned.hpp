#pragma once

#include <cstddef>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace gruve {

/// Allocates on the boundary of a cache line, so that no vector load of a kernel crosses one; and what is
/// large in large pages where Linux gives them on request: with pages of 4 KiB the rows that a tile of a
/// product reads and writes would take more of them than a processor remembers.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::size_t kLine = 64, kLargePage = std::size_t{2} << 20;

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) {
    const std::size_t size = count * sizeof(T);
    void* memory = ::operator new(size, alignment(size));
#if defined(__linux__)
    if (size >= kLargePage) ::madvise(memory, size / kLargePage * kLargePage, MADV_HUGEPAGE);  // a wish
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    ::operator delete(memory, alignment(count * sizeof(T)));
  }

  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) noexcept { return true; }

 private:
  static std::align_val_t alignment(std::size_t size) {
    return std::align_val_t{size >= kLargePage ? kLargePage : kLine};
  }
};

/// A vector for what kernels read and write.
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace gruve
