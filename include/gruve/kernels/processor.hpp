#pragma once

#include <cstdint>

#include "gruve/core/platform.hpp"

#if defined(GRUVE_HAS_VECTORS) && defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// Which instructions the processor has that the program runs on, and the system lets it use.
namespace gruve::inline v0_2::kernels::processor {

#if defined(GRUVE_HAS_VECTORS) && defined(__x86_64__)

namespace internal {

// What CPUID and XGETBV say, asked directly: __builtin_cpu_supports needs a library that clang-cl does not
// link, and the headers for it differ. The numbers of the bits are those of the processors' manuals.
struct Features {
  std::uint32_t leaf1_ecx = 0, leaf7_ebx = 0, leaf7_ecx = 0, leaf7_edx = 0, leaf7_1_eax = 0;
  std::uint32_t saved = 0;  // the registers that the system saves (XCR0)

  Features() noexcept {
    const std::uint32_t last_leaf = leaf(0, 0).eax;
    leaf1_ecx = leaf(1, 0).ecx;
    if (last_leaf >= 7) {
      const Leaf seven = leaf(7, 0);
      leaf7_ebx = seven.ebx;
      leaf7_ecx = seven.ecx;
      leaf7_edx = seven.edx;
      if (seven.eax >= 1) leaf7_1_eax = leaf(7, 1).eax;
    }
    if (has(leaf1_ecx, 27)) {  // OSXSAVE
      std::uint32_t high = 0;
      __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    }
  }

  static const Features& of_this() noexcept {
    static const Features features;
    return features;
  }

  static bool has(std::uint32_t bits, int bit) noexcept { return (bits >> bit & 1) != 0; }
  bool saves(std::uint32_t registers) const noexcept { return (saved & registers) == registers; }

 private:
  struct Leaf {
    std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  };
  static Leaf leaf(std::uint32_t number, std::uint32_t part) noexcept {
    Leaf l;
    __asm__("cpuid" : "=a"(l.eax), "=b"(l.ebx), "=c"(l.ecx), "=d"(l.edx) : "a"(number), "c"(part));
    return l;
  }
};

}  // namespace internal

/// With fused multiply-add.
inline bool has_avx2() noexcept {
  const auto& features = internal::Features::of_this();
  constexpr std::uint32_t kXmmYmm = 0x6;
  return features.saves(kXmmYmm) && features.has(features.leaf7_ebx, 5) &&
         features.has(features.leaf1_ecx, 12);
}

/// With the instructions for bytes, words and short vectors.
inline bool has_avx512() noexcept {
  const auto& features = internal::Features::of_this();
#if defined(__APPLE__)
  constexpr std::uint32_t kMasksZmm = 0;  // macOS saves them from a thread's first use on, and says so then
#else
  constexpr std::uint32_t kMasksZmm = 0xE0;
#endif
  constexpr std::uint32_t kF = 16, kDq = 17, kBw = 30, kVl = 31;
  constexpr std::uint32_t kAll = 1u << kF | 1u << kDq | 1u << kBw | 1u << kVl;
  return has_avx2() && features.saves(kMasksZmm) && (features.leaf7_ebx & kAll) == kAll;
}

/// With dot products of bytes.
inline bool has_avx512_vnni() noexcept {
  const auto& features = internal::Features::of_this();
  return has_avx512() && features.has(features.leaf7_ecx, 11);
}
/// With dot products of bfloat16.
inline bool has_avx512_bf16() noexcept {
  const auto& features = internal::Features::of_this();
  return has_avx512() && features.has(features.leaf7_1_eax, 5);
}

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

// Of the elements with that bit.
inline bool has_tiles_of(int bit) noexcept {
  const Features& features = Features::of_this();
  constexpr int kAmxTile = 24;
  return features.has(features.leaf7_edx, bit) && features.has(features.leaf7_edx, kAmxTile) &&
         may_use_tiles();
}

}  // namespace internal

/// Tiles of bfloat16 and of bytes. On Linux this asks for the permission to use them, for the whole process.
inline bool has_amx_bf16() noexcept { return has_avx512_bf16() && internal::has_tiles_of(22); }
/// With tiles of bytes; asks the system for them.
inline bool has_amx_int8() noexcept { return has_avx512_vnni() && internal::has_tiles_of(25); }

#else

/// With fused multiply-add.
inline bool has_avx2() noexcept { return false; }
inline bool has_avx512() noexcept { return false; }
inline bool has_avx512_vnni() noexcept { return false; }
inline bool has_avx512_bf16() noexcept { return false; }
inline bool has_amx_bf16() noexcept { return false; }
inline bool has_amx_int8() noexcept { return false; }

#endif

}  // namespace gruve::inline v0_2::kernels::processor
