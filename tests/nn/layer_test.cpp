// A layer of sizes that are known at run time, by the kernels, as docs/modules/nn.md has it.
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/nn/gru.hpp"
#include "tolerance.hpp"

using namespace gruve;

namespace {

// The states [T, H] after inputs x [T, E], from zeros.
std::vector<float> run_layer(const GruCell<float>& cell, int T, const float* x,
                             const kernels::Kernels<float>& k) {
  const int E = cell.input_size(), H = cell.hidden_size();
  const auto size = [](int rows, int cols) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols);
  };
  AlignedVector<float> weight_ih(k.packed_size(E, 3 * H));
  AlignedVector<float> weight_hh(k.packed_gru_size(H, cell.reset_gate));
  k.pack(E, 3 * H, cell.weight_ih.data(), 1, E, weight_ih.data());
  k.pack_gru(H, cell.reset_gate, cell.weight_hh.data(), weight_hh.data());
  AlignedVector<float> product(size(T, 3 * H));
  AlignedVector<float> h(size(T + 1, H));
  AlignedVector<float> scratch(size(1, 4 * H));
  const kernels::Rows rows = kernels::all_rows(T, 1);
  k.multiply({.rows = rows,
              .K = E,
              .N = 3 * H,
              .a = x,
              .a_stride = E,
              .b = weight_ih.data(),
              .bias = cell.bias_ih.data(),
              .c = product.data(),
              .c_stride = 3 * H});
  k.gru_forward({.rows = rows,
                 .H = H,
                 .reset_gate = cell.reset_gate,
                 .input_product = product.data(),
                 .input_stride = 3 * H,
                 .weight_hh = weight_hh.data(),
                 .bias_hh = cell.bias_hh.data(),
                 .h = h.data(),
                 .gate_layout = kernels::GateLayout::none,
                 .gates = scratch.data()});
  return {h.begin() + H, h.end()};
}

}  // namespace

TEST_CASE("A layer of sizes known at run time, by the fused kernels, has the cell's states",
          "[nn][gru][docs]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  const int T = 9;
  for (const std::pair<int, int>& sizes : {std::pair{1, 1}, std::pair{5, 24}, std::pair{17, 33}}) {
    const int E = sizes.first, H = sizes.second;  // clang++ 14 captures no structured binding
    GruCell<float> cell(E, H, reset_gate);
    GruCell<double> exact(E, H, reset_gate);
    Rng rng(5);
    const auto fill = [&](Parameter<float>& parameter, Parameter<double>& same) {
      for (std::size_t i = 0; i < parameter.size(); ++i)
        same.data()[i] = parameter.data()[i] = (2 * rng.uniform() - 1) / static_cast<float>(H);
    };
    fill(cell.weight_ih, exact.weight_ih);
    fill(cell.weight_hh, exact.weight_hh);
    fill(cell.bias_ih, exact.bias_ih);
    fill(cell.bias_hh, exact.bias_hh);
    std::vector<float> x(static_cast<std::size_t>(T * E));
    for (float& value : x) value = 2 * rng.uniform() - 1;
    for (const kernels::Kernels<float>* kernels : kernels::available()) {
      const std::vector<float> states = run_layer(cell, T, x.data(), *kernels);
      REQUIRE(states.size() == static_cast<std::size_t>(T * H));
      Eigen::VectorXd h = Eigen::VectorXd::Zero(H);  // before each step the float one
      double worst = 0;
      for (int t = 0; t < T; ++t) {
        exact.step(Eigen::Map<const Eigen::VectorXf>(x.data() + t * E, E).cast<double>(), h);
        const Eigen::VectorXd state =
            Eigen::Map<const Eigen::VectorXf>(states.data() + t * H, H).cast<double>();
        worst = std::max(worst, (state - h).cwiseAbs().maxCoeff());
        h = state;
      }
      CAPTURE(kernels->name, E, H, static_cast<int>(reset_gate));
      // No parameter is above 1 / H, so that the magnitudes of a gate's sum are at most (E + H + 2) / H. An
      // error of it reaches n whole, by way of r at most half of it (a slope of 1/4, the recurrent part's 2),
      // and h' by way of z at most half of it (1/4, |h − n| <= 2). Activations are off by 2.5 ULP: five times
      // 2.5 · 2⁻²⁴, and five more operations round.
      const double size = static_cast<double>(E + H + 2) / H;
      CHECK(worst <= 2 * tests::float_sum(E + H + 3, size) + 18 * 0x1p-24);
    }
  }
}
