// A program that steps one layer whose sizes it knows.
#include <array>

#include "gruve/nn/fixed_gru.hpp"

int main(int argc, char**) {
  const gruve::GruCell<float> cell(1, 16);
  const gruve::FixedGru<1, 16> gru(cell);
  std::array<float, 16> h = {};
  gru.step(std::array{static_cast<float>(argc)}, h);
  return h[0] > 0.5f ? 1 : 0;
}
