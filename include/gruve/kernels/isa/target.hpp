#pragma once

/// What the shells of the instruction sets, the other headers of this folder, are written with.
///
/// A set is a namespace in gruve::kernels, and its shell gives it what its processors can do. The bodies
/// (kernels/fused/*.inc, fixed_gru.inc) are written once and included into the namespaces of all sets
/// (for_each.inc). They use
///   kName   the set's name
///   kLanes  floats in a vector
///   kRows   rows of a register tile
///   Vector, IntVector  of kLanes    multiply_add(a, b, c) = a · b + c
///   kFused  whether that is rounded once. Then the set has the bits of all such sets: no other product may
///   be added to in one expression, which a compiler may fuse
///   clamp(x, low, high)  a NaN passes, since it is neither below nor above
///   unless_faded(v, x)  v where x is at least kFaded (faded.hpp) in magnitude or a NaN, else zero
///   square_unless_faded(v, x)  v² there, else zero
///   load_first(p, n), store_first(p, v, n)  the first n < kLanes lanes, the others zero or left alone
///   stream(p, v)  stores v at p, which is aligned to it, past the caches where that is worth it;
///   finish_streams()  before another thread reads what was stored so
///   widen(p)  2 kLanes bytes at p as integers of 16 bits, a pair in each lane
///   multiply_pairs(a, b, c) = c + the sum of the two products of 16-bit integers in each lane
/// and the sigmoid, tanh and exp of vectors, which are made of these.
///
/// Only loops, arithmetic and vector types stand in a region for wider instructions: a template of the
/// standard library or of Eigen instantiated there could be the copy that the linker keeps for all.
///
/// For every float, sigmoid and tanh are within 2.5 ULP of the exact functions and exp within 1.1, down to
/// the denormal numbers and with infinite results where those are; only the sigmoid is zero already where it
/// is half the smallest normal number, below x = −88.37 (tests/kernels/activations_test.cpp).

#include "gruve/core/platform.hpp"

#if defined(GRUVE_HAS_VECTORS)

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

#include "gruve/kernels/faded.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#if defined(__clang__) && defined(_MSC_VER)
// In clang-cl the header above may leave out what the program is not compiled for.
// clang-format off
#include <avxintrin.h>
#include <avx2intrin.h>
#include <fmaintrin.h>
#include <avx512fintrin.h>
#include <avx512bwintrin.h>
#include <avx512dqintrin.h>
#include <avx512vlintrin.h>
#include <avx512bf16intrin.h>
#include <avx512vnniintrin.h>
// clang-format on
#endif
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#if defined(__x86_64__)
#define GRUVE_AVX2 "avx2,fma"
#if defined(__clang__) && __clang_major__ >= 18 && __clang_major__ <= 20 && !defined(__apple_build_version__)
// Where a compiler names all features that a processor lacks (zig does), vectors of 512 bits have to be asked
// for.
#define GRUVE_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,evex512"
#else
#define GRUVE_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#endif
#endif

#endif
