// Products and a GRU larger than the blocks that the kernels cut them into.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "catch.hpp"
#include "gruve/kernels/precisions.hpp"
#include "tolerance.hpp"

using namespace gruve;
using namespace gruve::kernels;
using gruve::tests::random;
using gruve::tests::size;

namespace {

// 1 / n or its negative: each precision holds these weights as they are.
std::vector<float> signs(std::size_t count, int n, std::uint64_t seed) {
  std::vector<float> values = random(count, seed);
  for (float& value : values) value = std::copysign(1.0f / static_cast<float>(n), value);
  return values;
}

// Sets that round the left side as well are compared with exactly that in bf16_test.cpp and int8_test.cpp.
bool rounds_left(const Kernels<float>& kernels) {
  const std::string name = kernels.name;
  return name == "amx" || name == "avx512_bf16" || name == "avx512_vnni";
}

}  // namespace

TEST_CASE("A product deeper and longer than its blocks equals a sum in double, in any part of the rows",
          "[kernels][product]") {
  const Precision precision = GENERATE(Precision::fp32, Precision::bf16, Precision::int8);
  const Rows rows =
      GENERATE(Rows{3, 100, 0, 100}, Rows{3, 100, 7, 93}, Rows{2, 300, 1, 300}, Rows{30, 9, 2, 9});
  const int K = 1101, N = 55;
  const auto a = random(size(rows.T * rows.B, K), 1), bias = random(size(N), 3);
  const auto b = signs(size(K, N), 1024, 2);
  for (const Kernels<float>* kernels : available(precision)) {
    if (rounds_left(*kernels)) continue;
    std::vector<float> packed(kernels->packed_size(K, N)), c(size(rows.T * rows.B, N), 7.0f);
    kernels->pack(K, N, b.data(), N, 1, packed.data());
    Product<float> product{.rows = rows,
                           .K = K,
                           .N = N,
                           .a = a.data(),
                           .a_stride = K,
                           .b = packed.data(),
                           .bias = bias.data(),
                           .c = c.data(),
                           .c_stride = N};
    kernels->multiply(product);
    product.bias = nullptr;
    product.accumulate = true;
    kernels->multiply(product);  // c = 2 a b + bias
    double worst = 0;
    for (int row = 0; row < rows.T * rows.B; ++row) {
      const bool asked = row % rows.B >= rows.first && row % rows.B < rows.last;
      for (int j = 0; j < N; ++j) {
        double exact = asked ? static_cast<double>(bias[size(j)]) : 7;
        for (int k = 0; asked && k < K; ++k)
          exact += 2.0 * a[size(row, K) + size(k)] * b[size(k, N) + size(j)];
        worst = std::max(worst, std::abs(c[size(row, N) + size(j)] - exact));
      }
    }
    CAPTURE(kernels->name, rows.T, rows.B, rows.first);
    // All products have magnitudes up to 1 / 1024; in 8 bits a weight is 127 times a scale that is rounded.
    CHECK(worst <= tests::float_sum(2 * K + 4, 2.0 * K / 1024 + 1));
  }
}

TEST_CASE("A GRU of more units and sequences than a block equals the equations, in every precision",
          "[kernels][gru]") {
  const Precision precision = GENERATE(Precision::fp32, Precision::bf16, Precision::int8);
  const int H = 1030, B = 70;
  const auto weight = signs(size(3 * H, H), 1024, 1);
  const auto bias = random(size(3 * H), 2), input = random(size(B, 3 * H), 3), before = random(size(B, H), 4);
  for (const Kernels<float>* kernels : available(precision)) {
    if (rounds_left(*kernels)) continue;
    std::vector<float> packed(kernels->packed_gru_size(H, {})), h(size(2 * B, H)), gates(size(B, 4 * H));
    kernels->pack_gru(H, {}, weight.data(), packed.data());
    std::copy(before.begin(), before.end(), h.begin());
    kernels->gru_forward({.rows = all_rows(1, B),
                          .H = H,
                          .input_product = input.data(),
                          .input_stride = 3 * H,
                          .weight_hh = packed.data(),
                          .bias_hh = bias.data(),
                          .h = h.data(),
                          .gates = gates.data()});
    double worst = 0;
    for (int b = 0; b < B; b += 23) {
      for (int i = 0; i < H; i += i < 100 ? 1 : 37) {
        double recurrent[3], x[3];
        for (int gate = 0; gate < 3; ++gate) {
          const int row = gate * H + i;
          recurrent[gate] = bias[size(row)];
          x[gate] = input[size(b, 3 * H) + size(row)];
          for (int k = 0; k < H; ++k)
            recurrent[gate] +=
                static_cast<double>(weight[size(row, H) + size(k)]) * before[size(b, H) + size(k)];
        }
        const double r = tests::sigmoid(x[0] + recurrent[0]), z = tests::sigmoid(x[1] + recurrent[1]);
        const double n = std::tanh(x[2] + r * recurrent[2]);
        const double next = (1 - z) * n + z * before[size(b, H) + size(i)];
        worst = std::max(worst, std::abs(h[size(B + b, H) + size(i)] - next));
      }
    }
    CAPTURE(kernels->name);
    // Three sums of H + 1 terms, together of magnitude 2 at most, which reach h with slopes of at most 1, and
    // some roundings of activations.
    CHECK(worst <= 2 * tests::float_sum(H + 4, 2) + 10 * 0x1p-24);
  }
}
