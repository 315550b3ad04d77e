#include "gruve/core/aligned.hpp"

#include <cstddef>
#include <cstdint>

#include "catch.hpp"

using gruve::AlignedVector;

TEST_CASE("What kernels read begins on a cache line, and what is large on a large page", "[core][aligned]") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, std::size_t{524'287}}) {
    const AlignedVector<float> vector(size);
    CHECK(reinterpret_cast<std::uintptr_t>(vector.data()) % 64 == 0);
  }
  AlignedVector<float> vector(524'288, 1.0f);  // 2 MiB
  CHECK(reinterpret_cast<std::uintptr_t>(vector.data()) % (std::size_t{2} << 20) == 0);
  vector.resize(600'001, 2.0f);
  CHECK(vector.front() == 1.0f);
  CHECK(vector.back() == 2.0f);
}
