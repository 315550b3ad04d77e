#pragma once

#include <cstddef>
#include <cstdint>

#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/rounding.hpp"
#include "gruve/kernels/vectors.hpp"

#if defined(__GNUC__)
/// The fused kernels for float: one source (fused.inc), compiled for each instruction set in a namespace of
/// its own.
///
/// The recurrent weights are packed so that one pass yields r, z and n of a group of units in registers,
/// where the gates follow at once; no pre-activation goes back to memory, and the loop over time is inside.
/// ResetGate::before_product needs two passes over the weights, since n waits for all of r.
namespace gruve::kernels {

// What LDTILECFG reads: eight tiles, each 16 rows of 64 bytes. The other eight entries are for processors to
// come.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfiguration) == 64);

namespace baseline {
inline constexpr int kRows = 4;
#include "gruve/kernels/fused.inc"
inline constexpr Kernels<float> kFp32 = kernels_of<Fp32>("baseline"), kBf16 = kernels_of<Bf16>("baseline"),
                                kInt8 = kernels_of<Int8>("baseline");
}  // namespace baseline

#if defined(__x86_64__)

GRUVE_TARGET_BEGIN("avx2,fma")
namespace avx2 {
inline constexpr int kRows = 4;
#include "gruve/kernels/fused.inc"
inline constexpr Kernels<float> kFp32 = kernels_of<Fp32>("avx2"), kBf16 = kernels_of<Bf16>("avx2"),
                                kInt8 = kernels_of<Int8>("avx2");
}  // namespace avx2
GRUVE_TARGET_END
GRUVE_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
namespace avx512 {
inline constexpr int kRows = 8;
#include "gruve/kernels/fused.inc"
inline constexpr Kernels<float> kFp32 = kernels_of<Fp32>("avx512"), kBf16 = kernels_of<Bf16>("avx512"),
                                kInt8 = kernels_of<Int8>("avx512");

#include "gruve/kernels/fused/int8_quads.inc"
inline constexpr Kernels<float> kInt8Quads = kernels_of_quads(kInt8);  // for the sets below

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
}  // namespace avx512
GRUVE_TARGET_END
GRUVE_TARGET_BEGIN("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
// Weights of 8 bits, four of which are multiplied at a time.
namespace avx512_vnni {
using namespace avx512;
GRUVE_INLINE IntVector multiply_quads(IntVector a, IntVector b, IntVector c) {
  return (IntVector)_mm512_dpbusd_epi32((__m512i)c, (__m512i)a, (__m512i)b);
}
#include "gruve/kernels/fused/step.inc"

#include "gruve/kernels/fused/step_quads.inc"

#include "gruve/kernels/fused/rounded.inc"

#include "gruve/kernels/fused/int8.inc"
inline constexpr Kernels<float> kInt8 = int8_kernels<VectorBlock>("avx512_vnni", kInt8Quads),
                                kAmx = int8_kernels<TileBlock>("amx", kInt8Quads);
}  // namespace avx512_vnni
GRUVE_TARGET_END
GRUVE_TARGET_BEGIN("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
namespace avx512_bf16 {
using namespace avx512;
GRUVE_INLINE IntVector round_bf16(Vector low, Vector high) {
  return (IntVector)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}
GRUVE_INLINE IntVector interleave(IntVector v) {
  const IntVector low = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return (IntVector)_mm512_permutexvar_epi16((__m512i)(low | (low + 16) << 16), (__m512i)v);
}
GRUVE_INLINE Vector dot_bf16(IntVector a, IntVector b, Vector c) {
  return (Vector)_mm512_dpbf16_ps((__m512)c, (__m512bh)a, (__m512bh)b);
}

// What available() times: so many steps of chains that hide the latency.
inline void multiply_add_chains(int steps) {
  Vector chains[16] = {};
  for (Vector& chain : chains) __asm__ volatile("" : "+v"(chain));
  for (int step = 0; step < steps; ++step) {
    GRUVE_UNROLL
    for (Vector& chain : chains) chain = multiply_add(chain, chain, chain);
  }
  for (Vector& chain : chains) __asm__ volatile("" : : "v"(chain));
}
inline void dot_chains(int steps) {
  Vector chains[16] = {};
  for (Vector& chain : chains) __asm__ volatile("" : "+v"(chain));
  for (int step = 0; step < steps; ++step) {
    GRUVE_UNROLL
    for (Vector& chain : chains) chain = dot_bf16((IntVector)chain, (IntVector)chain, chain);
  }
  for (Vector& chain : chains) __asm__ volatile("" : : "v"(chain));
}

#include "gruve/kernels/fused/rounded.inc"

#include "gruve/kernels/fused/bf16.inc"
inline constexpr Kernels<float> kBf16 = bf16_kernels<VectorBlock>("avx512_bf16", avx512::kBf16),
                                kAmx = bf16_kernels<TileBlock>("amx", avx512::kBf16);
}  // namespace avx512_bf16
GRUVE_TARGET_END

#endif  // x86-64

}  // namespace gruve::kernels

#endif
