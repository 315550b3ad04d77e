// Weights in bfloat16 and in 8 bits: what a product or a GRU makes of them is what the equations say of the
// rounded weights, and the rounding is the nearest.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "catch.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/kernels/rounding.hpp"
#include "tolerance.hpp"

using namespace gruve;
using namespace gruve::kernels;
using gruve::tests::random;
using gruve::tests::size;

namespace {

// The weights [K, N] as `precision` holds them, each column with its own scale; by arithmetic, not by bits.
std::vector<double> held(Precision precision, int K, int N, const std::vector<float>& w) {
  std::vector<double> result(w.begin(), w.end());
  for (int n = 0; n < N; ++n) {
    double largest = 0;
    for (int k = 0; k < K; ++k) largest = std::max(largest, std::abs(result[size(k, N) + size(n)]));
    const double scale = static_cast<float>(static_cast<float>(largest) / 127);
    for (int k = 0; k < K; ++k) {
      double& x = result[size(k, N) + size(n)];
      if (precision == Precision::int8) {
        x = scale * std::nearbyint(x / scale);
      } else if (precision == Precision::bf16 && x != 0) {
        const double unit = std::ldexp(1.0, std::ilogb(x) - 7);  // 8 bits of significand
        x = unit * std::nearbyint(x / unit);
      }
    }
  }
  return result;
}

// By how much each number of a row, none above 1, is off where a set rounds rows as well as weights
// (bf16_test.cpp and int8_test.cpp compare these sets with exactly that).
double row_rounding(const Kernels<float>& kernels) {
  const std::string name = kernels.name;
  if (kernels.precision == Precision::int8) return name == "amx" || name == "avx512_vnni" ? 1.0 / 254 : 0;
  return name == "amx" || name == "avx512_bf16" ? 0x1p-9 : 0;
}

// Single rows: of bfloat16 weights none is rounded; for 8 bits the other fused sets round to 16.
double single_row_rounding(const Kernels<float>& kernels) {
  if (kernels.precision != Precision::int8) return 0;
  const std::string name = kernels.name;
  return std::max(row_rounding(kernels), name == "reference" ? 0 : 0x1p-16);
}

}  // namespace

TEST_CASE("Rounding to bfloat16 is to the nearest, ties to even, and a NaN stays one",
          "[kernels][precision]") {
  const auto rounded = [](float x) { return from_bfloat16(to_bfloat16(x)); };
  CHECK(rounded(1.0f) == 1.0f);
  CHECK(rounded(1.0f + 0x1p-8f) == 1.0f);               // a tie: down to even
  CHECK(rounded(1.0f + 0x3p-8f) == 1.0f + 0x4p-8f);     // a tie: up to even
  CHECK(rounded(1.0f + 0x1.01p-8f) == 1.0f + 0x1p-7f);  // above the tie
  CHECK(rounded(-0x1p-130f) == -0x1p-130f);             // denormal
  CHECK(rounded(std::numeric_limits<float>::max()) == std::numeric_limits<float>::infinity());
  CHECK(rounded(-std::numeric_limits<float>::infinity()) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
  CHECK(std::isnan(rounded(std::bit_cast<float>(0x7F800001u))));  // whose upper half alone would be infinity
}

TEST_CASE("Products with rounded weights equal a sum in double at all small sizes", "[kernels][precision]") {
  const Precision precision = GENERATE(Precision::bf16, Precision::int8);
  REQUIRE(available(precision).size() >= available().size());
  for (const Kernels<float>* kernels : available(precision)) {
    CHECK(kernels->precision == precision);
    for (int N = 1; N <= 100; N += N < 20 ? 1 : 7) {
      for (const int K : {1, 2, 7, 16, 33}) {
        for (const int rows : {1, 8, 17}) {
          CAPTURE(kernels->name, N, K, rows);
          const auto a = random(size(rows, K), 1), b = random(size(K, N), 2), bias = random(size(N), 3);
          const std::vector<double> w = held(precision, K, N, b);
          std::vector<float> packed(kernels->packed_size(K, N)), c(size(rows, N)), first(size(N)),
              parts(size(N));
          kernels->pack(K, N, b.data(), N, 1, packed.data());
          kernels->multiply({.rows = all_rows(1, rows),
                             .K = K,
                             .N = N,
                             .a = a.data(),
                             .a_stride = K,
                             .b = packed.data(),
                             .bias = bias.data(),
                             .c = c.data(),
                             .c_stride = N});
          VectorProduct<float> vector{.K = K,
                                      .N = N,
                                      .columns = {0, N},
                                      .a = a.data(),
                                      .b = packed.data(),
                                      .bias = bias.data(),
                                      .c = first.data()};
          kernels->multiply_vector(vector);
          vector.c = parts.data();
          for (int column = 0; column < N; column += kPartUnit) {
            vector.columns = {column, std::min(N, column + kPartUnit)};
            kernels->multiply_vector(vector);
          }
          CHECK(parts == first);
          double worst = 0, worst_first = 0;
          for (int i = 0; i < rows; ++i) {
            for (int j = 0; j < N; ++j) {
              double exact = bias[size(j)];
              for (int k = 0; k < K; ++k) exact += a[size(i, K) + size(k)] * w[size(k, N) + size(j)];
              worst = std::max(worst, std::abs(c[size(i, N) + size(j)] - exact));
              if (i == 0) worst_first = std::max(worst_first, std::abs(first[size(j)] - exact));
            }
          }
          // With 8 bits a factor comes from rounding the scale, another from rounding their product.
          CHECK(worst <= tests::float_sum(K + 3, K + 1) + K * row_rounding(*kernels));
          CHECK(worst_first <= tests::float_sum(K + 3, K + 1) + K * single_row_rounding(*kernels));
        }
      }
    }
  }
}

TEST_CASE("A long row of 8-bit weights neither overflows nor leaves the buffer", "[kernels][precision]") {
  for (const Kernels<float>* kernels : available(Precision::int8)) {
    for (const int K : {4095, 4096, 4097, 9001}) {
      const int N = 5;
      const std::vector<float> a(size(K), 1.0f), b(size(K, N), -1.0f), bias(size(N), 0.5f);
      std::vector<float> packed(kernels->packed_size(K, N)), c(size(N));
      kernels->pack(K, N, b.data(), N, 1, packed.data());
      kernels->multiply_vector({.K = K,
                                .N = N,
                                .columns = {0, N},
                                .a = a.data(),
                                .b = packed.data(),
                                .bias = bias.data(),
                                .c = c.data()});
      CAPTURE(kernels->name, K);
      for (const float x : c) CHECK(std::abs(x - (0.5 - K)) <= tests::float_sum(K + 3, K));
    }
  }
}

TEST_CASE("A NaN or an infinity in a row or in a weight shows in the product", "[kernels][precision]") {
  const Precision precision = GENERATE(Precision::fp32, Precision::bf16, Precision::int8);
  const float bad = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
  const bool in_weights = GENERATE(false, true);
  for (const Kernels<float>* kernels : available(precision)) {
    const int K = 21, N = 3;
    auto a = random(size(K), 1), b = random(size(K, N), 2);
    const auto bias = random(size(N), 3);
    (in_weights ? b[size(4, N) + 1] : a[4]) = bad;
    std::vector<float> packed(kernels->packed_size(K, N)), c(size(N));
    kernels->pack(K, N, b.data(), N, 1, packed.data());
    kernels->multiply_vector({.K = K,
                              .N = N,
                              .columns = {0, N},
                              .a = a.data(),
                              .b = packed.data(),
                              .bias = bias.data(),
                              .c = c.data()});
    CAPTURE(kernels->name, in_weights, bad);
    CHECK_FALSE(std::isfinite(c[1]));
    CHECK(std::isfinite(c[0]) == in_weights);
  }
}

TEST_CASE("A step of a GRU with rounded weights equals the reference's, in any parts and either direction",
          "[kernels][precision][gru]") {
  const Precision precision = GENERATE(Precision::fp32, Precision::bf16, Precision::int8);
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  for (const int H : {1, 5, 16, 33, 48, 49, 100, 131}) {
    auto weight = random(size(3 * H, H), 1);
    for (float& w : weight) w /= static_cast<float>(H);
    const auto bias = random(size(3 * H), 2), input = random(size(3 * H), 3), h = random(size(H), 4);
    std::vector<float> truth;
    for (const Kernels<float>* kernels : available(precision)) {
      CAPTURE(kernels->name, H);
      std::vector<float> packed(kernels->packed_gru_size(H, reset_gate)), out(size(H)), parts(size(H)),
          scratch(size(3 * H));
      kernels->pack_gru(H, reset_gate, weight.data(), packed.data());
      GruStep<float> step{.H = H,
                          .units = {0, H},
                          .reset_gate = reset_gate,
                          .input_product = input.data(),
                          .weight_hh = packed.data(),
                          .bias_hh = bias.data(),
                          .h = h.data(),
                          .out = out.data(),
                          .scratch = scratch.data()};
      kernels->gru_step(step);
      step.out = parts.data();
      step.descending = true;
      const int part = reset_gate == ResetGate::after_product ? kPartUnit : H;
      for (int unit = 0; unit < H; unit += part) {
        step.units = {unit, std::min(H, unit + part)};
        kernels->gru_step(step);
      }
      // Eigen makes no such promise.
      if (kernels != available(precision).front()) CHECK(parts == out);
      // Batches: the same through the pass over time.
      std::vector<float> states = h, gates(size(4 * H));
      states.resize(size(2 * H));
      kernels->gru_forward({.rows = all_rows(1, 1),
                            .H = H,
                            .reset_gate = reset_gate,
                            .input_product = input.data(),
                            .input_stride = 3 * H,
                            .weight_hh = packed.data(),
                            .bias_hh = bias.data(),
                            .h = states.data(),
                            .gates = gates.data()});
      if (truth.empty()) truth = out;  // the reference's
      // A pre-activation is a sum of H + 2 numbers of at most 3 in all, off by the rounding of h
      // where the weights have 8 bits; its error reaches h' as in fused_test.cpp.
      const double tolerance = 4 * tests::float_sum(H + 4, 3) + 20 * 0x1p-24;
      for (std::size_t j = 0; j < size(H); ++j) {
        CHECK(std::abs(out[j] - truth[j]) <= tolerance + 2 * single_row_rounding(*kernels));
        CHECK(std::abs(states[size(H) + j] - truth[j]) <= tolerance + 2 * row_rounding(*kernels));
      }
    }
  }
}
