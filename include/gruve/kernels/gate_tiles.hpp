#pragma once

#include <cstddef>

namespace gruve::inline v0_2::kernels {

/// How a layer's gates are kept between the forward and the backward pass.
enum class GateLayout {
  none,   // not at all: the forward pass uses a row [4H] per sequence as scratch
  rows,   // [T, B, 4H] scalars
  tiles,  // bfloat16 in the order in which AMX reads them: GateTiles
};

/// Gates in bfloat16, rounded once, in the order in which the tiles of AMX are read as right operands: half
/// the bytes of floats, and each tile contiguous. Only sets of which TrainingKernels::gate_layout says so
/// read and write them, for H a multiple of kUnits and ResetGate::after_product.
///
/// The sequences of a timestep are padded to an even number, and all rows t·B + b then cut into blocks of 32.
/// A block holds for each group of 16 units five slices of 1 KiB; a slice 16 pairs of rows; a pair 16 units;
/// a unit the two bfloat16 of the pair's rows. The slices are r, z, n, h W_hnᵀ + b_hn and h, the state before
/// the timestep (zero where it is reset); after the backward pass dx_r, dx_z, dhn, dx_n (docs/gru.md) and h.
/// Rows that are not there are zero.
struct GateTiles {
  static constexpr int kUnits = 32;                             // H is a multiple of it
  static constexpr int kBlockRows = 32;                         // rows of a slice
  static constexpr int kGroup = 16;                             // units of a slice
  static constexpr int kSlices = 5;                             // of a group
  static constexpr int kState = 4;                              // the slice of h
  static constexpr int kSliceFloats = kBlockRows * kGroup / 2;  // what a slice takes

  int H = 0;                  // hidden size; 0 where an operand is not tiles but rows of scalars
  int B = 0;                  // batch size
  std::ptrdiff_t first = 0;   // the row t·padded(B) of the storage at which timestep 0 of a call stands
  int slices[3] = {0, 1, 2};  // slices of an operand's columns [0, H), [H, 2H) and [2H, 3H)

  /// B, made even.
  static constexpr int padded(int B) noexcept { return B + B % 2; }
  /// Floats that T timesteps take, zero at first.
  static constexpr std::size_t size(int T, int B, int H) noexcept {
    const auto rows = static_cast<std::size_t>(T) * static_cast<std::size_t>(padded(B));
    return (rows + kBlockRows - 1) / kBlockRows * static_cast<std::size_t>(H / kGroup * kSlices) *
           kSliceFloats;
  }
  /// Where in the storage the pair of a row begins, for 16 units from `unit` on.
  static constexpr std::ptrdiff_t at(int H, std::ptrdiff_t row, int unit, int slice) noexcept {
    return ((row / kBlockRows * (H / kGroup) + unit / kGroup) * kSlices + slice) * kSliceFloats +
           row % kBlockRows / 2 * kGroup;
  }
  /// The row of the storage of row t·B + b of a call.
  constexpr std::ptrdiff_t row(std::ptrdiff_t call_row) const noexcept {
    return first + (B % 2 == 0 ? call_row : call_row / B * padded(B) + call_row % B);
  }
};

}  // namespace gruve::inline v0_2::kernels
