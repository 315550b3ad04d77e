#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

// How other frameworks store the parameters of a GRU. Here, as in PyTorch, a weight is [3H, I] with rows in
// the order r, z, n, and y = x weightᵀ. All have h' = (1 − z) ∘ n + z ∘ h, where Keras writes h for n.
//
//   framework       order    input weight    recurrent weight  biases
//   PyTorch, gruve  r, z, n  [3H, I]         [3H, H]           bias_ih [3H], bias_hh [3H]
//   ONNX            z, r, n  W [1, 3H, I]    R [1, 3H, H]      B [1, 6H]: first input, then recurrent
//   Keras           z, r, n  kernel [I, 3H]  kernel [H, 3H]    bias [2, 3H]: input, recurrent; [3H] with
//                                                              reset_after=False, which has no recurrent one
//   RTNeural        z, r, n  [I][3H]         [H][3H]           [2][3H]
//
// The reset gate is applied after the product (n = tanh(x W_inᵀ + b_in + r ∘ (h W_hnᵀ + b_hn))) in PyTorch
// and RTNeural, in Keras with reset_after=True and in ONNX with linear_before_reset=1; before it (n = tanh(x
// W_inᵀ + b_in + (r ∘ h) W_hnᵀ + b_hn)) in Keras with reset_after=False and in ONNX with
// linear_before_reset=0.
namespace gruve::inline v0_2::internal {

// Rows [3H, width] in the order z, r, n become r, z, n, and the other way round: the first two blocks change
// places.
inline std::vector<float> with_gates_exchanged(std::span<const float> rows) {
  assert(rows.size() % 3 == 0);
  const auto block = static_cast<std::ptrdiff_t>(rows.size() / 3);
  std::vector<float> result(rows.begin(), rows.end());
  std::swap_ranges(result.begin(), result.begin() + block, result.begin() + block);
  return result;
}

// A matrix [rows, cols] as [cols, rows].
inline std::vector<float> transposed(std::span<const float> matrix, std::size_t rows, std::size_t cols) {
  assert(matrix.size() == rows * cols);
  std::vector<float> result(matrix.size());
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t col = 0; col < cols; ++col) result[col * rows + row] = matrix[row * cols + col];
  return result;
}

}  // namespace gruve::inline v0_2::internal
