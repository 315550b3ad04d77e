#pragma once

#include <cstddef>

#if defined(__GNUC__)  // GCC and Clang: vector types, and functions for a wider instruction set than the
                       // program's

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define GRUVE_INLINE [[gnu::always_inline]] inline
#define GRUVE_PRAGMA(...) _Pragma(#__VA_ARGS__)
// Functions between GRUVE_TARGET_BEGIN and GRUVE_TARGET_END are compiled for these instructions, whatever the
// program is compiled for.
#if defined(__clang__)
#define GRUVE_UNROLL _Pragma("clang loop unroll(full)")
#define GRUVE_TARGET_BEGIN(features) \
  GRUVE_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define GRUVE_TARGET_END GRUVE_PRAGMA(clang attribute pop)
#else
#define GRUVE_UNROLL _Pragma("GCC unroll 32")
#define GRUVE_TARGET_BEGIN(features) GRUVE_PRAGMA(GCC push_options) GRUVE_PRAGMA(GCC target(features))
#define GRUVE_TARGET_END GRUVE_PRAGMA(GCC pop_options)
#endif

/// What the kernels of each instruction set are made of, in a namespace of its own:
/// sigmoid, tanh and exp of vectors, and
///   kLanes  floats in a vector
///   Vector, IntVector  of kLanes    multiply_add(a, b, c) = a · b + c
///   clamp(x, low, high)  a NaN passes, since it is neither below nor above
///   load_first(p, n), store_first(p, v, n)  the first n < kLanes lanes, the others zero or left alone
///   stream(p, v)  stores v at p, which is aligned to it, past the caches where that is worth it;
///   finish_streams()  before another thread reads what was stored so
///   widen(p)  2 kLanes bytes at p as integers of 16 bits, a pair in each lane
///   multiply_pairs(a, b, c) = c + the sum of the two products of 16-bit integers in each lane
/// Only loops, arithmetic and vector types stand in a region for wider instructions: a template of the
/// standard library or of Eigen instantiated there could be the copy that the linker keeps for all.
///
/// For every float, sigmoid and tanh are within 2.5 ULP of the exact functions and exp within 1.1, down to
/// the denormal numbers and with infinite results where those are; only the sigmoid is zero already where it
/// is half the smallest normal number, below x = −88.37 (tests/kernels/activations_test.cpp).
namespace gruve::kernels {

// What every processor has: vectors of four floats (SSE2, NEON, WebAssembly).
namespace baseline {
inline constexpr int kLanes = 4;
using Vector [[gnu::vector_size(16)]] = float;
using IntVector [[gnu::vector_size(16)]] = int;
GRUVE_INLINE Vector multiply_add(Vector a, Vector b, Vector c) { return a * b + c; }
GRUVE_INLINE Vector clamp(Vector x, float low, float high) {
#if defined(__SSE2__)
  return _mm_min_ps(_mm_set1_ps(high), _mm_max_ps(_mm_set1_ps(low), x));
#else
  x = x < low ? low - Vector{} : x;
  return x > high ? high - Vector{} : x;
#endif
}
// n < kLanes is said in the loops too: with an n known at compile time g++ warns of branches never taken.
GRUVE_INLINE Vector load_first(const float* p, int n) {
  Vector v = {};
  for (int i = 0; i < n && i < kLanes; ++i) v[i] = p[i];
  return v;
}
GRUVE_INLINE void store_first(float* p, Vector v, int n) {
  for (int i = 0; i < n && i < kLanes; ++i) p[i] = v[i];
}
GRUVE_INLINE void stream(float* p, Vector v) { __builtin_memcpy(p, &v, sizeof(v)); }
GRUVE_INLINE void finish_streams() {}
GRUVE_INLINE IntVector widen(const void* p) {
  signed char bytes [[gnu::vector_size(8)]];
  using Shorts [[gnu::vector_size(16)]] = short;
  __builtin_memcpy(&bytes, p, sizeof(bytes));
  return (IntVector) __builtin_convertvector(bytes, Shorts);
}
GRUVE_INLINE IntVector multiply_pairs(IntVector a, IntVector b, IntVector c) {
#if defined(__SSE2__)
  return c + (IntVector)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
  return c + ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
#endif
}
#include "gruve/kernels/fused/vectors.inc"

#include "gruve/kernels/fused/activations.inc"
}  // namespace baseline

#if defined(__x86_64__)

GRUVE_TARGET_BEGIN("avx2,fma")
namespace avx2 {
inline constexpr int kLanes = 8;
using Vector [[gnu::vector_size(32)]] = float;
using IntVector [[gnu::vector_size(32)]] = int;
GRUVE_INLINE Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
GRUVE_INLINE Vector clamp(Vector x, float low, float high) {
  return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), x));
}
GRUVE_INLINE __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
GRUVE_INLINE Vector load_first(const float* p, int n) { return _mm256_maskload_ps(p, first_lanes(n)); }
GRUVE_INLINE void store_first(float* p, Vector v, int n) { _mm256_maskstore_ps(p, first_lanes(n), v); }
// Half a line of the cache at a time would not be worth it.
GRUVE_INLINE void stream(float* p, Vector v) { __builtin_memcpy(p, &v, sizeof(v)); }
GRUVE_INLINE void finish_streams() {}
GRUVE_INLINE IntVector widen(const void* p) {
  return (IntVector)_mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
GRUVE_INLINE IntVector multiply_pairs(IntVector a, IntVector b, IntVector c) {
  return c + (IntVector)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
#include "gruve/kernels/fused/vectors.inc"

#include "gruve/kernels/fused/activations.inc"
}  // namespace avx2
GRUVE_TARGET_END

GRUVE_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
namespace avx512 {
inline constexpr int kLanes = 16;
using Vector [[gnu::vector_size(64)]] = float;
using IntVector [[gnu::vector_size(64)]] = int;
GRUVE_INLINE Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
GRUVE_INLINE Vector clamp(Vector x, float low, float high) {
  // Masked by all ones, since of the plain ones g++ 12 warns that they use what has no value.
  const __mmask16 all = 0xFFFF;
  return _mm512_maskz_min_ps(all, _mm512_set1_ps(high), _mm512_maskz_max_ps(all, _mm512_set1_ps(low), x));
}
GRUVE_INLINE __mmask16 first_lanes(int n) { return static_cast<__mmask16>((1u << n) - 1); }
GRUVE_INLINE Vector load_first(const float* p, int n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
GRUVE_INLINE void store_first(float* p, Vector v, int n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
GRUVE_INLINE void stream(float* p, Vector v) { _mm512_stream_ps(p, v); }
GRUVE_INLINE void finish_streams() { _mm_sfence(); }
GRUVE_INLINE IntVector widen(const void* p) {
  return (IntVector)_mm512_cvtepi8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
GRUVE_INLINE IntVector multiply_pairs(IntVector a, IntVector b, IntVector c) {
  return c + (IntVector)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}
#include "gruve/kernels/fused/vectors.inc"

#include "gruve/kernels/fused/activations.inc"
}  // namespace avx512
GRUVE_TARGET_END

#endif  // x86-64

}  // namespace gruve::kernels

#endif
