#include "gruve/kernels/fused.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "arrays.hpp"
#include "catch.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/kernels/training.hpp"
#include "tolerance.hpp"

using namespace gruve;
using namespace gruve::kernels;
using gruve::tests::random;
using gruve::tests::size;

namespace {}  // namespace

TEST_CASE("The reference comes first among the implementations and one can be forced",
          "[kernels][dispatch]") {
  REQUIRE(!available().empty());
  CHECK(std::string(available().front()->name) == "reference");
  CHECK(find("no such set") == nullptr);
  CHECK_FALSE(force("no such set"));
  const Kernels<float>& before = active();
  for (const Kernels<float>* kernels : available()) {
    CHECK(force(kernels->name));
    CHECK(&active() == kernels);
  }
  CHECK(force(before.name));
}

TEST_CASE("Products equal a sum in double at all small sizes", "[kernels][product]") {
  for (const Kernels<float>* kernels : available()) {
    for (int N = 1; N <= 50; N += N < 20 ? 1 : 5) {
      for (const int K : {1, 2, 7, 16, 33}) {
        for (const int rows : {1, 3, 8, 17}) {
          const auto a = random(size(rows, K + 3), 1), b = random(size(K, N), 2), bias = random(size(N), 3);
          std::vector<float> packed(kernels->packed_size(K, N)), c(size(rows, N + 1), 7.0f);
          kernels->pack(K, N, b.data(), N, 1, packed.data());
          Product<float> product{.rows = all_rows(1, rows),
                                 .K = K,
                                 .N = N,
                                 .a = a.data(),
                                 .a_stride = K + 3,
                                 .b = packed.data(),
                                 .bias = bias.data(),
                                 .c = c.data(),
                                 .c_stride = N + 1};
          kernels->multiply(product);
          product.bias = nullptr;
          product.accumulate = true;
          kernels->multiply(product);  // c = 2 a b + bias
          CAPTURE(kernels->name, N, K, rows);
          double worst = 0;
          for (int i = 0; i < rows; ++i) {
            for (int j = 0; j < N; ++j) {
              double exact = bias[size(j)];
              for (int k = 0; k < K; ++k)
                exact += 2.0 * a[size(i, K + 3) + size(k)] * b[size(k, N) + size(j)];
              worst = std::max(worst, std::abs(c[size(i, N + 1) + size(j)] - exact));
            }
            CHECK(c[size(i, N + 1) + size(N)] == 7.0f);  // nothing beside the matrix is touched
          }
          CHECK(worst <= tests::float_sum(2 * K + 1, 2 * K + 1));

          // One row as a token at a time takes it.
          std::vector<float> row(size(N + 1), 7.0f);
          kernels->multiply_vector({.K = K,
                                    .N = N,
                                    .columns = {0, N},
                                    .a = a.data(),
                                    .b = packed.data(),
                                    .bias = bias.data(),
                                    .c = row.data()});
          worst = 0;
          for (int j = 0; j < N; ++j) {
            double exact = bias[size(j)];
            for (int k = 0; k < K; ++k) exact += static_cast<double>(a[size(k)]) * b[size(k, N) + size(j)];
            worst = std::max(worst, std::abs(row[size(j)] - exact));
          }
          CHECK(worst <= tests::float_sum(K + 1, K + 1));
          CHECK(row[size(N)] == 7.0f);

          // The transposed product of the same: aᵀ (rows of a) with b's role played by another matrix.
          const auto d = random(size(rows, N + 2), 4);
          std::vector<float> e(size(K, N), 5.0f), sums(size(K), 5.0f);
          const Columns columns{K / 3, K};
          training_kernels_of(*kernels).multiply_transposed({.rows = rows,
                                                             .columns = columns,
                                                             .a = a.data(),
                                                             .a_stride = K + 3,
                                                             .N = N,
                                                             .b = d.data(),
                                                             .b_stride = N + 2,
                                                             .c = e.data(),
                                                             .sums = sums.data()});
          worst = 0;
          for (int k = 0; k < K; ++k) {
            double sum = k < columns.first ? 5 : 0;
            for (int i = 0; i < rows && k >= columns.first; ++i) sum += a[size(i, K + 3) + size(k)];
            worst = std::max(worst, std::abs(sums[size(k)] - sum));
            for (int j = 0; j < N; ++j) {
              double exact = 5;
              if (k >= columns.first) {
                exact = 0;
                for (int i = 0; i < rows; ++i)
                  exact += static_cast<double>(a[size(i, K + 3) + size(k)]) * d[size(i, N + 2) + size(j)];
              }
              worst = std::max(worst, std::abs(e[size(k, N) + size(j)] - exact));
            }
          }
          CHECK(worst <= tests::float_sum(rows, rows));
        }
      }
    }
  }
}

TEST_CASE("A long transposed product is summed over all blocks, without the rows that count as zero",
          "[kernels][product]") {
  for (const Kernels<float>* kernels : available()) {
    const int rows = 1000, K = GENERATE(9, 205), N = 55;
    const auto a = random(size(rows, K), 1), b = random(size(rows, N), 2);
    std::vector<std::uint8_t> is_zero(size(rows));
    for (std::size_t i = 0; i < is_zero.size(); i += 7) is_zero[i] = 1;
    std::vector<float> c(size(K, N)), sums(size(K));
    training_kernels_of(*kernels).multiply_transposed({.rows = rows,
                                                       .columns = {0, K},
                                                       .a = a.data(),
                                                       .a_stride = K,
                                                       .N = N,
                                                       .b = b.data(),
                                                       .b_stride = N,
                                                       .b_is_zero = is_zero.data(),
                                                       .c = c.data(),
                                                       .sums = sums.data()});
    for (int k = 0; k < K; ++k) {
      for (int j = 0; j < N; ++j) {
        double exact = 0;
        for (int i = 0; i < rows; ++i)
          if (is_zero[size(i)] == 0)
            exact += static_cast<double>(a[size(i, K) + size(k)]) * b[size(i, N) + size(j)];
        REQUIRE(std::abs(c[size(k, N) + size(j)] - exact) <= tests::float_sum(rows, std::sqrt(rows)));
      }
    }
  }
}

TEST_CASE("Rows are summed by their tokens, in the columns asked for", "[kernels]") {
  for (const Kernels<float>* kernels : available()) {
    for (const int n : {1, 5, 16, 33}) {
      const int rows = 40, V = 3, width = n + 4;
      const auto a = random(size(rows, width), 1);
      std::vector<std::uint16_t> tokens;
      for (int row = 0; row < rows; ++row) tokens.push_back(row % 7 == 0 ? 2 : 0);  // never 1
      std::vector<float> c(size(V, width), 5.0f);
      training_kernels_of(*kernels).sum_by_token({.rows = rows,
                                                  .columns = {2, 2 + n},
                                                  .a = a.data(),
                                                  .a_stride = width,
                                                  .tokens = tokens.data(),
                                                  .V = V,
                                                  .c = c.data(),
                                                  .c_stride = width});
      for (int v = 0; v < V; ++v) {
        for (int j = 0; j < width; ++j) {
          CAPTURE(kernels->name, n, v, j);
          const bool asked = j >= 2 && j < 2 + n;
          double exact = asked ? 0 : 5;
          for (int row = 0; row < rows && asked; ++row)
            if (tokens[size(row)] == v) exact += a[size(row, width) + size(j)];
          CHECK(std::abs(c[size(v, width) + size(j)] - exact) <= tests::float_sum(rows, rows));
        }
      }
    }
  }
}

TEST_CASE("Cross-entropy by hand, with a target that does not count", "[kernels][softmax]") {
  // Two rows of logits ln 1, ln 2, ln 5: probabilities 1/8, 2/8, 5/8.
  for (const Kernels<float>* kernels : available()) {
    CAPTURE(kernels->name);
    const float ln2 = std::log(2.0f), ln5 = std::log(5.0f);
    std::vector<float> logits = {0, ln2, ln5, 100, 100 + ln2, 100 + ln5, 1, 2, 3}, loss(3, -1.0f);
    const std::vector<std::uint16_t> targets = {2, 0, kNoTarget};
    training_kernels_of(*kernels).cross_entropy({.rows = all_rows(1, 3),
                                                 .V = 3,
                                                 .targets = targets.data(),
                                                 .scale = 0.5f,
                                                 .logits = logits.data(),
                                                 .loss = loss.data()});
    const float none = 1e-6f;  // a few roundings of numbers around one; those of 100 + ln 2 in the second row
    CHECK(loss[0] == Approx(std::log(8.0 / 5)).margin(none));
    CHECK(loss[1] == Approx(std::log(8.0)).margin(1e-5));
    CHECK(loss[2] == 0.0f);
    CHECK(logits[0] == Approx(0.5 * 1 / 8).margin(none));
    CHECK(logits[1] == Approx(0.5 * 2 / 8).margin(none));
    CHECK(logits[2] == Approx(0.5 * (5.0 / 8 - 1)).margin(none));
    CHECK(logits[3] == Approx(0.5 * (1.0 / 8 - 1)).margin(1e-5));
    for (const std::size_t i : {6u, 7u, 8u}) CHECK(logits[i] == 0.0f);
  }
}

TEST_CASE("A GRU step of one sequence equals the equations in double at all small sizes", "[kernels][gru]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  for (const Kernels<float>* kernels : available()) {
    for (int H = 1; H <= 100; H += H < 34 ? 1 : 11) {
      auto weight = random(size(3 * H, H), 1);
      for (float& w : weight) w /= static_cast<float>(H);
      const auto bias = random(size(3 * H), 2), input = random(size(3 * H), 3), h = random(size(H), 4);
      std::vector<float> packed(kernels->packed_gru_size(H, reset_gate)), out(size(H) + 1, 7.0f),
          scratch(size(3 * H) + 1, 7.0f);
      kernels->pack_gru(H, reset_gate, weight.data(), packed.data());
      kernels->gru_step({.H = H,
                         .units = {0, H},
                         .reset_gate = reset_gate,
                         .input_product = input.data(),
                         .weight_hh = packed.data(),
                         .bias_hh = bias.data(),
                         .h = h.data(),
                         .out = out.data(),
                         .scratch = scratch.data()});
      std::vector<double> r(size(H));
      const auto product = [&](int row, bool with_reset) {
        double sum = bias[size(row)];
        for (std::size_t k = 0; k < size(H); ++k)
          sum += weight[size(row, H) + k] * (with_reset ? r[k] : 1.0) * h[k];
        return sum;
      };
      const float* x = input.data();
      double worst = 0;
      for (int j = 0; j < H; ++j) r[size(j)] = tests::sigmoid(x[j] + product(j, false));
      for (int j = 0; j < H; ++j) {
        const double z = tests::sigmoid(x[H + j] + product(H + j, false));
        const double n = std::tanh(x[2 * H + j] + (reset_gate == ResetGate::before_product
                                                       ? product(2 * H + j, true)
                                                       : r[size(j)] * product(2 * H + j, false)));
        worst = std::max(worst, std::abs(out[size(j)] - ((1 - z) * n + z * h[size(j)])));
      }
      CAPTURE(kernels->name, H);
      // A pre-activation is a sum of H + 2 numbers of at most 3 in all; its error reaches h' through n
      // (factor 1), r (1/4 · 2) and z (1/4 · 2); the gates add a few roundings.
      CHECK(worst <= 2 * tests::float_sum(H + 2, 3) + 10 * 0x1p-24);
      CHECK(out[size(H)] == 7.0f);
      CHECK(scratch[size(3 * H)] == 7.0f);
    }
  }
}

TEST_CASE("Gates too many for the caches have the bits of gates that stand between two cache lines",
          "[kernels][gru]") {
  const int T = 32, B = 256, H = 64;
  auto weight = random(size(3 * H, H), 1);
  for (float& w : weight) w /= static_cast<float>(H);
  const auto bias = random(size(3 * H), 2), input = random(size(T * B, 3 * H), 3);
  std::vector<std::uint8_t> reset(size(T, B));
  for (std::size_t i = 0; i < reset.size(); i += 9) reset[i] = 1;
  AlignedVector<float> gates(size(T * B, 4 * H) + 1);
  for (const Kernels<float>* kernels : available()) {
    if (kernels == &reference::kKernels<float>) continue;
    CAPTURE(kernels->name);
    std::vector<float> packed(kernels->packed_gru_size(H, ResetGate::after_product)), h(size((T + 1) * B, H));
    kernels->pack_gru(H, ResetGate::after_product, weight.data(), packed.data());
    GruForward<float> pass{.rows = all_rows(T, B),
                           .H = H,
                           .input_product = input.data(),
                           .input_stride = 3 * H,
                           .weight_hh = packed.data(),
                           .bias_hh = bias.data(),
                           .reset = reset.data(),
                           .h = h.data(),
                           .gates = gates.data()};
    kernels->gru_forward(pass);
    const std::vector<float> truth(gates.begin(), gates.end() - 1);
    pass.gates = gates.data() + 1;
    kernels->gru_forward(pass);
    CHECK(std::equal(truth.begin(), truth.end(), gates.begin() + 1));
  }
}

TEST_CASE("One GRU step by hand", "[kernels][gru]") {
  // H = 2, weights and biases zero but for: W_hr = 0, W_hz = 0, W_hn = [[1, 0], [0, 1]]; x_r = 0, x_z = 0,
  // x_n = 1; h = [1, −1]: r = z = 1/2, n = tanh(1 + h / 2), h' = (n + h) / 2.
  const std::vector<float> weight = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1}, bias(6);
  const std::vector<float> input = {0, 0, 0, 0, 1, 1};
  for (const Kernels<float>* kernels : available()) {
    for (const ResetGate reset_gate : {ResetGate::after_product, ResetGate::before_product}) {
      CAPTURE(kernels->name);
      std::vector<float> packed(kernels->packed_gru_size(2, reset_gate)), h = {1, -1, 0, 0}, gates(8);
      kernels->pack_gru(2, reset_gate, weight.data(), packed.data());
      kernels->gru_forward({.rows = all_rows(1, 1),
                            .H = 2,
                            .reset_gate = reset_gate,
                            .input_product = input.data(),
                            .input_stride = 6,
                            .weight_hh = packed.data(),
                            .bias_hh = bias.data(),
                            .h = h.data(),
                            .gates = gates.data()});
      CHECK(h[2] == Approx((std::tanh(1.5) + 1) / 2).epsilon(1e-6));
      CHECK(h[3] == Approx((std::tanh(0.5) - 1) / 2).epsilon(1e-6));
    }
  }
}
