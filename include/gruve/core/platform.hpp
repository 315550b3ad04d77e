#pragma once

#include <bit>
#include <limits>

// What the library needs of a platform (docs/platforms.md). Pointers of 32 bits will do: every size in a file
// is checked in 64 bits before it becomes one.
static_assert(std::endian::native == std::endian::little,
              "gruve needs a little-endian processor: its corpora and models are used as they lie in the file");
static_assert(std::numeric_limits<float>::is_iec559 && sizeof(float) == 4, "gruve needs floats of IEEE 754");

// GCC and Clang, clang-cl included, have vector types, and functions for a wider instruction set than the
// program's. Other compilers (MSVC) get none of the fused kernels, and so the plain reference alone.
#if defined(__GNUC__) || defined(__clang__)
#define GRUVE_HAS_VECTORS
#endif
