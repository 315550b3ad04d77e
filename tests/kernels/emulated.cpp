#include "emulated.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "gruve/kernels/fused_training.hpp"
#include "gruve/kernels/isa/amx.hpp"
#include "gruve/kernels/isa/target.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/rounding.hpp"
#include "gruve/kernels/training.hpp"

#undef GRUVE_UNROLL
#define GRUVE_UNROLL  // compiles sooner
// 64-byte vectors without AVX-512 are passed in memory; none leaves this translation unit.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace gruve::kernels::emulated {

inline constexpr const char* kName = "emulated";
inline constexpr int kLanes = 16;
inline constexpr bool kFused = kLanes > 4;
inline constexpr int kRows = 1;
using Vector [[gnu::vector_size(64)]] = float;
using IntVector [[gnu::vector_size(64)]] = int;
// Fused: the product of two floats is exact in double.
GRUVE_INLINE Vector multiply_add(Vector a, Vector b, Vector c) {
  for (int i = 0; i < kLanes; ++i) c[i] = static_cast<float>(double{a[i]} * double{b[i]} + double{c[i]});
  return c;
}
GRUVE_INLINE Vector clamp(Vector x, float low, float high) {
  x = x < low ? low - Vector{} : x;
  return x > high ? high - Vector{} : x;
}
GRUVE_INLINE Vector unless_faded(Vector v, Vector x) {
  return (Vector)((IntVector)v & (((IntVector)x & kFadedBits) != 0));
}
GRUVE_INLINE Vector square_unless_faded(Vector v, Vector x) { return unless_faded(v, x) * v; }
GRUVE_INLINE void stream(float* p, Vector v) { __builtin_memcpy(p, &v, sizeof(v)); }
GRUVE_INLINE void finish_streams() {}
GRUVE_INLINE Vector load_first(const float* p, int n) {
  Vector v = {};
  for (int i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
GRUVE_INLINE void store_first(float* p, Vector v, int n) {
  for (int i = 0; i < n; ++i) p[i] = v[i];
}
// For 8-bit weights of a set without VNNI, which is not here.
GRUVE_INLINE IntVector widen(const void*) { return IntVector{}; }
GRUVE_INLINE IntVector multiply_pairs(IntVector, IntVector, IntVector) { return IntVector{}; }

#include "gruve/kernels/fused/vectors.inc"

#include "gruve/kernels/fused/activations.inc"

#include "gruve/kernels/fused.inc"

#include "gruve/kernels/fused_training.inc"

#include "gruve/kernels/fused/int8_quads.inc"

// As the instructions of bfloat16 see a number: denormal ones are zero.
inline float flush(float x) { return std::fabs(x) < std::numeric_limits<float>::min() ? 0.0f * x : x; }

using Elements = std::uint16_t[2 * kLanes];

// VCVTNE2PS2BF16
GRUVE_INLINE IntVector round_bf16(Vector low, Vector high) {
  Elements elements;
  for (int i = 0; i < kLanes; ++i) {
    elements[i] = to_bfloat16(flush(low[i]));
    elements[kLanes + i] = to_bfloat16(flush(high[i]));
  }
  return std::bit_cast<IntVector>(elements);
}

// VPERMW
GRUVE_INLINE IntVector interleave(IntVector v) {
  Elements from, to;
  std::memcpy(from, &v, sizeof from);
  for (int i = 0; i < kLanes; ++i) {
    to[2 * i] = from[i];
    to[2 * i + 1] = from[kLanes + i];
  }
  return std::bit_cast<IntVector>(to);
}

// VDPBF16PS: the odd product first, each sum rounded.
GRUVE_INLINE Vector dot_bf16(IntVector a, IntVector b, Vector c) {
  Elements left, right;
  std::memcpy(left, &a, sizeof left);
  std::memcpy(right, &b, sizeof right);
  for (int i = 0; i < kLanes; ++i) {
    const auto product = [&](int j) {
      return flush(from_bfloat16(left[j])) * flush(from_bfloat16(right[j]));
    };
    c[i] = flush(flush(c[i]) + product(2 * i + 1));  // a product of two bfloat16 is exact in float
    c[i] = flush(c[i] + product(2 * i));
  }
  return c;
}

// VPDPBUSD
GRUVE_INLINE IntVector multiply_quads(IntVector a, IntVector b, IntVector c) {
  unsigned char left[4 * kLanes];
  signed char right[4 * kLanes];
  std::memcpy(left, &a, sizeof left);
  std::memcpy(right, &b, sizeof right);
  for (int i = 0; i < 4 * kLanes; ++i) c[i / 4] += left[i] * right[i];
  return c;
}

// The tile registers as LDTILECFG with palette 1 gives them, each of the shape that it was configured for.
// What would fault, or mix shapes, throws.
class Tiles {
 public:
  Tiles() {
    const TileConfiguration configuration;
    std::uint8_t bytes[64];
    std::memcpy(bytes, &configuration, sizeof bytes);
    check(bytes[0] == 1 && bytes[1] == 0);
    for (int i = 2; i < 16; ++i) check(bytes[i] == 0);
    for (int tile = 0; tile < 16; ++tile) {
      const int row_bytes = bytes[16 + 2 * tile] + 256 * bytes[17 + 2 * tile], rows = bytes[48 + tile];
      check((rows == 0) == (row_bytes == 0) && rows <= 16 && row_bytes <= 64 && (tile < 8 || rows == 0));
      if (tile < 8) registers_[tile] = {.rows = rows, .row_bytes = row_bytes, .bytes = {}};
    }
  }

  template <int kTile>
  void zero() {
    std::memset(registers_[kTile].bytes, 0, sizeof(Register::bytes));
  }
  template <int kTile>
  void load(const void* p, std::ptrdiff_t row_bytes) {
    zero<kTile>();
    Register& tile = registers_[kTile];
    for (int row = 0; row < tile.rows; ++row)
      std::memcpy(tile.bytes[row], static_cast<const char*>(p) + row * row_bytes,
                  static_cast<std::size_t>(tile.row_bytes));
  }
  template <int kTile>
  void store(float* p, std::ptrdiff_t row_floats) {
    const Register& tile = registers_[kTile];
    for (int row = 0; row < tile.rows; ++row)
      std::memcpy(p + row * row_floats, tile.bytes[row], static_cast<std::size_t>(tile.row_bytes));
  }
  // TDPBF16PS: even and odd products in sums of their own, which then join.
  template <int kSum, int kLeft, int kRight>
  void multiply_bf16() {
    check_shapes(registers_[kSum], registers_[kLeft], registers_[kRight]);
    Register& c = registers_[kSum];
    const Register &a = registers_[kLeft], &b = registers_[kRight];
    float left[16][32] = {}, right[2][16][kLanes] = {};
    for (int m = 0; m < a.rows; ++m)
      for (int k = 0; k < a.row_bytes / 2; ++k) left[m][k] = element(a.bytes[m], k);
    for (int k = 0; k < b.rows; ++k)
      for (int n = 0; n < b.row_bytes / 2; ++n) right[n % 2][k][n / 2] = element(b.bytes[k], n);
    for (int m = 0; m < c.rows; ++m) {
      float sums[2][kLanes] = {};
      for (int k = 0; k < b.rows; ++k)
        for (int odd = 0; odd < 2; ++odd)
          for (int n = 0; n < kLanes; ++n)
            sums[odd][n] = flush(sums[odd][n] + left[m][2 * k + odd] * right[odd][k][n]);
      for (int n = 0; n < c.row_bytes / 4; ++n) {
        float sum;
        std::memcpy(&sum, c.bytes[m] + 4 * n, sizeof sum);
        sum = flush(flush(sum) + flush(sums[0][n] + sums[1][n]));
        std::memcpy(c.bytes[m] + 4 * n, &sum, sizeof sum);
      }
    }
  }
  // TDPBUSD: unsigned bytes of the left side, signed ones of the right.
  template <int kSum, int kLeft, int kRight>
  void multiply_int8() {
    check_shapes(registers_[kSum], registers_[kLeft], registers_[kRight]);
    Register& c = registers_[kSum];
    const Register &a = registers_[kLeft], &b = registers_[kRight];
    for (int m = 0; m < c.rows; ++m) {
      for (int n = 0; n < c.row_bytes / 4; ++n) {
        std::int32_t sum;
        std::memcpy(&sum, c.bytes[m] + 4 * n, sizeof sum);
        for (int k = 0; k < a.row_bytes; ++k)
          sum += a.bytes[m][k] * static_cast<std::int8_t>(b.bytes[k / 4][4 * n + k % 4]);
        std::memcpy(c.bytes[m] + 4 * n, &sum, sizeof sum);
      }
    }
  }

 private:
  struct Register {
    int rows;
    int row_bytes;
    std::uint8_t bytes[16][64];
  };

  static void check(bool holds) {
    if (!holds) throw std::logic_error("the processor would refuse this use of tiles");
  }
  static void check_shapes(const Register& c, const Register& a, const Register& b) {
    check(a.rows == c.rows && a.row_bytes == 4 * b.rows && b.row_bytes == c.row_bytes &&
          a.row_bytes % 4 == 0);
  }
  static float element(const std::uint8_t* row, int i) {
    std::uint16_t bits;
    std::memcpy(&bits, row + 2 * i, sizeof bits);
    return flush(from_bfloat16(bits));
  }

  Register registers_[8];
};

#include "gruve/kernels/fused/rounded.inc"

#include "gruve/kernels/fused/bf16.inc"

#include "gruve/kernels/fused/bf16_transposed.inc"
constexpr Kernels<float> kBf16 = bf16_kernels<VectorBlock>("avx512_bf16 emulated", kKernels<Bf16>);
constexpr Kernels<float> kAmxBf16 = bf16_kernels<TileBlock>("amx emulated", kKernels<Bf16>);
constexpr TrainingKernels<float> kTrainingBf16 =
    bf16_training_kernels<VectorBlock>(kBf16.name, kTrainingKernels<Bf16>);
constexpr TrainingKernels<float> kTrainingAmxBf16 =
    bf16_training_kernels<TileBlock>(kAmxBf16.name, kTrainingKernels<Bf16>);

#include "gruve/kernels/fused/step_quads.inc"

#include "gruve/kernels/fused/int8.inc"
constexpr Kernels<float> kInt8 = int8_kernels<VectorBlock>("avx512_vnni emulated");
constexpr Kernels<float> kAmxInt8 = int8_kernels<TileBlock>("amx emulated");

const TrainingKernels<float>& training_kernels_of(const Kernels<float>& kernels) {
  if (kernels.name == kBf16.name) return kTrainingBf16;
  if (kernels.name == kAmxBf16.name && kernels.precision == Precision::bf16) return kTrainingAmxBf16;
  return kernels::training_kernels_of(kernels);
}

}  // namespace gruve::kernels::emulated
