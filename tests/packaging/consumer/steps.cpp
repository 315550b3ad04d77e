#include <array>
#include <cmath>
#include <cstdio>

#include <gruve/kernels/dispatch.hpp>
#include <gruve/nn/fixed_gru.hpp>

// A layer stepped with each set of kernels that the library has: all states must agree.
int main() {
  gruve::GruCell<float> cell(1, 16);
  for (std::size_t i = 0; i < cell.weight_hh.size(); ++i)
    cell.weight_hh.data()[i] = 0.1f * static_cast<float>(i % 7) - 0.3f;
  for (int i = 0; i < 48; ++i) cell.bias_ih.data()[i] = 0.05f * static_cast<float>(i % 5);
  std::array<float, 16> first = {};
  for (const auto* kernels : gruve::kernels::available()) {
    std::array<float, 16> h = {};
    const gruve::FixedGru<1, 16> gru(cell, *kernels);
    for (int t = 0; t < 100; ++t) gru.step(std::array{0.5f}, h);
    if (kernels == gruve::kernels::available().front()) first = h;
    for (std::size_t i = 0; i < h.size(); ++i) {
      if (std::fabs(h[i] - first[i]) < 1e-5f) continue;
      std::printf("%s: unit %zu is %g, the reference's is %g\n", kernels->name, i, h[i], first[i]);
      return 1;
    }
  }
  return first[0] != 0 ? 0 : 1;
}
