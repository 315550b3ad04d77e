#include <array>
#include <cstdio>

#include <gruve/kernels/dispatch.hpp>
#include <gruve/nn/fixed_gru.hpp>

// A step of a layer, with the kernels of the library.
int main() {
  gruve::GruCell<float> cell(1, 16);
  for (int i = 0; i < 48; ++i) cell.bias_ih.data()[i] = 0.5f;
  std::array<float, 16> h = {};
  const gruve::FixedGru<1, 16> gru(cell);
  gru.step(std::array{0.5f}, h);
  std::printf("gruve::kernels: %s\n", gruve::kernels::active().name);
  return h[0] != 0 ? 0 : 1;
}
