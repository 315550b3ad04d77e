#pragma once

#include "gruve/kernels/isa/target.hpp"

#if defined(GRUVE_HAS_VECTORS) && defined(__x86_64__)
namespace gruve::inline v0_2::kernels {
GRUVE_TARGET_BEGIN(GRUVE_AVX2)

/// AVX2 and FMA: vectors of eight floats.
namespace avx2 {
inline constexpr const char* kName = "avx2";
inline constexpr int kLanes = 8;
inline constexpr bool kFused = true;
inline constexpr int kRows = 4;
using Vector [[gnu::vector_size(32)]] = float;
using IntVector [[gnu::vector_size(32)]] = int;
GRUVE_INLINE Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
GRUVE_INLINE Vector clamp(Vector x, float low, float high) {
  return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), x));
}
GRUVE_INLINE Vector unless_faded(Vector v, Vector x) {
  return reinterpret_cast<Vector>(reinterpret_cast<IntVector>(v) &
                                  ((reinterpret_cast<IntVector>(x) & kFadedBits) != 0));
}
GRUVE_INLINE Vector square_unless_faded(Vector v, Vector x) { return unless_faded(v, x) * v; }
GRUVE_INLINE __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
GRUVE_INLINE Vector load_first(const float* p, int n) { return _mm256_maskload_ps(p, first_lanes(n)); }
GRUVE_INLINE void store_first(float* p, Vector v, int n) { _mm256_maskstore_ps(p, first_lanes(n), v); }
// Half a line of the cache at a time would not be worth it.
GRUVE_INLINE void stream(float* p, Vector v) { __builtin_memcpy(p, &v, sizeof(v)); }
GRUVE_INLINE void finish_streams() {}
GRUVE_INLINE IntVector widen(const void* p) {
  return reinterpret_cast<IntVector>(_mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p))));
}
GRUVE_INLINE IntVector multiply_pairs(IntVector a, IntVector b, IntVector c) {
  return c + reinterpret_cast<IntVector>(
                 _mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
#include "gruve/kernels/fused/vectors.inc"

#include "gruve/kernels/fused/activations.inc"
}  // namespace avx2

GRUVE_TARGET_END
}  // namespace gruve::inline v0_2::kernels
#endif
