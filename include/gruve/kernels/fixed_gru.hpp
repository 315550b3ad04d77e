#pragma once

#include <cstddef>
#include <string_view>

#include "gruve/kernels/isa/avx2.hpp"
#include "gruve/kernels/isa/avx512.hpp"
#include "gruve/kernels/isa/baseline.hpp"
#include "gruve/kernels/kernels.hpp"

// A timestep of a GRU layer whose sizes E and H are known at compile time. Every loop has a fixed length and
// ends where the weights do, which matters where a step takes some hundred nanoseconds.

namespace gruve::inline v0_2::kernels {

/// The parameters of a layer, as torch.nn.GRU has them.
struct FixedGruWeights {
  const float* weight_ih = nullptr;  // [3H, E]
  const float* weight_hh = nullptr;  // [3H, H]
  const float* bias_ih = nullptr;    // [3H]
  const float* bias_hh = nullptr;    // [3H]
};

/// The functions of one instruction set for one E, H and ResetGate.
struct FixedGruStep {
  std::size_t packed_size = 0;                                    // floats
  void (*pack)(const FixedGruWeights&, float* packed) = nullptr;  // the parameters for step()
  /// h [H] becomes the state after the input x [E]. Neither needs an alignment; packed is best on a line of
  /// the cache. Allocates nothing.
  void (*step)(const float* packed, const float* x, float* h) noexcept = nullptr;
};

#if defined(GRUVE_HAS_VECTORS)
#define GRUVE_BODY "gruve/kernels/fixed_gru.inc"
#include "gruve/kernels/isa/for_each.inc"
#endif

/// The functions of the set of kernels of that name (Kernels::name), which this processor must have; null
/// ones for the reference, which has none of its own, and for names that no set has.
template <int E, int H>
FixedGruStep fixed_gru_step([[maybe_unused]] std::string_view name, [[maybe_unused]] ResetGate reset_gate) {
#if defined(GRUVE_HAS_VECTORS)
#if defined(__x86_64__)
  if (name == "avx512") return avx512::fixed_gru_step<E, H>(reset_gate);
  if (name == "avx2") return avx2::fixed_gru_step<E, H>(reset_gate);
#endif
  if (name == "baseline") return baseline::fixed_gru_step<E, H>(reset_gate);
#endif
  return {};
}

}  // namespace gruve::inline v0_2::kernels
