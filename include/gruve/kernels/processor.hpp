#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

/// Which instructions the processor has that the program runs on, and the system lets it use.
namespace gruve::inline v0_1::kernels::processor {

#if defined(__x86_64__) && defined(__GNUC__)

/// With fused multiply-add.
inline bool has_avx2() noexcept { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

/// With the instructions for bytes, words and short vectors.
inline bool has_avx512() noexcept {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

/// With dot products of bytes.
inline bool has_avx512_vnni() noexcept { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
/// With dot products of bfloat16.
inline bool has_avx512_bf16() noexcept { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }

namespace internal {

// Linux gives a process, and all threads of it, the tile registers of AMX when it asks; it refuses where an
// alternate signal stack is too small to save them, or where it is configured to. So this is asked for only
// by a program that wants weights of fewer bits, or AMX by name.
inline bool may_use_tiles() noexcept {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

inline bool has_tiles_of(unsigned elements) noexcept {
  constexpr unsigned kAmxTile = 1u << 24;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & elements) != 0 &&
         (edx & kAmxTile) != 0 && may_use_tiles();
}

}  // namespace internal

/// Tiles of bfloat16 and of bytes. On Linux this asks for the permission to use them, for the whole process.
inline bool has_amx_bf16() noexcept { return has_avx512_bf16() && internal::has_tiles_of(1u << 22); }
/// With tiles of bytes; asks the system for them.
inline bool has_amx_int8() noexcept { return has_avx512_vnni() && internal::has_tiles_of(1u << 25); }

#else

/// With fused multiply-add.
inline bool has_avx2() noexcept { return false; }
inline bool has_avx512() noexcept { return false; }
inline bool has_avx512_vnni() noexcept { return false; }
inline bool has_avx512_bf16() noexcept { return false; }
inline bool has_amx_bf16() noexcept { return false; }
inline bool has_amx_int8() noexcept { return false; }

#endif

}  // namespace gruve::inline v0_1::kernels::processor
