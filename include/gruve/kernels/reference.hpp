#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

#include "gruve/kernels/faded.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/rounding.hpp"

/// The plain implementation, for float, double and std::complex<double>: Eigen expressions as the equations
/// read, no packing. Every fast path is judged by it. All of it is analytic in its scalars
/// (softmax shifts by the real part), so that gradients can be checked by the complex step.
namespace gruve::inline v0_2::kernels::reference {

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

// c += a · b. In blocks whose copies Eigen holds on the stack, so that a product of any size allocates
// nothing.
template <class Scalar, class C, class A, class B>
void add_product(C& c, const A& a, const B& b) {
  constexpr Eigen::Index kDepth = 256, kWidth = EIGEN_STACK_ALLOCATION_LIMIT / (kDepth * sizeof(Scalar)) / 2;
  for (Eigen::Index row = 0; row < a.rows(); row += kWidth) {
    const Eigen::Index rows = (std::min)(kWidth, a.rows() - row);
    for (Eigen::Index k = 0; k < a.cols(); k += kDepth) {
      const Eigen::Index depth = (std::min)(kDepth, a.cols() - k);
      for (Eigen::Index column = 0; column < b.cols(); column += kWidth) {
        const Eigen::Index columns = (std::min)(kWidth, b.cols() - column);
        c.block(row, column, rows, columns).noalias() +=
            a.block(row, k, rows, depth) * b.block(k, column, depth, columns);
      }
    }
  }
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
    add_product<Scalar>(c, a, b);
    if (p.bias != nullptr) c.rowwise() += ConstRow<Scalar>(p.bias, p.N);
  }
}

template <class Scalar>
void multiply_vector(const VectorProduct<Scalar>& p) {
  const int first = p.columns.first, count = p.columns.last - first;
  const ConstStrided<Scalar> b(p.b + first, p.K, count, Eigen::OuterStride<>(p.N));
  Eigen::Map<Eigen::RowVectorX<Scalar>> c(p.c + first, count);
  c.setZero();
  c.noalias() += ConstRow<Scalar>(p.a, p.K) * b;
  c += ConstRow<Scalar>(p.bias + first, count);
}

template <class Scalar>
std::size_t packed_gru_size(int H, ResetGate) {
  return packed_size<Scalar>(3 * H, H);
}

template <class Scalar>
void pack_gru(int H, ResetGate, const Scalar* weight_hh, Scalar* packed) {
  std::copy_n(weight_hh, packed_size<Scalar>(3 * H, H), packed);
}

// ---- the gates of a row, in place ----

template <class Scalar>
using Values = Eigen::Map<Eigen::Array<Scalar, 1, Eigen::Dynamic>>;
template <class Scalar>
using ConstValues = Eigen::Map<const Eigen::Array<Scalar, 1, Eigen::Dynamic>>;

// Below it σ(x) is 1/2 and tanh x is x for every float. The powers in Eigen's series would be subnormal
// numbers.
inline constexpr float kLinear = 0x1p-30f;

template <class Scalar>
void apply_sigmoid(int n, Scalar* x) {
  flush_below(kLinear, n, x);
  Values<Scalar> y(x, n);
  y = (Scalar(1) + (-y).exp()).inverse();
  flush_below(kFaded, n, x);
}

template <class Scalar>
void apply_tanh(int n, Scalar* x) {
  constexpr int kBlock = 64;
  Scalar linear[kBlock];
  for (int first = 0; first < n; first += kBlock, x += kBlock) {
    const int count = (std::min)(kBlock, n - first);
    Values<Scalar> y(x, count), part(linear, count);
    part = y;
    flush_below(kLinear, count, x);
    part -= y;
    y = y.tanh() + part;
  }
}

// product [rows] = W h, W being rows of weight_hh [3H, H] from `first` on.
template <class Scalar>
void recurrent_product(int H, const Scalar* weight_hh, int first, int rows, const Scalar* h,
                       Scalar* product) {
  const ConstStrided<Scalar> weights(weight_hh + std::ptrdiff_t{first} * H, rows, H, Eigen::OuterStride<>(H));
  Eigen::Map<Eigen::VectorX<Scalar>> y(product, rows);
  y.setZero();
  y.noalias() += weights * Eigen::Map<const Eigen::VectorX<Scalar>>(h, H);
}

template <class Scalar>
void gru_step(const GruStep<Scalar>& p) {
  const int H = p.H, first = p.units.first, count = p.units.last - first;
  const ConstValues<Scalar> h(p.h + first, count);
  // Of a gate's units: the part that comes from the input, and where the part from the state and the gate go.
  const auto input = [&](int gate) { return ConstValues<Scalar>(p.input_product + gate * H + first, count); };
  const auto gate = [&](int g) { return Values<Scalar>(p.scratch + g * H + first, count); };
  const auto recurrent = [&](int g, const Scalar* state) {
    recurrent_product(H, p.weight_hh, g * H + first, count, state, gate(g).data());
    gate(g) += ConstValues<Scalar>(p.bias_hh + g * H + first, count);
  };
  for (int g = 0; g < 2; ++g) {
    recurrent(g, p.h);
    gate(g) += input(g);
    apply_sigmoid(count, gate(g).data());
  }
  Values<Scalar> r = gate(0), z = gate(1), hn = gate(2), out(p.out + first, count);
  if (p.reset_gate == ResetGate::after_product) {
    recurrent(2, p.h);
    out = input(2) + r * hn;
  } else {
    r *= h;
    flush_below(kFaded, count, r.data());
    recurrent(2, r.data());
    out = input(2) + hn;
  }
  apply_tanh(count, out.data());
  out = (Scalar(1) - z) * out + z * h;
  flush_below(kFaded, count, out.data());
}

template <class Scalar>
void gru_forward(const GruForward<Scalar>& p) {
  const int H = p.H;
  for (int t = 0; t < p.rows.T; ++t) {
    for (int b = p.rows.first; b < p.rows.last; ++b) {
      const std::ptrdiff_t row = std::ptrdiff_t{t} * p.rows.B + b;
      const bool was_reset = p.reset != nullptr && p.reset[row] != 0;
      const Scalar* const h = p.h + row * H;
      const Scalar* const input =
          p.input_product + (p.tokens != nullptr ? p.tokens[row] : row) * p.input_stride;
      Scalar* const gates = p.gates + (p.gate_layout == GateLayout::none ? b : row) * 4 * H;
      const auto x = [&](int gate) { return ConstValues<Scalar>(input + std::ptrdiff_t{gate} * H, H); };
      const auto bias = [&](int gate) {
        return ConstValues<Scalar>(p.bias_hh + std::ptrdiff_t{gate} * H, H);
      };
      Values<Scalar> r(gates, H), z(gates + H, H), n(gates + 2 * H, H), hn(gates + 3 * H, H);
      Values<Scalar> next(p.h + (row + p.rows.B) * H, H);
      // What comes of a state that counts as zero is zero, whatever stands there.
      const auto recurrent = [&](int gate, const Scalar* state, Values<Scalar>& product) {
        if (was_reset)
          product.setZero();
        else
          recurrent_product(H, p.weight_hh, gate * H, H, state, product.data());
      };
      for (int gate = 0; gate < 2; ++gate) {
        recurrent(gate, h, hn);
        Values<Scalar>(gates + std::ptrdiff_t{gate} * H, H) = x(gate) + hn + bias(gate);
        apply_sigmoid(H, gates + std::ptrdiff_t{gate} * H);
      }
      if (p.reset_gate == ResetGate::after_product) {
        recurrent(2, h, hn);
        hn += bias(2);
        n = x(2) + r * hn;
      } else {
        if (was_reset)
          hn.setZero();
        else
          hn = r * ConstValues<Scalar>(h, H);
        flush_below(kFaded, H, hn.data());
        recurrent(2, hn.data(), next);
        n = x(2) + next + bias(2);
      }
      apply_tanh(H, n.data());
      next = (Scalar(1) - z) * n;
      if (!was_reset) next += z * ConstValues<Scalar>(h, H);
      flush_below(kFaded, H, next.data());
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

/// The reference with weights of fewer bits. Scalar is float: as a parameter, so that no compiler
/// instantiates the reference before this is used.
template <Precision kPrecision, class Scalar = float>
inline constexpr Kernels<Scalar> kRounded = [] {
  Kernels<Scalar> kernels = kKernels<Scalar>;
  kernels.precision = kPrecision;
  kernels.pack = pack_rounded<kPrecision>;
  kernels.pack_gru = pack_gru_rounded<kPrecision>;
  return kernels;
}();

}  // namespace gruve::inline v0_2::kernels::reference
