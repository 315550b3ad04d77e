#pragma once

#include "gruve/kernels/fused.hpp"
#include "gruve/kernels/isa/amx.hpp"
#include "gruve/kernels/isa/avx512.hpp"
#include "gruve/kernels/isa/target.hpp"

#if defined(GRUVE_HAS_VECTORS) && defined(__x86_64__)
namespace gruve::inline v0_2::kernels {
GRUVE_TARGET_BEGIN("avx512vnni," GRUVE_AVX512)

/// AVX-512 with dot products of bytes, for weights of 8 bits: of vectors or, with AMX, of tiles. Vectors and
/// activations are avx512's, the body is its own.
namespace avx512_vnni {
using namespace avx512;
using amx::Tiles;
GRUVE_INLINE IntVector multiply_quads(IntVector a, IntVector b, IntVector c) {
  return reinterpret_cast<IntVector>(_mm512_dpbusd_epi32(
      reinterpret_cast<__m512i>(c), reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
#include "gruve/kernels/fused.inc"

#include "gruve/kernels/fused/int8_quads.inc"

#include "gruve/kernels/fused/step_quads.inc"

#include "gruve/kernels/fused/rounded.inc"

#include "gruve/kernels/fused/int8.inc"

inline constexpr Kernels<float> kInt8 = int8_kernels<VectorBlock>("avx512_vnni"),
                                kAmx = int8_kernels<TileBlock>("amx");
}  // namespace avx512_vnni

GRUVE_TARGET_END
}  // namespace gruve::inline v0_2::kernels
#endif
