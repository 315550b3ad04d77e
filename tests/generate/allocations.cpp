// Counts what this program allocates. In a file of its own, since the compiler must not see through these
// functions.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

std::atomic<long> allocations = 0;

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
