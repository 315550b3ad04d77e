#pragma once

#include <cstddef>
#include <cstdint>

#include "gruve/kernels/isa/target.hpp"

#if defined(GRUVE_HAS_VECTORS)
namespace gruve::inline v0_2::kernels {

/// What LDTILECFG reads: eight tiles, each 16 rows of 64 bytes. The other eight entries are for processors to
/// come.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfiguration) == 64);

#if defined(__x86_64__)
/// AMX: registers of two dimensions, for the products of avx512_bf16.hpp and avx512_vnni.hpp.
namespace amx {

// Written as assembly since the intrinsics of g++ 12 are: it passes the number of a register only as a
// literal, and does not tell the compiler that a tile reads and writes memory.
struct Tiles {
  Tiles() {
    const TileConfiguration configuration;
    __asm__ volatile("ldtilecfg %0" : : "m"(configuration));
  }
  ~Tiles() { __asm__ volatile("tilerelease"); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  template <int kTile>
  GRUVE_INLINE void zero() {
    __asm__ volatile("{tilezero %%tmm%c0|tilezero tmm%c0}" : : "i"(kTile));
  }
  template <int kTile>
  GRUVE_INLINE void load(const void* p, std::ptrdiff_t row_bytes) {
    __asm__ volatile("{tileloadd (%0,%1,1), %%tmm%c2|tileloadd tmm%c2, [%0+%1*1]}"
                     :
                     : "r"(p), "r"(row_bytes), "i"(kTile)
                     : "memory");
  }
  template <int kTile>
  GRUVE_INLINE void store(float* p, std::ptrdiff_t row_floats) {
    const std::ptrdiff_t row_bytes = row_floats * static_cast<std::ptrdiff_t>(sizeof(float));
    __asm__ volatile("{tilestored %%tmm%c2, (%0,%1,1)|tilestored [%0+%1*1], tmm%c2}"
                     :
                     : "r"(p), "r"(row_bytes), "i"(kTile)
                     : "memory");
  }
  template <int kSum, int kLeft, int kRight>
  GRUVE_INLINE void multiply_bf16() {
    __asm__ volatile("{tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0|tdpbf16ps tmm%c0, tmm%c1, tmm%c2}"
                     :
                     : "i"(kSum), "i"(kLeft), "i"(kRight));
  }
  template <int kSum, int kLeft, int kRight>
  GRUVE_INLINE void multiply_int8() {
    __asm__ volatile("{tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0|tdpbusd tmm%c0, tmm%c1, tmm%c2}"
                     :
                     : "i"(kSum), "i"(kLeft), "i"(kRight));
  }
};

}  // namespace amx
#endif

}  // namespace gruve::inline v0_2::kernels
#endif
