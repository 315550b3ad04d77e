#include "gruve/nn/fixed_gru.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "realtime.hpp"
#include "tolerance.hpp"

using namespace gruve;

namespace {

// A cell of random parameters in [−1, 1), and the same in double.
template <int E, int H>
std::pair<GruCell<float, E, H>, GruCell<double>> random_cells(ResetGate reset_gate) {
  GruCell<float, E, H> single(E, H, reset_gate);
  GruCell<double> exact(E, H, reset_gate);
  Rng rng(E * 100 + H);
  const auto fill = [&](Parameter<float>& parameter, Parameter<double>& same) {
    for (std::size_t i = 0; i < parameter.size(); ++i)
      same.data()[i] = parameter.data()[i] = 2 * rng.uniform() - 1;
  };
  fill(single.weight_ih, exact.weight_ih);
  fill(single.weight_hh, exact.weight_hh);
  fill(single.bias_ih, exact.bias_ih);
  fill(single.bias_hh, exact.bias_hh);
  return {std::move(single), std::move(exact)};
}

// How far a step in float may be from the exact one, for each unit. A sum of E + H + 2 terms is off by what
// float_sum says. The slope of the sigmoid is at most 1/4 and that of tanh 1, and each is off by 2.5 ULP
// besides. An error of r reaches n through the recurrent part's terms, in whose sum it stands before_product;
// and h' = n + z ∘ (h − n) with |h − n| <= 2 adds its own rounding.
Eigen::VectorXd tolerance(const GruCell<double>& cell, const Eigen::VectorXd& x, const Eigen::VectorXd& h) {
  const int E = cell.input_size(), H = cell.hidden_size();
  const auto magnitude = [](const Parameter<double>& parameter) { return parameter.matrix().cwiseAbs(); };
  const Eigen::VectorXd input = magnitude(cell.weight_ih) * x.cwiseAbs() + magnitude(cell.bias_ih);
  const Eigen::VectorXd recurrent = magnitude(cell.weight_hh) * h.cwiseAbs() + magnitude(cell.bias_hh);
  const double sums = tests::float_sum(E + H + 3, 1), activation = 2.5 * 0x1p-23;
  const auto gate = [&](int first) {
    return (sums / 4 * (input + recurrent).segment(first, H)).array() + activation;
  };
  const Eigen::ArrayXd r = gate(0), z = gate(H);
  const Eigen::ArrayXd n =
      sums * (input + recurrent).tail(H).array() + recurrent.tail(H).array() * r.maxCoeff() + activation;
  return n + 2 * z + 4 * 0x1p-24;
}

template <int E, int H>
void check_size() {
  for (const ResetGate reset_gate : {ResetGate::after_product, ResetGate::before_product}) {
    const auto [cell, exact] = random_cells<E, H>(reset_gate);
    for (const kernels::Kernels<float>* kernels : kernels::available()) {
      const FixedGru<E, H> gru(cell, *kernels);
      Rng rng(7);
      // Behind one float, and so on no boundary of vectors; what stands around the state is not touched.
      alignas(64) std::array<float, E + 1> x;
      alignas(64) std::array<float, H + 2> h;
      for (float& value : h) value = 2 * rng.uniform() - 1;
      const float before = h.front(), behind = h.back();
      double worst = 0;
      for (int step = 0; step < 4; ++step) {
        for (float& value : x) value = 2 * rng.uniform() - 1;
        const std::span<const float, E> input(x.data() + 1, E);
        const std::span<float, H> state(h.data() + 1, H);
        Eigen::VectorXd exact_x(E), exact_h(H);
        std::copy(input.begin(), input.end(), exact_x.begin());
        std::copy(state.begin(), state.end(), exact_h.begin());
        const Eigen::VectorXd allowed = tolerance(exact, exact_x, exact_h);
        exact.step(exact_x, exact_h);
        gru.step(input, state);
        for (int i = 0; i < H; ++i)
          worst = std::max(worst, std::abs(state[static_cast<std::size_t>(i)] - exact_h[i]) / allowed[i]);
      }
      CAPTURE(E, H, static_cast<int>(reset_gate), kernels->name);
      CHECK(worst <= 1);
      CHECK(h.front() == before);
      CHECK(h.back() == behind);
    }
  }
}

template <int E, int H>
std::array<float, H> state_after_some_steps(const FixedGru<E, H>& gru) {
  std::array<float, E> x;
  std::array<float, H> h = {};
  for (int step = 0; step < 5; ++step) {
    for (std::size_t i = 0; i < E; ++i) x[i] = std::sin(static_cast<float>(i) + static_cast<float>(step));
    gru.step(x, h);
  }
  return h;
}

}  // namespace

TEST_CASE("A step of fixed sizes is the exact one on every instruction set", "[nn][fixed_gru]") {
  check_size<1, 1>();
  check_size<3, 3>();
  check_size<32, 7>();
  check_size<8, 8>();
  check_size<1, 9>();
  check_size<3, 16>();
  check_size<8, 17>();
  check_size<1, 33>();
  check_size<32, 64>();
}

TEST_CASE("A cell whose sizes are known at run time gives the same layer, other sizes are refused",
          "[nn][fixed_gru]") {
  const auto cell = random_cells<8, 17>(ResetGate::after_product).first;
  GruCell<float> dynamic(8, 17);
  dynamic.weight_ih = cell.weight_ih;
  dynamic.weight_hh = cell.weight_hh;
  dynamic.bias_ih = cell.bias_ih;
  dynamic.bias_hh = cell.bias_hh;
  for (const kernels::Kernels<float>* kernels : kernels::available()) {
    const FixedGru<8, 17> gru(cell, *kernels), same(dynamic, *kernels);
    CHECK(state_after_some_steps(gru) == state_after_some_steps(same));
  }
  CHECK(tests::error_of([&] { FixedGru<3, 16>{dynamic}; }) ==
        "a GruCell of 8 inputs and 17 units given to a FixedGru of 3 inputs and 16 units");
  CHECK(tests::error_of([&] { FixedGru<3, 3>{dynamic}; }) ==
        "a GruCell of 8 inputs and 17 units given to a FixedGru of 3 inputs and 3 units");
}

TEST_CASE("A set of kernels that this processor has not is refused", "[nn][fixed_gru][dispatch]") {
  const GruCell<float> cell(3, 3);
  CHECK(tests::error_of([&] { FixedGru<3, 3>(cell, "nonsense"); }) ==
        "\"nonsense\" is not a set of kernels that this processor has");
  CHECK(tests::error_of([&] { FixedGru<3, 3>(cell, "reference"); }) == "no error");
}

TEST_CASE("A layer of fixed sizes takes the kernels that are forced", "[nn][fixed_gru][dispatch]") {
  const auto cell = random_cells<8, 17>(ResetGate::after_product).first;
  const char* const before = kernels::active().name;
  for (const kernels::Kernels<float>* kernels : kernels::available()) {
    REQUIRE(kernels::force(kernels->name));
    CHECK(state_after_some_steps(FixedGru<8, 17>(cell)) ==
          state_after_some_steps(FixedGru<8, 17>(cell, *kernels)));
  }
  kernels::force(before);

  // Each set has a step of its own, and the reference is the cell's.
  std::vector<decltype(kernels::FixedGruStep::step)> steps;
  for (const kernels::Kernels<float>* kernels : kernels::available()) {
    for (const ResetGate reset_gate : {ResetGate::after_product, ResetGate::before_product}) {
      const auto step = kernels::fixed_gru_step<8, 17>(kernels->name, reset_gate).step;
      CAPTURE(kernels->name);
      CHECK((step == nullptr) == (kernels == kernels::available().front()));
      if (step != nullptr) CHECK(std::count(steps.begin(), steps.end(), step) == 0);
      steps.push_back(step);
    }
  }
  CHECK(kernels::fixed_gru_step<8, 17>("no such set", ResetGate::after_product).step == nullptr);
  std::array<float, 17> h = {};
  Eigen::Vector<float, 17> plain = Eigen::Vector<float, 17>::Zero();
  FixedGru<8, 17>(cell, *kernels::available().front()).step(std::array<float, 8>{1, 2, 3}, h);
  cell.step(Eigen::Vector<float, 8>{{1, 2, 3, 0, 0, 0, 0, 0}}, plain);
  CHECK(std::memcmp(h.data(), plain.data(), sizeof(h)) == 0);
}

TEST_CASE("A step of fixed sizes takes no memory, no lock and no system call, and what is not a number shows",
          "[nn][fixed_gru][realtime]") {
  for (const ResetGate reset_gate : {ResetGate::after_product, ResetGate::before_product}) {
    const auto cell = random_cells<1, 33>(reset_gate).first;
    for (const kernels::Kernels<float>* kernels : kernels::available()) {
      const FixedGru<1, 33> gru(cell, *kernels);
      std::array<float, 1> x = {};
      std::array<float, 33> h = {};
      CHECK(tests::counted([&] {
              for (long step = 0; step < tests::realtime_calls(2000); ++step) gru.step(x, h);
            }) == tests::RealtimeCounts{});
      x[0] = std::numeric_limits<float>::quiet_NaN();
      gru.step(x, h);
      CAPTURE(kernels->name);
      for (const float value : h) CHECK(std::isnan(value));
    }
  }
}

TEST_CASE("After silence a layer of fixed sizes has a state of zeros, and on the way none below the bound",
          "[nn][fixed_gru][faded]") {
  constexpr int kUnits = 20;
  for (const ResetGate reset_gate : {ResetGate::after_product, ResetGate::before_product}) {
    auto cell = random_cells<3, kUnits>(reset_gate).first;
    for (std::size_t i = 0; i < cell.bias_ih.size(); ++i)
      cell.bias_ih.data()[i] = i < 2 * kUnits ? -1.0f : 0.0f;
    for (std::size_t i = 0; i < cell.bias_hh.size(); ++i) cell.bias_hh.data()[i] = 0;
    for (std::size_t i = 0; i < cell.weight_hh.size(); ++i) cell.weight_hh.data()[i] *= 0.01f;
    for (const kernels::Kernels<float>* kernels : kernels::available()) {
      const FixedGru<3, kUnits> gru(cell, *kernels);
      std::array<float, kUnits> h = {};
      for (int i = 0; i < 5; ++i) gru.step(std::array{0.5f, -0.5f, 1.0f}, h);
      CHECK(std::count(h.begin(), h.end(), 0.0f) == 0);
      int too_small = 0;
      for (int i = 0; i < 150; ++i) {
        gru.step(std::array{0.0f, 0.0f, 0.0f}, h);
        for (const float value : h) too_small += value != 0 && !(std::abs(value) >= kernels::kFaded);
      }
      CAPTURE(static_cast<int>(reset_gate), kernels->name);
      CHECK(too_small == 0);
      CHECK(std::count(h.begin(), h.end(), 0.0f) == kUnits);
      // A state, and an input, that are subnormal from outside.
      h.fill(1e-39f);
      gru.step(std::array{1e-39f, -1e-40f, 0.0f}, h);
      CHECK(std::count(h.begin(), h.end(), 0.0f) == kUnits);
    }
  }
}

TEST_CASE("The example in FixedGru's documentation runs", "[nn][docs]") {
  const gruve::GruCell<float> cell(1, 16);
  const gruve::FixedGru<1, 16> gru(cell);
  std::array<float, 16> h = {};
  gru.step(std::array{0.5f}, h);
  CHECK(h == std::array<float, 16>{});
}
