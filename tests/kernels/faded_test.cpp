// States that fade become zero, and are never subnormal numbers, which are slow.
#include "gruve/kernels/faded.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "arrays.hpp"
#include "catch.hpp"
#include "emulated.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/kernels/isa/baseline.hpp"
#include "gruve/kernels/precisions.hpp"

using namespace gruve;
using namespace gruve::kernels;
using gruve::tests::random;
using gruve::tests::size;

namespace {

constexpr float kSubnormal = 1e-39f;

// A layer whose states fade by a share of 1 − σ(bias_z) a step where the input is silent: n has no bias.
struct Fading {
  Fading(int units, float bias_z)
      : H(units), weight(random(size(3 * H, H), 1, 0.1f)), bias(size(3 * H)), input(size(3 * H)) {
    for (int i = 0; i < H; ++i) bias[size(H + i)] = bias_z;
    // n's own states don't keep each other up.
    for (std::size_t i = size(2 * H, H); i < weight.size(); ++i) weight[i] *= 0.01f;
  }

  // Each state after a step by gru_step, and by gru_forward for B equal sequences.
  template <class Visit>
  void for_each_state(const Kernels<float>& kernels, ResetGate reset_gate, float start, int steps,
                      Visit&& visit) {
    AlignedVector<float> packed(kernels.packed_gru_size(H, reset_gate));
    kernels.pack_gru(H, reset_gate, weight.data(), packed.data());
    std::vector<float> h(size(H), start), out(size(H)), scratch(size(3 * H));
    constexpr int B = 3;
    std::vector<float> states(size(2 * B, H), start), gates(size(B, 4 * H)), inputs;
    for (int b = 0; b < B; ++b) inputs.insert(inputs.end(), input.begin(), input.end());
    for (int t = 0; t < steps; ++t) {
      kernels.gru_step({.H = H,
                        .units = {0, H},
                        .reset_gate = reset_gate,
                        .input_product = input.data(),
                        .weight_hh = packed.data(),
                        .bias_hh = bias.data(),
                        .h = h.data(),
                        .out = out.data(),
                        .scratch = scratch.data()});
      h = out;
      for (const float x : h) visit(t, x);
      kernels.gru_forward({.rows = all_rows(1, B),
                           .H = H,
                           .reset_gate = reset_gate,
                           .input_product = inputs.data(),
                           .input_stride = std::ptrdiff_t{3} * H,
                           .weight_hh = packed.data(),
                           .bias_hh = bias.data(),
                           .h = states.data(),
                           .gates = gates.data()});
      std::copy(states.begin() + std::ptrdiff_t{B} * H, states.end(), states.begin());
      for (std::size_t i = 0; i < size(B, H); ++i) visit(t, states[i]);
    }
  }

  int H;
  std::vector<float> weight, bias, input;
};

std::vector<const Kernels<float>*> all_sets() {
  std::vector<const Kernels<float>*> sets = {&emulated::kBf16, &emulated::kAmxBf16, &emulated::kInt8,
                                             &emulated::kAmxInt8};
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8})
    for (const Kernels<float>* kernels : available(precision)) sets.push_back(kernels);
  return sets;
}

}  // namespace

TEST_CASE("Numbers below the bound become zero, others and what is not a number stay", "[kernels][faded]") {
  const float below = std::nextafter(kFaded, 0.0f), nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x = {kFaded, -kFaded, below, -below, kSubnormal, 0, 1, -1e30f, -INFINITY, nan};
  flush_below(kFaded, static_cast<std::ptrdiff_t>(x.size()), x.data());
  CHECK(std::vector<float>(x.begin(), x.end() - 1) ==
        std::vector<float>{kFaded, -kFaded, 0, 0, 0, 0, 1, -1e30f, -INFINITY});
  CHECK(std::isnan(x.back()));
  double smallest = 1e-310;
  flush_below(kFaded, 1, &smallest);
  CHECK(smallest == 1e-310);  // another scalar
#if defined(GRUVE_HAS_VECTORS)
  for (const float number : {kFaded, -kFaded, below, -below, kSubnormal, 1.0f, -INFINITY}) {
    const float expected = std::abs(number) < kFaded ? 0 : number;
    CHECK(baseline::flush_faded(baseline::broadcast(number))[0] == expected);
  }
  CHECK(std::isnan(baseline::flush_faded(baseline::broadcast(nan))[0]));
#endif
}

TEST_CASE("After silence a state is exactly zero, and on the way never below the bound", "[kernels][faded]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  for (const int H : {1, 5, 16, 35}) {
    Fading layer(H, -1);  // to a quarter and less in each step
    for (const Kernels<float>* kernels : all_sets()) {
      CAPTURE(kernels->name, static_cast<int>(kernels->precision), H);
      int too_small = 0, zeros_at_the_end = 0;
      layer.for_each_state(*kernels, reset_gate, 0.5f, 120, [&](int t, float x) {
        too_small += x != 0 && !(std::abs(x) >= kFaded);
        zeros_at_the_end += t == 119 && x == 0;
      });
      CHECK(too_small == 0);
      CHECK(zeros_at_the_end == 4 * H);
    }
  }
}

TEST_CASE("A subnormal state from outside is zero after a step, and nothing else changes",
          "[kernels][faded]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  Fading layer(35, 5);
  for (const Kernels<float>* kernels : all_sets()) {
    CAPTURE(kernels->name, static_cast<int>(kernels->precision));
    int others = 0;
    layer.for_each_state(*kernels, reset_gate, kSubnormal, 1, [&](int, float x) { others += x != 0; });
    CHECK(others == 0);
  }
}

TEST_CASE("A state that does not fade is no different for the bound", "[kernels][faded]") {
  // h' = σ(z) h with the same weights, in double: the smallest state is far above the bound.
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  Fading layer(3, 1);
  std::fill(layer.weight.begin(), layer.weight.end(), 0.0f);
  const double z = tests::sigmoid(1);
  for (const Kernels<float>* kernels : all_sets()) {
    CAPTURE(kernels->name, static_cast<int>(kernels->precision));
    double worst = 0;
    layer.for_each_state(*kernels, reset_gate, 0.5f, 100, [&](int t, float x) {
      const double exact = 0.5 * std::pow(z, t + 1);
      worst = std::max(worst, std::abs(x - exact) / exact / (t + 1));
    });
    CHECK(worst <= (2.5 * 2 + 2) * 0x1p-24);  // in each step 2.5 ULP of the gate and two roundings
  }
}

#if defined(GRUVE_HAS_VECTORS)
TEST_CASE("The gates' activations have the bits of the others", "[kernels][faded]") {
  std::uint32_t different = 0;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 99'991) {
    const baseline::Vector x = baseline::broadcast(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    const auto bits_of = [](baseline::Vector v) { return std::bit_cast<std::uint32_t>(v[0]); };
    different += bits_of(baseline::sigmoid(x)) != bits_of(baseline::gate_sigmoid(x));
    different += bits_of(baseline::tanh(x)) != bits_of(baseline::gate_tanh(x));
  }
  CHECK(different == 0);
}
#endif
