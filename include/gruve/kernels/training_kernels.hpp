#pragma once

#include <cstddef>
#include <cstdint>

#include "gruve/kernels/gate_tiles.hpp"
#include "gruve/kernels/kernels.hpp"

namespace gruve::inline v0_2::kernels {

/// c[i, j] = Σ over rows of a[row, i] · b[row, j], for i in columns: the gradient of a weight matrix. The sum
/// runs in the order of rows, so a split of columns over threads gives the same bits.
template <class Scalar>
struct TransposedProduct {
  int rows = 0;                             // of a and b
  Columns columns = {};                     // of a; rows of c
  const Scalar* a = nullptr;                // [rows, ·]
  std::ptrdiff_t a_stride = 0;              // elements
  GateTiles a_tiles = {};                   // if it has an H: a is gates in tiles instead
  int N = 0;                                // columns of b and c
  const Scalar* b = nullptr;                // [rows, N]; null: the states h that the tiles hold
  std::ptrdiff_t b_stride = 0;              // elements
  const std::uint8_t* b_is_zero = nullptr;  // [rows] not 0 where the row of b is read as zeros; or null
  Scalar* c = nullptr;                      // [·, N], contiguous
  Scalar* sums = nullptr;                   // [·]: Σ over rows of a[row, i] too, the gradient of a bias
};

/// c[v, j] = Σ over the rows whose token is v of a[row, j], for j in columns: the gradient of a table of rows
/// by token.
template <class Scalar>
struct TokenSums {
  int rows = 0;                           // of a
  Columns columns = {};                   // of a and c
  const Scalar* a = nullptr;              // [rows, ·]
  std::ptrdiff_t a_stride = 0;            // elements
  GateTiles a_tiles = {};                 // if it has an H: a is gates in tiles instead
  const std::uint16_t* tokens = nullptr;  // [rows], each below V
  int V = 0;                              // rows of c
  Scalar* c = nullptr;                    // [V, ·]
  std::ptrdiff_t c_stride = 0;            // elements
};

/// The backward pass of GruForward, from the last timestep to the first.
template <class Scalar>
struct GruBackward {
  Rows rows = {};                                   // of the chunk
  int H = 0;                                        // hidden size
  ResetGate reset_gate = ResetGate::after_product;  // the variant
  const Scalar* weight_hh = nullptr;                // packed from [3H, H] (Kernels::pack_gru_backward)
  const std::uint8_t* reset = nullptr;              // [T, B], as for the forward pass
  const Scalar* h = nullptr;                        // [T + 1, B, H], as the forward pass left it
  GateLayout gate_layout = GateLayout::rows;        // of gates
  std::ptrdiff_t gate_row = 0;  // of tiles: the row of their storage at which the first timestep stands
  Scalar* gates = nullptr;  // [T, B, 4H] or tiles: in: as the forward pass left them; out: dx_r, dx_z, dhn,
                            // dx_n of docs/gru.md, the gradients of the pre-activations; with
                            // ResetGate::before_product dx_r, dx_z, dx_n and r ∘ h
  const Scalar* dout = nullptr;  // [T, B, H]: gradient of the state after each timestep by what reads it
  Scalar* dh = nullptr;  // [B, H]: in: gradient of the state after the chunk; out: of the one before it
};

/// Softmax, its cross-entropy against targets, and the gradient, in place.
template <class Scalar>
struct CrossEntropy {
  Rows rows = {};                          // of the chunk
  int V = 0;                               // vocabulary size
  const std::uint16_t* targets = nullptr;  // [T, B]; kNoTarget for a row without a target
  Scalar scale = 1;                        // of the gradient, 1 / number of rows for a mean
  Scalar* logits = nullptr;  // [T, B, V]; out: scale · (softmax − one-hot), 0 where there is no target
  Scalar* loss = nullptr;    // [T, B]: −log p(target), nats; 0 where there is no target
};

/// The target of a row that is not scored.
inline constexpr std::uint16_t kNoTarget = 0xFFFF;

/// What training calls besides Kernels, of the same implementation; apart from them, so that a program that
/// only generates need not compile it. training_kernels_of() (training.hpp) finds those of a set.
template <class Scalar>
struct TrainingKernels {
  const char* name;     // as Kernels::name
  Precision precision;  // as Kernels::precision
  GateLayout gate_layout;  // in which gates are kept where H and the reset gate allow it (gate_layout_of)

  void (*multiply_transposed)(const TransposedProduct<Scalar>&);  // the gradient of a weight matrix
  void (*sum_by_token)(const TokenSums<Scalar>&);                 // the gradient of a table

  /// Scalars that pack_gru_backward needs for hidden size H.
  std::size_t (*packed_gru_backward_size)(int H, ResetGate);
  /// Packs weight_hh [3H, H] in the order of gru_backward.
  void (*pack_gru_backward)(int H, ResetGate, const Scalar* weight_hh, Scalar* packed);
  void (*gru_backward)(const GruBackward<Scalar>&);  // the gradient of gru_forward

  void (*cross_entropy)(const CrossEntropy<Scalar>&);  // softmax, loss and gradient
};

/// How a pass of a set keeps its gates.
template <class Scalar>
GateLayout gate_layout_of(const TrainingKernels<Scalar>& kernels, int H, ResetGate reset_gate) noexcept {
  const bool fits = H % GateTiles::kUnits == 0 && reset_gate == ResetGate::after_product;
  return fits ? kernels.gate_layout : GateLayout::rows;
}

}  // namespace gruve::inline v0_2::kernels
