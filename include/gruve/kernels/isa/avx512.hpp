#pragma once

#include "gruve/kernels/isa/target.hpp"

#if defined(GRUVE_HAS_VECTORS) && defined(__x86_64__)
namespace gruve::inline v0_2::kernels {
GRUVE_TARGET_BEGIN(GRUVE_AVX512)

/// AVX-512 with the instructions for bytes, words and short vectors: sixteen floats.
namespace avx512 {
inline constexpr const char* kName = "avx512";
inline constexpr int kLanes = 16;
inline constexpr bool kFused = true;
inline constexpr int kRows = 8;
using Vector [[gnu::vector_size(64)]] = float;
using IntVector [[gnu::vector_size(64)]] = int;
GRUVE_INLINE Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
GRUVE_INLINE Vector clamp(Vector x, float low, float high) {
  // Masked by all ones, since of the plain ones g++ 12 warns that they use what has no value.
  const __mmask16 all = 0xFFFF;
  return _mm512_maskz_min_ps(all, _mm512_set1_ps(high), _mm512_maskz_max_ps(all, _mm512_set1_ps(low), x));
}
GRUVE_INLINE Vector unless_faded(Vector v, Vector x) {
  return _mm512_maskz_mov_ps(
      _mm512_test_epi32_mask(reinterpret_cast<__m512i>(x), _mm512_set1_epi32(kFadedBits)), v);
}
GRUVE_INLINE Vector square_unless_faded(Vector v, Vector x) {
  return _mm512_maskz_mul_ps(
      _mm512_test_epi32_mask(reinterpret_cast<__m512i>(x), _mm512_set1_epi32(kFadedBits)), v, v);
}
GRUVE_INLINE __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1); }
GRUVE_INLINE Vector load_first(const float* p, int n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
GRUVE_INLINE void store_first(float* p, Vector v, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
GRUVE_INLINE void stream(float* p, Vector v) { _mm512_stream_ps(p, v); }
GRUVE_INLINE void finish_streams() { _mm_sfence(); }
GRUVE_INLINE IntVector widen(const void* p) {
  return reinterpret_cast<IntVector>(
      _mm512_cvtepi8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(p))));
}
GRUVE_INLINE IntVector multiply_pairs(IntVector a, IntVector b, IntVector c) {
  return c + reinterpret_cast<IntVector>(
                 _mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
#include "gruve/kernels/fused/vectors.inc"

#include "gruve/kernels/fused/activations.inc"
}  // namespace avx512

GRUVE_TARGET_END
}  // namespace gruve::inline v0_2::kernels
#endif
