#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/rounding.hpp"

/// The plain implementation, for float, double and std::complex<double>: Eigen expressions as the equations
/// read, no packing, no blocking. Every fast path is judged by it. All of it is analytic in its scalars
/// (softmax shifts by the real part), so that gradients can be checked by the complex step.
namespace gruve::inline v0_1::kernels::reference {

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Scalar>
using Strided = Eigen::Map<Matrix<Scalar>, 0, Eigen::OuterStride<>>;
template <class Scalar>
using ConstStrided = Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>>;
template <class Scalar>
using ConstRow = Eigen::Map<const Eigen::Matrix<Scalar, 1, Eigen::Dynamic>>;

template <class Scalar>
std::size_t packed_size(int K, int N) {
  return static_cast<std::size_t>(K) * static_cast<std::size_t>(N);
}

template <class Scalar>
void pack(int K, int N, const Scalar* b, std::ptrdiff_t k_stride, std::ptrdiff_t n_stride, Scalar* packed) {
  for (int k = 0; k < K; ++k)
    for (int n = 0; n < N; ++n) *packed++ = b[k * k_stride + n * n_stride];
}

template <class Scalar>
void multiply(const Product<Scalar>& p) {
  const ConstStrided<Scalar> b(p.b, p.K, p.N, Eigen::OuterStride<>(p.N));
  for (int t = 0; t < p.rows.T; ++t) {
    const std::ptrdiff_t row = std::ptrdiff_t{t} * p.rows.B + p.rows.first;
    const int count = p.rows.last - p.rows.first;
    const ConstStrided<Scalar> a(p.a + row * p.a_stride, count, p.K, Eigen::OuterStride<>(p.a_stride));
    Strided<Scalar> c(p.c + row * p.c_stride, count, p.N, Eigen::OuterStride<>(p.c_stride));
    if (!p.accumulate) c.setZero();
    c.noalias() += a * b;
    if (p.bias != nullptr) c.rowwise() += ConstRow<Scalar>(p.bias, p.N);
  }
}

template <class Scalar>
void multiply_vector(const VectorProduct<Scalar>& p) {
  const int first = p.columns.first, count = p.columns.last - first;
  const ConstStrided<Scalar> b(p.b + first, p.K, count, Eigen::OuterStride<>(p.N));
  Eigen::Map<Eigen::RowVectorX<Scalar>>(p.c + first, count) =
      ConstRow<Scalar>(p.a, p.K) * b + ConstRow<Scalar>(p.bias + first, count);
}

template <class Scalar>
std::size_t packed_gru_size(int H, ResetGate) {
  return packed_size<Scalar>(3 * H, H);
}

template <class Scalar>
void pack_gru(int H, ResetGate, const Scalar* weight_hh, Scalar* packed) {
  std::copy_n(weight_hh, packed_size<Scalar>(3 * H, H), packed);
}

/// One row, as steps and passes compute it.
template <class Scalar>
using ArrayRow = Eigen::Array<Scalar, 1, Eigen::Dynamic>;
template <class Scalar>
using ConstArray = Eigen::Map<const ArrayRow<Scalar>>;

// Functions of their own, so that Eigen's expressions are compiled once for each scalar.

template <class Scalar>
void sigmoid(const ArrayRow<Scalar>& x, Scalar* y) {
  Eigen::Map<ArrayRow<Scalar>>(y, x.size()) = (Scalar(1) + (-x).exp()).inverse();
}

template <class Scalar>
void tanh(const ArrayRow<Scalar>& x, Scalar* y) {
  Eigen::Map<ArrayRow<Scalar>>(y, x.size()) = x.tanh();
}

/// Some rows of weight_hh, [count, H] from weights on, times a state [H].
template <class Scalar>
ArrayRow<Scalar> recurrent_product(int H, const Scalar* state, int count, const Scalar* weights) {
  const ConstStrided<Scalar> rows(weights, count, H, Eigen::OuterStride<>(H));
  return (ConstRow<Scalar>(state, H) * rows.transpose()).array();
}

template <class Scalar>
void gru_step(const GruStep<Scalar>& p) {
  const int H = p.H, first = p.units.first, count = p.units.last - first;
  // The part of a gate that comes from the state, and the part that comes from the input.
  const auto recurrent = [&](int gate, const Scalar* state) -> ArrayRow<Scalar> {
    const int row = gate * H + first;
    return recurrent_product(H, state, count, p.weight_hh + std::ptrdiff_t{row} * H) +
           ConstArray<Scalar>(p.bias_hh + row, count);
  };
  const auto input = [&](int gate) { return ConstArray<Scalar>(p.input_product + gate * H + first, count); };
  const ConstArray<Scalar> h(p.h + first, count);
  ArrayRow<Scalar> r(count), z(count), n(count);
  sigmoid<Scalar>(input(0) + recurrent(0, p.h), r.data());
  sigmoid<Scalar>(input(1) + recurrent(1, p.h), z.data());
  if (p.reset_gate == ResetGate::after_product) {
    tanh<Scalar>(input(2) + r * recurrent(2, p.h), n.data());
  } else {
    const ArrayRow<Scalar> rh = r * h;
    tanh<Scalar>(input(2) + recurrent(2, rh.data()), n.data());
  }
  Eigen::Map<ArrayRow<Scalar>>(p.out + first, count) = (Scalar(1) - z) * n + z * h;
}

template <class Scalar>
void gru_forward(const GruForward<Scalar>& p) {
  const int H = p.H;
  const auto weights = [&](int gate) { return p.weight_hh + std::ptrdiff_t{gate} * H * H; };
  const auto bias = [&](int gate) { return ConstArray<Scalar>(p.bias_hh + gate * H, H); };

  for (int t = 0; t < p.rows.T; ++t) {
    for (int b = p.rows.first; b < p.rows.last; ++b) {
      const std::ptrdiff_t row = std::ptrdiff_t{t} * p.rows.B + b;
      ArrayRow<Scalar> h = ConstArray<Scalar>(p.h + row * H, H);
      if (p.reset != nullptr && p.reset[row] != 0) h.setZero();
      const Scalar* const input_row =
          p.input_product + (p.tokens != nullptr ? p.tokens[row] : row) * p.input_stride;
      const auto input = [&](int gate) { return ConstArray<Scalar>(input_row + gate * H, H); };

      const auto gate = [&](int i) { return Eigen::Map<ArrayRow<Scalar>>(p.gates + (row * 4 + i) * H, H); };
      auto r = gate(0), z = gate(1), n = gate(2), hn = gate(3);
      const ArrayRow<Scalar> rz = recurrent_product(H, h.data(), 2 * H, weights(0));
      const auto product = [&](int i) { return ConstArray<Scalar>(rz.data() + i * H, H); };
      sigmoid<Scalar>(input(0) + product(0) + bias(0), r.data());
      sigmoid<Scalar>(input(1) + product(1) + bias(1), z.data());
      if (p.reset_gate == ResetGate::after_product) {
        hn = recurrent_product(H, h.data(), H, weights(2)) + bias(2);
        tanh<Scalar>(input(2) + r * hn, n.data());
      } else {
        hn = r * h;
        tanh<Scalar>(input(2) + recurrent_product(H, hn.data(), H, weights(2)) + bias(2), n.data());
      }
      Eigen::Map<ArrayRow<Scalar>>(p.h + (row + p.rows.B) * H, H) = (Scalar(1) - z) * n + z * h;
    }
  }
}

template <class Scalar>
int argmax(int n, const Scalar* x) {
  const auto less = [](const Scalar& a, const Scalar& b) { return std::real(a) < std::real(b); };
  return static_cast<int>(std::max_element(x, x + n, less) - x);
}

template <class Scalar>
Scalar softmax(int n, Scalar factor, Scalar* x) {
  const auto largest = std::real(x[argmax(n, x)]);
  Scalar sum(0);
  for (int i = 0; i < n; ++i) sum += x[i] = std::exp((x[i] - largest) * factor);
  return sum;
}

/// The reference as a set of kernels.
template <class Scalar>
inline constexpr Kernels<Scalar> kKernels = {
    .name = "reference",
    .precision = Precision::fp32,
    .packed_size = packed_size<Scalar>,
    .pack = pack<Scalar>,
    .multiply = multiply<Scalar>,
    .multiply_vector = multiply_vector<Scalar>,
    .packed_gru_size = packed_gru_size<Scalar>,
    .pack_gru = pack_gru<Scalar>,
    .gru_forward = gru_forward<Scalar>,
    .gru_step = gru_step<Scalar>,
    .softmax = softmax<Scalar>,
    .argmax = argmax<Scalar>,
    .sigmoid =
        [](std::size_t n, const Scalar* x, Scalar* y) {
          std::transform(x, x + n, y, [](Scalar v) { return Scalar(1) / (Scalar(1) + std::exp(-v)); });
        },
    .tanh = [](std::size_t n, const Scalar* x,
               Scalar* y) { std::transform(x, x + n, y, [](Scalar v) { return std::tanh(v); }); },
    .exp = [](std::size_t n, const Scalar* x,
              Scalar* y) { std::transform(x, x + n, y, [](Scalar v) { return std::exp(v); }); },
};

// ---- float with rounded weights ----

/// w [K, N], row-major with strides as Kernels::pack has them, as weights of that precision hold it: int8 has
/// a scale for each n.
template <Precision kPrecision>
std::vector<float> rounded(int K, int N, const float* w, std::ptrdiff_t k_stride, std::ptrdiff_t n_stride) {
  std::vector<float> result(packed_size<float>(K, N));
  for (int n = 0; n < N; ++n) {
    const float* column = w + n * n_stride;
    const float scale = kPrecision == Precision::int8 ? int8_scale(K, column, k_stride) : 0.0f;
    for (int k = 0; k < K; ++k) {
      const float x = column[k * k_stride];
      result[static_cast<std::size_t>(k) * static_cast<std::size_t>(N) + static_cast<std::size_t>(n)] =
          kPrecision == Precision::int8 ? scale * static_cast<float>(to_int8(x, scale))
                                        : from_bfloat16(to_bfloat16(x));
    }
  }
  return result;
}

template <Precision kPrecision>
void pack_rounded(int K, int N, const float* b, std::ptrdiff_t k_stride, std::ptrdiff_t n_stride,
                  float* packed) {
  const std::vector<float> result = rounded<kPrecision>(K, N, b, k_stride, n_stride);
  std::copy(result.begin(), result.end(), packed);
}

// A row of weight_hh [3H, H] belongs to a unit's gate.
template <Precision kPrecision>
void pack_gru_rounded(int H, ResetGate, const float* weight_hh, float* packed) {
  const std::vector<float> transposed = rounded<kPrecision>(H, 3 * H, weight_hh, 1, H);
  pack(3 * H, H, transposed.data(), 1, std::ptrdiff_t{3} * H, packed);
}

/// The reference with weights of fewer bits.
template <Precision kPrecision>
inline constexpr Kernels<float> kRounded = [] {
  Kernels<float> kernels = kKernels<float>;
  kernels.precision = kPrecision;
  kernels.pack = pack_rounded<kPrecision>;
  kernels.pack_gru = pack_gru_rounded<kPrecision>;
  return kernels;
}();

}  // namespace gruve::inline v0_1::kernels::reference
