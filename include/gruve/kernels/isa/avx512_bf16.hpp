#pragma once

#include "gruve/kernels/fused.hpp"
#include "gruve/kernels/isa/amx.hpp"
#include "gruve/kernels/isa/avx512.hpp"
#include "gruve/kernels/isa/target.hpp"

#if defined(GRUVE_HAS_VECTORS) && defined(__x86_64__)
namespace gruve::inline v0_2::kernels {
GRUVE_TARGET_BEGIN("avx512bf16," GRUVE_AVX512)

/// AVX-512 with dot products of bfloat16: products of which both sides are rounded, of vectors or, with AMX,
/// of tiles. All else is avx512's.
namespace avx512_bf16 {
using namespace avx512;
using amx::Tiles;
GRUVE_INLINE IntVector round_bf16(Vector low, Vector high) {
  return reinterpret_cast<IntVector>(
      _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(high), reinterpret_cast<__m512>(low)));
}
GRUVE_INLINE IntVector interleave(IntVector v) {
  const IntVector low = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return reinterpret_cast<IntVector>(_mm512_permutexvar_epi16(
      reinterpret_cast<__m512i>(low | (low + 16) << 16), reinterpret_cast<__m512i>(v)));
}
GRUVE_INLINE Vector dot_bf16(IntVector a, IntVector b, Vector c) {
  // LLVM 16, which is Apple's Clang 15 too, ends in endless recursion over one element that is repeated and
  // then taken for two of bfloat16.
#if defined(__clang__) && \
    (__clang_major__ == 16 || (defined(__apple_build_version__) && __clang_major__ == 15))
  __asm__("" : "+v"(a));
#endif
  return reinterpret_cast<Vector>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(c), reinterpret_cast<__m512bh>(a),
                                                   reinterpret_cast<__m512bh>(b)));
}

#include "gruve/kernels/fused/rounded.inc"

#include "gruve/kernels/fused/bf16.inc"

inline constexpr Kernels<float> kBf16 = bf16_kernels<VectorBlock>("avx512_bf16", avx512::kKernels<Bf16>),
                                kAmx = bf16_kernels<TileBlock>("amx", avx512::kKernels<Bf16>);
}  // namespace avx512_bf16

GRUVE_TARGET_END
}  // namespace gruve::inline v0_2::kernels
#endif
