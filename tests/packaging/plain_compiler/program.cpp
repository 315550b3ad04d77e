// Compilers that are neither GCC nor Clang (MSVC) have no vector types: they get the plain reference, and
// nothing of the rest is missing. Here the compiler is made one of them after the headers of others.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <Eigen/Core>

#undef __GNUC__
#undef __clang__
#include "gruve/kernels/precisions.hpp"
#include "gruve/kernels/training.hpp"
#include "gruve/nn/fixed_gru.hpp"

int main() {
  using namespace gruve;
  using kernels::Precision;
  bool right = std::string(kernels::active_name()) == "reference" && !kernels::force("baseline");
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    const auto& active = kernels::active(precision);
    right = right && kernels::available(precision).size() == 1 && std::string(active.name) == "reference" &&
            std::string(kernels::training_kernels_of(active).name) == "reference";
  }
  GruCell<float> cell(1, 16);
  for (int i = 0; i < 48; ++i) cell.bias_ih.data()[i] = 0.1f * static_cast<float>(i % 5);
  std::array<float, 16> h = {};
  FixedGru<1, 16>(cell).step(std::array{0.5f}, h);
  Eigen::VectorXf plain = Eigen::VectorXf::Zero(16);
  cell.step(Eigen::VectorXf::Constant(1, 0.5f), plain);
  right = right && plain.isApprox(Eigen::Map<const Eigen::VectorXf>(h.data(), 16)) && plain.norm() > 0;
  std::puts(right ? "the reference alone: right" : "not the reference alone");
  return right ? 0 : 1;
}
