#pragma once

// A GRU layer over a chunk for the tests of the kernels that round both sides of a product.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "arrays.hpp"
#include "emulated.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/kernels/gate_tiles.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/kernels/rounding.hpp"
#include "gruve/kernels/training.hpp"
#include "tolerance.hpp"

namespace gruve::kernels::rounding {

using gruve::tests::distance;
using gruve::tests::random;
using gruve::tests::size;

using Sets = std::vector<const Kernels<float>*>;

// Those that round both sides: emulated, and the processor's own where it has them.
inline Sets rounding_sets() {
  Sets sets = {&emulated::kAmxBf16, &emulated::kBf16};
  for (const char* name : {"avx512_bf16", "amx"})
    if (const Kernels<float>* found = find(name, Precision::bf16)) sets.push_back(found);
  return sets;
}

inline double rounded(float x) { return from_bfloat16(to_bfloat16(x)); }

// A GRU over a chunk, its arrays, and weights small enough that |W h| <= 1.
struct Layer {
  int T, B, H;
  bool resets = true;
  std::vector<float> weight = random(size(3 * H, H), 1, 1.0f / static_cast<float>(H));
  std::vector<float> bias = random(size(3 * H), 2), input = random(size(T * B, 3 * H), 3);
  GateLayout layout;
  bool past_caches = false;
  std::vector<float> h = random(size(T + 1, B, H), 4);
  AlignedVector<float> gates;  // [T · B, 4 H], or GateTiles
  std::vector<float> dout = random(size(T * B, H), 5), dh = random(size(B, H), 6);
  std::vector<std::uint8_t> reset = std::vector<std::uint8_t>(size(T, B));

  Layer(int timesteps, int batch, int hidden, GateLayout gate_layout = GateLayout::rows)
      : T(timesteps),
        B(batch),
        H(hidden),
        layout(gate_layout),
        gates(layout == GateLayout::tiles ? AlignedVector<float>(GateTiles::size(T, B, H))
                                          : AlignedVector<float>(size(T * B, 4 * H), 9.0f)) {
    for (std::size_t i = 0; i < reset.size(); i += 3) reset[i] = 1;
    if (reset[0] != 0)
      h[0] = std::numeric_limits<float>::quiet_NaN();  // counts as zero, whatever stands there
  }

  std::vector<float> states() const { return {h.begin() + std::ptrdiff_t{B} * H, h.end()}; }
  std::size_t row(int t, int b) const { return size(t, B) + size(b); }
  float state(int t, int b, int j) const {
    return reset[row(t, b)] != 0 ? 0.0f : h[row(t, b) * size(H) + size(j)];
  }

  // A part of the sequences, an even number of them before it.
  Rows part_of(int part, int parts) const {
    const auto at = [&](int i) { return i == parts ? B : B * i / parts / 2 * 2; };
    return {T, B, at(part), at(part + 1)};
  }

  void forward(const Kernels<float>& kernels, ResetGate reset_gate = ResetGate::after_product,
               int parts = 1) {
    AlignedVector<float> packed(kernels.packed_gru_size(H, reset_gate));
    kernels.pack_gru(H, reset_gate, weight.data(), packed.data());
    for (int part = 0; part < parts; ++part)
      kernels.gru_forward({.rows = part_of(part, parts),
                           .H = H,
                           .reset_gate = reset_gate,
                           .input_product = input.data(),
                           .input_stride = std::ptrdiff_t{3} * H,
                           .weight_hh = packed.data(),
                           .bias_hh = bias.data(),
                           .reset = reset.data(),
                           .h = h.data(),
                           .gate_layout = layout,
                           .past_caches = past_caches,
                           .gates = gates.data()});
  }

  void backward(const Kernels<float>& kernels, ResetGate reset_gate = ResetGate::after_product,
                int parts = 1) {
    const TrainingKernels<float>& training = emulated::training_kernels_of(kernels);
    AlignedVector<float> packed(training.packed_gru_backward_size(H, reset_gate));
    training.pack_gru_backward(H, reset_gate, weight.data(), packed.data());
    for (int part = 0; part < parts; ++part)
      training.gru_backward({.rows = part_of(part, parts),
                             .H = H,
                             .reset_gate = reset_gate,
                             .weight_hh = packed.data(),
                             .reset = reset.data(),
                             .h = h.data(),
                             .gate_layout = layout,
                             .gates = gates.data(),
                             .dout = dout.data(),
                             .dh = dh.data()});
  }
};

template <typename Array>
double largest_distance(const Array& a, const Array& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, distance(a[i], b[i]));
  return worst;
}

}  // namespace gruve::kernels::rounding
