// The machine's limits, measured: multiply-adds per second, of floats, bfloat16 and bytes, and bytes per
// second from each level of the cache.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#if defined(__unix__)
#include <unistd.h>
#endif

#include "gruve/core/aligned.hpp"
#include "gruve/kernels/isa/target.hpp"
#include "gruve/kernels/precisions.hpp"

namespace gruve::bench {

using kernels::Precision;

/// The minimum, median and maximum of several measurements.
struct Series {
  double min = 0;
  double median = 0;
  double max = 0;

  explicit Series(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    min = values.front();
    median = values[values.size() / 2];
    max = values.back();
  }
};

inline double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Seconds per call: `repeats` measurements of a block of calls that takes about `seconds`.
inline Series seconds_per_call(int repeats, double seconds, const std::function<void()>& call) {
  call();
  const double once = seconds_of(call);
  const int calls = std::max(1, static_cast<int>(seconds / std::max(once, 1e-9)));
  std::vector<double> values;
  for (int i = 0; i < repeats; ++i)
    values.push_back(seconds_of([&] {
                       for (int n = 0; n < calls; ++n) call();
                     }) /
                     calls);
  return Series(values);
}

/// Seconds until all of `threads` threads, started together, have finished work(thread).
inline double seconds_of_threads(int threads, const std::function<void(int)>& work) {
  std::atomic<int> ready = 0;
  std::atomic<bool> go = false;
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      ++ready;
      // Under a real-time policy a thread that spins keeps its core from the others for ever.
      while (!go) std::this_thread::yield();
      work(t);
    });
  while (ready < threads) std::this_thread::yield();
  return seconds_of([&] {
    go = true;
    for (std::thread& thread : running) thread.join();
  });
}

#if defined(__aarch64__)
#define GRUVE_MULTIPLY_ADD "fmla %0.4s, %1.4s, %2.4s"
#define GRUVE_REGISTER "w"
#else
#define GRUVE_MULTIPLY_ADD "vfmadd231ps %1, %2, %0"
#define GRUVE_REGISTER "v"
#endif

namespace internal {

namespace baseline {
using Vector [[gnu::vector_size(16)]] = float;
inline constexpr int kChains = 12;
#if defined(__aarch64__)
inline constexpr bool kFused = true;
#else
inline constexpr bool kFused = false;
#endif
#include "limits.inc"
}  // namespace baseline

#if defined(__x86_64__)
GRUVE_TARGET_BEGIN(GRUVE_AVX2)
namespace avx2 {
using Vector [[gnu::vector_size(32)]] = float;
inline constexpr int kChains = 12;
inline constexpr bool kFused = true;
#include "limits.inc"
}  // namespace avx2
GRUVE_TARGET_END

GRUVE_TARGET_BEGIN(GRUVE_AVX512)
namespace avx512 {
using Vector [[gnu::vector_size(64)]] = float;
inline constexpr int kChains = 24;
inline constexpr bool kFused = true;
#include "limits.inc"

// Products of 32 bfloat16 or of 64 bytes, all zero. In assembly, so that no compiler copies the chains.
template <Precision kElements>
double dots(long n) {
  Vector chain[kChains] = {}, elements = {};
  for (long i = 0; i < n; ++i)
#pragma GCC unroll 32
    for (int k = 0; k < kChains; ++k)
      if constexpr (kElements == Precision::bf16)
        asm volatile("vdpbf16ps %1, %1, %0" : "+v"(chain[k]) : "v"(elements));
      else
        asm volatile("vpdpbusd %1, %1, %0" : "+v"(chain[k]) : "v"(elements));
  return 2.0 * kChains * (kElements == Precision::bf16 ? 32 : 64) * static_cast<double>(n);
}
}  // namespace avx512
GRUVE_TARGET_END

// With AMX: four tiles of 16 by 16 sums, each a chain. The process must have permission to use tiles.
template <Precision kElements>
inline double tile_products(long n) {
  struct alignas(64) {
    unsigned char palette = 1, reserved[15] = {};
    unsigned short row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    unsigned char rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } const configuration;
  asm volatile(
      "ldtilecfg %0\n\ttilezero %%tmm0\n\ttilezero %%tmm1\n\ttilezero %%tmm2\n\ttilezero %%tmm3\n\t"
      "tilezero %%tmm4\n\ttilezero %%tmm5\n\ttilezero %%tmm6\n\ttilezero %%tmm7"
      :
      : "m"(configuration));
  for (long i = 0; i < n; ++i) {
    if constexpr (kElements == Precision::bf16)
      asm volatile(
          "tdpbf16ps %tmm6, %tmm4, %tmm0\n\ttdpbf16ps %tmm7, %tmm4, %tmm1\n\t"
          "tdpbf16ps %tmm6, %tmm5, %tmm2\n\ttdpbf16ps %tmm7, %tmm5, %tmm3");
    else
      asm volatile(
          "tdpbusd %tmm6, %tmm4, %tmm0\n\ttdpbusd %tmm7, %tmm4, %tmm1\n\t"
          "tdpbusd %tmm6, %tmm5, %tmm2\n\ttdpbusd %tmm7, %tmm5, %tmm3");
  }
  asm volatile("tilerelease");
  return 2.0 * 4 * 16 * 16 * (kElements == Precision::bf16 ? 32 : 64) * static_cast<double>(n);
}
#endif

}  // namespace internal

/// A kind of multiply-add instruction that the processor has.
struct MultiplyAdds {
  const char* name;
  Precision precision;  // of both factors
  double (*work)(long);
};

/// The kinds of this processor: of floats on the widest vectors; of bfloat16 and of bytes on vectors (dot)
/// and with AMX.
inline std::vector<MultiplyAdds> multiply_add_kinds() {
  std::vector<MultiplyAdds> kinds = {{"fp32_fma", Precision::fp32, internal::baseline::multiply_adds}};
#if defined(__x86_64__)
  using namespace internal;
  if (kernels::processor::has_avx2()) kinds[0].work = avx2::multiply_adds;
  if (kernels::processor::has_avx512()) kinds[0].work = avx512::multiply_adds;
  if (kernels::processor::has_avx512_bf16())
    kinds.push_back({"bf16_dot", Precision::bf16, avx512::dots<Precision::bf16>});
  if (kernels::processor::has_avx512_vnni())
    kinds.push_back({"int8_dot", Precision::int8, avx512::dots<Precision::int8>});
  // The kernels have asked for the permission to use tiles already.
  if (kernels::find("amx", Precision::bf16) != nullptr)
    kinds.push_back({"bf16_amx", Precision::bf16, tile_products<Precision::bf16>});
  if (kernels::find("amx", Precision::int8) != nullptr)
    kinds.push_back({"int8_amx", Precision::int8, tile_products<Precision::int8>});
#endif
  return kinds;
}

/// GFLOP/s (for bytes: billions of integer operations per second) of `threads` threads that do only these.
inline Series peak(const MultiplyAdds& kind, int threads, int repeats = 5) {
  std::vector<double> values;
  for (int i = 0; i <= repeats; ++i) {
    constexpr long kIterations = 2'000'000;
    std::atomic<double> flop = 0;
    const double seconds = seconds_of_threads(threads, [&](int) { flop = kind.work(kIterations); });
    if (i > 0) values.push_back(flop * threads / seconds * 1e-9);  // the first warms up
  }
  return Series(values);
}

/// The same for the fastest kind that can multiply weights of a precision: the kind of that precision, or
/// floats, to which weights of fewer bits can be widened.
inline double fastest_peak(Precision precision, int threads) {
  double fastest = 0;
  for (const MultiplyAdds& kind : multiply_add_kinds())
    if (kind.precision == precision || kind.precision == Precision::fp32)
      fastest = std::max(fastest, peak(kind, threads).median);
  return fastest;
}

/// GB/s, summed over `threads` threads, of which each reads a buffer of its own of `bytes` bytes repeatedly.
inline Series read_bandwidth(std::size_t bytes, int threads, int repeats = 5) {
  void (*work)(const float*, std::size_t, long) = internal::baseline::read_all;
#if defined(__x86_64__)
  if (kernels::processor::has_avx2()) work = internal::avx2::read_all;
  if (kernels::processor::has_avx512()) work = internal::avx512::read_all;
#endif
  const auto size = (bytes + 255) / 256 * 256;
  const std::vector<AlignedVector<float>> buffers(static_cast<std::size_t>(threads),
                                                  AlignedVector<float>(size / 4));
  const long passes = std::max(1L, static_cast<long>(5e8 / static_cast<double>(size)));
  std::vector<double> values;
  for (int i = 0; i <= repeats; ++i) {
    const double seconds = seconds_of_threads(
        threads, [&](int t) { work(buffers[static_cast<std::size_t>(t)].data(), size / 4, passes); });
    if (i > 0)
      values.push_back(static_cast<double>(size) * static_cast<double>(passes) * threads / seconds * 1e-9);
  }
  return Series(values);
}

/// Bytes of the data caches of a core, level 1 to 3; 0 if they are unknown.
inline std::size_t cache_size(int level) {
  long size = 0;
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  constexpr int kNames[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
  size = ::sysconf(kNames[level - 1]);
#else
  static_cast<void>(level);
#endif
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

}  // namespace gruve::bench
