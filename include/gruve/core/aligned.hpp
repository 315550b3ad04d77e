#pragma once

#include <cstddef>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace gruve::inline v0_2 {

/// Allocator for the arrays that kernels read and write: aligned to a cache line, so that no vector load
/// crosses one. From 2 MiB on it asks Linux for large pages: with pages of 4 KiB the rows that a tile of a
/// product reads and writes need more entries than a processor's TLB has.
template <class T>
struct AlignedAllocator {
  using value_type = T;                                            // as std::allocator_traits needs it
  static constexpr std::size_t kLine = 64;                         // bytes of a cache line
  static constexpr std::size_t kLargePage = std::size_t{2} << 20;  // bytes of a large page

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) noexcept {}  // it has no state

  /// Uninitialised memory for count elements. Throws std::bad_alloc.
  T* allocate(std::size_t count) {
    const std::size_t size = count * sizeof(T);
    void* memory = ::operator new(size, alignment(size));
#if defined(__linux__)
    if (size >= kLargePage)
      ::madvise(memory, size / kLargePage * kLargePage, MADV_HUGEPAGE);  // may be ignored
#endif
    return static_cast<T*>(memory);
  }
  /// Frees what allocate(count) returned.
  void deallocate(T* memory, std::size_t count) noexcept {
    ::operator delete(memory, alignment(count * sizeof(T)));
  }

  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) noexcept { return true; }

 private:
  static std::align_val_t alignment(std::size_t size) {
    return std::align_val_t{size >= kLargePage ? kLargePage : kLine};
  }
};

/// A vector whose elements kernels read and write.
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace gruve::inline v0_2
