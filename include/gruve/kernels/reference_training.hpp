#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>

#include "gruve/kernels/reference.hpp"
#include "gruve/kernels/training_kernels.hpp"

/// What training needs of the plain implementation (reference.hpp) besides.
namespace gruve::inline v0_2::kernels::reference {

template <class Scalar>
void multiply_transposed(const TransposedProduct<Scalar>& p) {
  const int count = p.columns.last - p.columns.first;
  const ConstStrided<Scalar> a(p.a + p.columns.first, p.rows, count, Eigen::OuterStride<>(p.a_stride));
  Matrix<Scalar> b = ConstStrided<Scalar>(p.b, p.rows, p.N, Eigen::OuterStride<>(p.b_stride));
  for (int row = 0; p.b_is_zero != nullptr && row < p.rows; ++row)
    if (p.b_is_zero[row] != 0) b.row(row).setZero();
  Strided<Scalar> c(p.c + std::ptrdiff_t{p.columns.first} * p.N, count, p.N, Eigen::OuterStride<>(p.N));
  c.noalias() = a.transpose() * b;
  Eigen::Map<Eigen::RowVectorX<Scalar>>(p.sums + p.columns.first, count) = a.colwise().sum();
}

template <class Scalar>
void sum_by_token(const TokenSums<Scalar>& p) {
  const int count = p.columns.last - p.columns.first;
  Strided<Scalar> c(p.c + p.columns.first, p.V, count, Eigen::OuterStride<>(p.c_stride));
  c.setZero();
  for (int row = 0; row < p.rows; ++row)
    c.row(p.tokens[row]) += ConstRow<Scalar>(p.a + row * p.a_stride + p.columns.first, count);
}

template <class Scalar>
void gru_backward(const GruBackward<Scalar>& p) {
  using Row = Eigen::Array<Scalar, 1, Eigen::Dynamic>;
  const int H = p.H;
  const ConstStrided<Scalar> weight_hh(p.weight_hh, 3 * H, H, Eigen::OuterStride<>(H));

  for (int t = p.rows.T - 1; t >= 0; --t) {
    for (int b = p.rows.first; b < p.rows.last; ++b) {
      const std::ptrdiff_t row = std::ptrdiff_t{t} * p.rows.B + b;
      const bool was_reset = p.reset != nullptr && p.reset[row] != 0;
      Row h = Eigen::Map<const Row>(p.h + row * H, H);
      if (was_reset) h.setZero();
      Eigen::Map<Eigen::Array<Scalar, 4, Eigen::Dynamic, Eigen::RowMajor>> gates(p.gates + row * 4 * H, 4, H);
      const Row r = gates.row(0), z = gates.row(1), n = gates.row(2), hn = gates.row(3);
      auto dx_r = gates.row(0), dx_z = gates.row(1), dhn = gates.row(2);  // as in docs/gru.md

      // h' = (1 − z) ∘ n + z ∘ h
      Eigen::Map<Row> dh_next(p.dh + std::ptrdiff_t{b} * H, H);
      const Row dh = dh_next + Eigen::Map<const Row>(p.dout + row * H, H);
      dx_z = dh * (h - n) * z * (Scalar(1) - z);
      const Row dx_n = dh * (Scalar(1) - z) * (Scalar(1) - n * n);
      Row dh_prev = dh * z;

      if (p.reset_gate == ResetGate::after_product) {
        // n = tanh(x_n + r ∘ (h W_hnᵀ + b_hn))
        dx_r = dx_n * hn * r * (Scalar(1) - r);
        dhn = dx_n * r;
        gates.row(3) = dx_n;
        dh_prev += (dhn.matrix() * weight_hh.bottomRows(H)).array();
      } else {
        // n = tanh(x_n + (r ∘ h) W_hnᵀ + b_hn)
        dhn = dx_n;
        const Row drh = (dx_n.matrix() * weight_hh.bottomRows(H)).array();
        dx_r = drh * h * r * (Scalar(1) - r);
        dh_prev += drh * r;
      }

      // r = σ(x_r + h W_hrᵀ + b_hr), z likewise
      dh_prev += (dx_r.matrix() * weight_hh.topRows(H) + dx_z.matrix() * weight_hh.middleRows(H, H)).array();
      if (was_reset)
        dh_next.setZero();
      else
        dh_next = dh_prev;
    }
  }
}

template <class Scalar>
void cross_entropy(const CrossEntropy<Scalar>& p) {
  for (int t = 0; t < p.rows.T; ++t) {
    for (int b = p.rows.first; b < p.rows.last; ++b) {
      const std::ptrdiff_t row = std::ptrdiff_t{t} * p.rows.B + b;
      Eigen::Map<Eigen::Array<Scalar, 1, Eigen::Dynamic>> logits(p.logits + row * p.V, p.V);
      if (p.targets[row] == kNoTarget) {
        logits.setZero();
        p.loss[row] = Scalar(0);
        continue;
      }
      const auto shift = logits.real().maxCoeff();
      logits -= Scalar(shift);
      const Scalar target_logit = logits(p.targets[row]);
      logits = logits.exp();
      const Scalar sum = logits.sum();
      p.loss[row] = std::log(sum) - target_logit;
      logits *= p.scale / sum;
      logits(p.targets[row]) -= p.scale;
    }
  }
}

/// The reference as a set of training kernels.
template <class Scalar>
inline constexpr TrainingKernels<Scalar> kTrainingKernels = {
    .name = "reference",
    .precision = Precision::fp32,
    .gate_layout = GateLayout::rows,
    .multiply_transposed = multiply_transposed<Scalar>,
    .sum_by_token = sum_by_token<Scalar>,
    .packed_gru_backward_size = packed_gru_size<Scalar>,
    .pack_gru_backward = pack_gru<Scalar>,
    .gru_backward = gru_backward<Scalar>,
    .cross_entropy = cross_entropy<Scalar>,
};

// The gradient of a state sums over the gates' rows, so its scales belong to the columns: of all gates, or,
// where the gradient of r ∘ h is a product of its own, of r and z and of n.
template <Precision kPrecision>
void pack_gru_backward_rounded(int H, ResetGate reset_gate, const float* weight_hh, float* packed) {
  const int rows = reset_gate == ResetGate::before_product ? 2 * H : 3 * H;
  const std::size_t first = packed_size<float>(rows, H);
  pack_rounded<kPrecision>(rows, H, weight_hh, H, 1, packed);
  pack_rounded<kPrecision>(3 * H - rows, H, weight_hh + first, H, 1, packed + first);
}

/// With weights of fewer bits. Scalar is float: as a parameter, so that no compiler
/// instantiates the reference before this is used.
template <Precision kPrecision, class Scalar = float>
inline constexpr TrainingKernels<Scalar> kRoundedTraining = [] {
  TrainingKernels<Scalar> kernels = kTrainingKernels<Scalar>;
  kernels.precision = kPrecision;
  kernels.pack_gru_backward = pack_gru_backward_rounded<kPrecision>;
  return kernels;
}();

}  // namespace gruve::inline v0_2::kernels::reference
