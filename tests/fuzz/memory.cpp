// operator new and delete that count, for the targets' bounds on memory.
#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "fuzz.hpp"

namespace {

std::size_t used = 0, peak = 0, base = 0;

void* allocate(std::size_t size) noexcept {
  void* memory = std::malloc(size);
  used += malloc_usable_size(memory);
  if (used > peak) peak = used;
  return memory;
}

void* allocate_or_throw(std::size_t size) {
  if (void* memory = allocate(size)) return memory;
  throw std::bad_alloc();
}

void release(void* memory) noexcept {
  used -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

namespace gruve::tests {

std::size_t peak_memory() { return peak - base; }
void reset_peak_memory() { peak = base = used; }

}  // namespace gruve::tests

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
