#pragma once

#include <Eigen/Core>
#include <cassert>
#include <cstddef>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/kernels/faded.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/reference.hpp"
#include "gruve/nn/parameter.hpp"

namespace gruve::inline v0_2 {

using kernels::ResetGate;

/// One layer of gated recurrent units: its parameters, and one timestep in plain Eigen.
///
///   r = σ(x W_irᵀ + b_ir + h W_hrᵀ + b_hr)        z likewise
///   n = tanh(x W_inᵀ + b_in + r ∘ (h W_hnᵀ + b_hn))
///   h' = (1 − z) ∘ n + z ∘ h
///
/// (with ResetGate::before_product n = tanh(x W_inᵀ + b_in + (r ∘ h) W_hnᵀ + b_hn)).
/// Names, shapes and the order r, z, n of rows are those of torch.nn.GRU. Keras stores z, r, n, transposed.
///
/// Sizes are known at compile time or Eigen::Dynamic, as those of Eigen's matrices; the weights are on the
/// heap either way. With fixed sizes step() allocates nothing.
///
///   gruve::GruCell<float, 8, 16> cell;
///   Eigen::Vector<float, 8> x = Eigen::Vector<float, 8>::Zero();
///   Eigen::Vector<float, 16> h = Eigen::Vector<float, 16>::Zero();
///   cell.step(x, h);
///
/// Source: Cho et al. 2014, arXiv:1406.1078: v1 has the reset after the product, v3 before it.
template <class Scalar, int InputSize = Eigen::Dynamic, int HiddenSize = Eigen::Dynamic>
struct GruCell {
  /// Rows of the three gates: 3H, or Eigen::Dynamic.
  static constexpr int kGateRows = HiddenSize == Eigen::Dynamic ? Eigen::Dynamic : 3 * HiddenSize;
  /// A column vector.
  template <int Rows>
  using Vector = Eigen::Matrix<Scalar, Rows, 1>;
  /// A parameter as an Eigen matrix.
  template <int Rows, int Cols>
  using Weights =
      Eigen::Map<const Eigen::Matrix<Scalar, Rows, Cols, Cols == 1 ? Eigen::ColMajor : Eigen::RowMajor>>;

  /// A layer of the template's sizes with all parameters zero.
  GruCell() requires(InputSize != Eigen::Dynamic && HiddenSize != Eigen::Dynamic)
      : GruCell(InputSize, HiddenSize) {}

  /// The same where the number of inputs is known at run time.
  explicit GruCell(int input_size) requires(HiddenSize != Eigen::Dynamic) : GruCell(input_size, HiddenSize) {}

  /// A layer with all parameters zero. Sizes that are known at compile time must equal the template's. Throws
  /// Error if a size is below 1.
  GruCell(int input_size, int hidden_size, ResetGate reset_gate_variant = ResetGate::after_product)
      : weight_ih{3 * checked(input_size, hidden_size), input_size},
        weight_hh{3 * hidden_size, hidden_size},
        bias_ih{3 * hidden_size},
        bias_hh{3 * hidden_size},
        reset_gate(reset_gate_variant) {
    assert(InputSize == Eigen::Dynamic || input_size == InputSize);
    assert(HiddenSize == Eigen::Dynamic || hidden_size == HiddenSize);
  }

  Parameter<Scalar> weight_ih;  // [3H, E]
  Parameter<Scalar> weight_hh;  // [3H, H]
  Parameter<Scalar> bias_ih;    // [3H]
  Parameter<Scalar> bias_hh;    // [3H]
  ResetGate reset_gate;         // the reset variant

  /// E.
  int input_size() const noexcept { return weight_ih.cols(); }
  /// H.
  int hidden_size() const noexcept { return weight_hh.cols(); }

  /// One timestep of one sequence: replaces the state h [H] by the state after the input x [E]. In float,
  /// states below kernels::kFaded become zero.
  void step(const Vector<InputSize>& x, Vector<HiddenSize>& h) const {
    const int H = hidden_size();
    assert(x.size() == input_size() && h.size() == H);
    const Weights<kGateRows, InputSize> w_ih(weight_ih.data(), 3 * H, input_size());
    const Weights<kGateRows, HiddenSize> w_hh(weight_hh.data(), 3 * H, H);
    const Weights<kGateRows, 1> b_ih(bias_ih.data(), 3 * H), b_hh(bias_hh.data(), 3 * H);

    const Vector<kGateRows> input = w_ih * x + b_ih;
    Vector<kGateRows> recurrent = b_hh;
    recurrent.template head<kGateRows == Eigen::Dynamic ? Eigen::Dynamic : 2 * HiddenSize>(2 * H) +=
        w_hh.topRows(2 * H) * h;
    const auto gate = [&](int first) {
      Vector<HiddenSize> values = input.segment(first, H) + recurrent.segment(first, H);
      kernels::reference::apply_sigmoid(H, values.data());
      return values;
    };
    const Vector<HiddenSize> r = gate(0), z = gate(H);
    Vector<HiddenSize> n;
    if (reset_gate == ResetGate::after_product) {
      recurrent.tail(H) += w_hh.bottomRows(H) * h;
      n = input.tail(H).array() + r.array() * recurrent.tail(H).array();
    } else {
      Vector<HiddenSize> rh = r.cwiseProduct(h);
      kernels::flush_below(kernels::kFaded, H, rh.data());
      recurrent.tail(H) += w_hh.bottomRows(H) * rh;
      n = input.tail(H) + recurrent.tail(H);
    }
    kernels::reference::apply_tanh(H, n.data());
    h = n + z.cwiseProduct(h - n);
    kernels::flush_below(kernels::kFaded, H, h.data());
  }

 private:
  // The hidden size, if both can be sizes of a layer.
  static int checked(int input_size, int hidden_size) {
    if (input_size < 1 || hidden_size < 1)
      internal::raise(Error("a GRU layer of " + std::to_string(input_size) + " inputs and " +
                            std::to_string(hidden_size) + " units, expected at least 1 of each"));
    return hidden_size;
  }
};

/// A stack of GRU layers, the output of each the input of the next.
template <class Scalar>
struct Gru {
  /// A stack with all parameters zero. `input_size` is that of the first layer.
  Gru(int input_size, int hidden_size, int num_layers, ResetGate reset_gate = ResetGate::after_product) {
    for (int layer = 0; layer < num_layers; ++layer)
      layers.emplace_back(layer == 0 ? input_size : hidden_size, hidden_size, reset_gate);
  }

  std::vector<GruCell<Scalar>> layers = {};  // from the input to the output

  /// Calls visit(name, parameter) for each parameter of `self`, with the names of torch.nn.GRU.
  template <class Self, class Visit>
  static void for_each_parameter(Self& self, Visit&& visit) {
    for (std::size_t l = 0; l < self.layers.size(); ++l) {
      const std::string suffix = "_l" + std::to_string(l);
      visit("weight_ih" + suffix, self.layers[l].weight_ih);
      visit("weight_hh" + suffix, self.layers[l].weight_hh);
      visit("bias_ih" + suffix, self.layers[l].bias_ih);
      visit("bias_hh" + suffix, self.layers[l].bias_hh);
    }
  }
};

}  // namespace gruve::inline v0_2
