#pragma once

#include "gruve/kernels/isa/target.hpp"

#if defined(GRUVE_HAS_VECTORS)
namespace gruve::inline v0_2::kernels {

/// What every processor has: vectors of four floats (SSE2, NEON, WebAssembly).
namespace baseline {
inline constexpr const char* kName = "baseline";
inline constexpr int kLanes = 4;
#if defined(__FMA__) || defined(__aarch64__)
inline constexpr bool kFused = true;
#else
inline constexpr bool kFused = false;
#endif
inline constexpr int kRows = 4;
using Vector [[gnu::vector_size(16)]] = float;
using IntVector [[gnu::vector_size(16)]] = int;
GRUVE_INLINE Vector multiply_add(Vector a, Vector b, Vector c) {
#if defined(__FMA__)
  return _mm_fmadd_ps(a, b, c);
#elif defined(__aarch64__)
  return reinterpret_cast<Vector>(vfmaq_f32(
      reinterpret_cast<float32x4_t>(c), reinterpret_cast<float32x4_t>(a), reinterpret_cast<float32x4_t>(b)));
#else
  return a * b + c;
#endif
}
GRUVE_INLINE Vector clamp(Vector x, float low, float high) {
#if defined(__SSE2__)
  return _mm_min_ps(_mm_set1_ps(high), _mm_max_ps(_mm_set1_ps(low), x));
#else
  x = x < low ? low - Vector{} : x;
  return x > high ? high - Vector{} : x;
#endif
}
GRUVE_INLINE Vector unless_faded(Vector v, Vector x) {
  return reinterpret_cast<Vector>(reinterpret_cast<IntVector>(v) &
                                  ((reinterpret_cast<IntVector>(x) & kFadedBits) != 0));
}
GRUVE_INLINE Vector square_unless_faded(Vector v, Vector x) { return unless_faded(v, x) * v; }
// The loops are over all lanes: of one that ends at an n known at compile time g++ 12 warns.
GRUVE_INLINE Vector load_first(const float* p, int n) {
  Vector v = {};
  for (int i = 0; i < kLanes; ++i)
    if (i < n) v[i] = p[i];
  return v;
}
GRUVE_INLINE void store_first(float* p, Vector v, int n) {
  for (int i = 0; i < kLanes; ++i)
    if (i < n) p[i] = v[i];
}
GRUVE_INLINE void stream(float* p, Vector v) { __builtin_memcpy(p, &v, sizeof(v)); }
GRUVE_INLINE void finish_streams() {}
GRUVE_INLINE IntVector widen(const void* p) {
  signed char bytes [[gnu::vector_size(8)]];
  using Shorts [[gnu::vector_size(16)]] = short;
  __builtin_memcpy(&bytes, p, sizeof(bytes));
  return reinterpret_cast<IntVector>(__builtin_convertvector(bytes, Shorts));
}
GRUVE_INLINE IntVector multiply_pairs(IntVector a, IntVector b, IntVector c) {
#if defined(__SSE2__)
  return c + reinterpret_cast<IntVector>(
                 _mm_madd_epi16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return c + ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
#endif
}
#include "gruve/kernels/fused/vectors.inc"

#include "gruve/kernels/fused/activations.inc"
}  // namespace baseline

}  // namespace gruve::inline v0_2::kernels
#endif
