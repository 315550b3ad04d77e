// Weights of 8 bits with rows rounded to as many: the kernels that sum products of bytes against the same
// sums in integers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "catch.hpp"
#include "emulated.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/kernels/precisions.hpp"
#include "tolerance.hpp"

using namespace gruve;
using namespace gruve::kernels;
using gruve::tests::distance;
using gruve::tests::random;
using gruve::tests::sigmoid;
using gruve::tests::size;

namespace {

// Emulated, and the processor's own where it has them.
std::vector<const Kernels<float>*> byte_sets() {
  std::vector<const Kernels<float>*> sets = {&emulated::kInt8, &emulated::kAmxInt8};
  for (const char* name : {"avx512_vnni", "amx"})
    if (const Kernels<float>* found = find(name, Precision::int8)) sets.push_back(found);
  return sets;
}

float largest_of(int K, const float* x, std::ptrdiff_t stride = 1) {
  float largest = 0;
  for (int k = 0; k < K; ++k) largest = std::max(largest, std::abs(x[k * stride]));
  return largest;
}

// Weights as bytes and a scale hold them: K numbers, stride apart.
std::vector<double> held_weights(int K, const float* x, std::ptrdiff_t stride = 1) {
  const float scale = largest_of(K, x, stride) / 127;
  std::vector<double> result;
  for (int k = 0; k < K; ++k) result.push_back(double{scale} * std::nearbyint(x[k * stride] / scale));
  return result;
}

// A row likewise: multiplied by 127 and divided by its largest, a factor that is a float itself.
std::vector<double> held_row(int K, const float* x) {
  const float largest = largest_of(K, x), scale = largest / 127, factor = largest > 0 ? 127 / largest : 0;
  std::vector<double> result;
  for (int k = 0; k < K; ++k) result.push_back(scale * std::nearbyint(double{x[k]} * factor));
  return result;
}

// Each column of weights [K, N], one behind the other.
std::vector<std::vector<double>> held_columns(int K, int N, const std::vector<float>& b) {
  std::vector<std::vector<double>> columns;
  for (int j = 0; j < N; ++j) columns.push_back(held_weights(K, b.data() + j, N));
  return columns;
}

double sum_of_products(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace

TEST_CASE("A product of rows and weights of 8 bits is a sum of integers at small sizes and odd ones",
          "[kernels][int8]") {
  const bool accumulate = GENERATE(false, true);
  for (const int N : {1, 15, 16, 17, 33, 48, 49, 97}) {
    for (const int K : {1, 3, 4, 5, 63, 64, 65, 130}) {
      for (const int B : {1, 2, 3, 4, 7, 16, 35}) {
        const int T = 2, stride = K + 3, c_stride = N + 2;
        const auto a = random(size(T * B, stride), 1), b = random(size(K, N), 2), bias = random(size(N), 3);
        const auto before = random(size(T * B, c_stride), 4);
        const auto columns = held_columns(K, N, b);
        std::vector<float> emulated;
        for (const Kernels<float>* kernels : byte_sets()) {
          CAPTURE(kernels->name, N, K, B, accumulate);
          AlignedVector<float> packed(kernels->packed_size(K, N));
          kernels->pack(K, N, b.data(), N, 1, packed.data());
          std::vector<float> c = before;
          const auto multiply = [&](int first, int last) {
            kernels->multiply({.rows = {T, B, first, last},
                               .K = K,
                               .N = N,
                               .a = a.data(),
                               .a_stride = stride,
                               .b = packed.data(),
                               .bias = accumulate ? nullptr : bias.data(),
                               .c = c.data(),
                               .c_stride = c_stride,
                               .accumulate = accumulate});
          };
          multiply(0, B);
          double worst = 0;
          for (int i = 0; i < T * B; ++i) {
            const std::vector<double> row = held_row(K, a.data() + size(i, stride));
            for (int j = 0; j < c_stride; ++j) {
              const float old = before[size(i, c_stride) + size(j)];
              double exact = j < N && !accumulate ? bias[size(j)] : old;
              if (j < N) exact += sum_of_products(row, columns[size(j)]);
              worst = std::max(worst, distance(c[size(i, c_stride) + size(j)], exact));
            }
          }
          // Both scales, their product, the sum as a float, its product with that and the last sum are
          // rounded.
          CHECK(worst <= tests::float_sum(6, K + 1));
          // The same bits in parts, and with tiles.
          const std::vector<float> whole = c;
          c = before;
          multiply(0, B / 3);
          multiply(B / 3, B);
          CHECK(whole == c);
          if (kernels == &emulated::kInt8) emulated = c;
          if (kernels == &emulated::kAmxInt8) CHECK(emulated == c);

          // A single row is the same sum of integers.
          std::vector<float> single(size(N));
          kernels->multiply_vector({.K = K,
                                    .N = N,
                                    .columns = {0, N},
                                    .a = a.data(),
                                    .b = packed.data(),
                                    .bias = bias.data(),
                                    .c = single.data()});
          for (int j = 0; j < N && !accumulate; ++j)
            CHECK(distance(single[size(j)], whole[size(j)]) <= tests::float_sum(4, K + 1));
        }
      }
    }
  }
}

TEST_CASE("Each timestep with states of 8 bits is what the equations make of the state before it",
          "[kernels][int8][gru]") {
  const int T = GENERATE(1, 3), B = GENERATE(1, 3, 37);
  for (const int H : {1, 3, 16, 17, 33, 64, 100}) {
    const auto weight = random(size(3 * H, H), 1, 1.0f / static_cast<float>(H));  // |W h| <= 1
    const auto bias = random(size(3 * H), 2), input = random(size(T * B, 3 * H), 3);
    std::vector<std::vector<double>> rows;
    for (int i = 0; i < 3 * H; ++i) rows.push_back(held_weights(H, weight.data() + size(i, H)));
    std::vector<std::uint8_t> reset(size(T, B));
    for (std::size_t i = 0; i < reset.size(); i += 3) reset[i] = 1;
    std::vector<float> emulated;
    for (const Kernels<float>* kernels : byte_sets()) {
      CAPTURE(kernels->name, T, B, H);
      AlignedVector<float> packed(kernels->packed_gru_size(H, ResetGate::after_product));
      kernels->pack_gru(H, ResetGate::after_product, weight.data(), packed.data());
      const auto run = [&](int parts) {
        std::vector<float> h = random(size(T + 1, B, H), 4), gates(size(T * B, 4 * H), 9.0f);
        h[0] = std::numeric_limits<float>::quiet_NaN();  // reset, so that it counts as zero
        for (int part = 0; part < parts; ++part)
          kernels->gru_forward({.rows = {T, B, B * part / parts, B * (part + 1) / parts},
                                .H = H,
                                .input_product = input.data(),
                                .input_stride = std::ptrdiff_t{3} * H,
                                .weight_hh = packed.data(),
                                .bias_hh = bias.data(),
                                .reset = reset.data(),
                                .h = h.data(),
                                .gates = gates.data()});
        h.insert(h.end(), gates.begin(), gates.end());
        h[0] = 0;
        return h;
      };
      const std::vector<float> states = run(1),
                               gates(states.begin() + std::ptrdiff_t{T + 1} * B * H, states.end());
      double worst = 0;
      for (int row = 0; row < T * B; ++row) {
        std::vector<float> before(states.begin() + std::ptrdiff_t{row} * H,
                                  states.begin() + std::ptrdiff_t{row + 1} * H);
        if (reset[size(row)] != 0) before.assign(size(H), 0.0f);
        const std::vector<double> state = held_row(H, before.data());
        for (int j = 0; j < H; ++j) {
          double pre[3];
          for (int gate = 0; gate < 3; ++gate)
            pre[gate] = bias[size(gate * H + j)] + sum_of_products(state, rows[size(gate * H + j)]);
          const float* x = input.data() + size(row, 3 * H) + j;
          const double r = sigmoid(pre[0] + x[0]), z = sigmoid(pre[1] + x[H]);
          const double n = std::tanh(x[2 * H] + r * pre[2]);
          const double exact[5] = {r, z, n, pre[2], (1 - z) * n + z * before[size(j)]};
          const float* gate = gates.data() + size(row, 4 * H) + j;
          const float found[5] = {gate[0], gate[H], gate[2 * H], gate[3 * H],
                                  states[size(row + B, H) + size(j)]};
          for (int i = 0; i < 5; ++i) worst = std::max(worst, distance(found[i], exact[i]));
        }
      }
      // A pre-activation, of at most 3, takes ten roundings, and reaches a gate and h' by less than itself;
      // the activations are within 2.5 ULP, and h' takes three more.
      CHECK(worst <= tests::float_sum(10, 3) + 10 * 0x1p-24);
      if (kernels == &emulated::kInt8) emulated = states;
      if (kernels == &emulated::kAmxInt8) CHECK(emulated == states);
      for (const int parts : {2, 3}) CHECK(run(parts) == states);
    }
  }
}

TEST_CASE("A row too long for sums of bytes, and a GRU of such states, round the weights alone",
          "[kernels][int8]") {
  const int K = 4097, N = 5, rows = 3;
  const auto a = random(size(rows, K), 1), b = random(size(K, N), 2);
  const auto columns = held_columns(K, N, b);
  const auto bias = random(size(3 * K), 3), input = random(size(3 * K), 4);
  for (const Kernels<float>* kernels : byte_sets()) {
    CAPTURE(kernels->name);
    AlignedVector<float> packed(kernels->packed_size(K, N));
    std::vector<float> c(size(rows, N));
    kernels->pack(K, N, b.data(), N, 1, packed.data());
    kernels->multiply({.rows = all_rows(1, rows),
                       .K = K,
                       .N = N,
                       .a = a.data(),
                       .a_stride = K,
                       .b = packed.data(),
                       .c = c.data(),
                       .c_stride = N});
    for (int i = 0; i < rows; ++i) {
      const std::vector<double> row(a.begin() + std::ptrdiff_t{i} * K, a.begin() + std::ptrdiff_t{i + 1} * K);
      for (int j = 0; j < N; ++j)
        CHECK(distance(c[size(i, N) + size(j)], sum_of_products(row, columns[size(j)])) <=
              tests::float_sum(K + 3, std::sqrt(K)));
    }
    // So large that a product takes long, emulated; with weights of zero the gates are those of the biases.
    AlignedVector<float> weight(kernels->packed_gru_size(K, ResetGate::after_product));
    std::vector<float> h = random(size(2, K), 5), gates(size(4 * K));
    kernels->gru_forward({.rows = all_rows(1, 1),
                          .H = K,
                          .input_product = input.data(),
                          .input_stride = std::ptrdiff_t{3} * K,
                          .weight_hh = weight.data(),
                          .bias_hh = bias.data(),
                          .h = h.data(),
                          .gates = gates.data()});
    double worst = 0;
    for (std::size_t j = 0; j < size(K); ++j)
      worst = std::max(worst, distance(gates[j], sigmoid(double{input[j]} + bias[j])));
    CHECK(worst <= 8 * 0x1p-24);
  }
}

TEST_CASE("A row of zeros gives the bias, and a NaN or an infinity shows in its own row alone",
          "[kernels][int8]") {
  const float bad = GENERATE(0.0f, std::numeric_limits<float>::quiet_NaN(),
                             std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity());
  const int rows = 3, K = 70, N = 20;
  auto a = random(size(rows, K), 1);
  const auto b = random(size(K, N), 2), bias = random(size(N), 3);
  if (bad == 0)
    std::fill_n(a.begin() + K, K, 0.0f);
  else
    a[size(1, K) + 66] = bad;
  for (const Kernels<float>* kernels : byte_sets()) {
    AlignedVector<float> packed(kernels->packed_size(K, N));
    std::vector<float> c(size(rows, N));
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
    CAPTURE(kernels->name, bad);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < N; ++j) CHECK(std::isfinite(c[size(i, N) + size(j)]) == (i != 1 || bad == 0));
    for (int j = 0; j < N && bad == 0; ++j) CHECK(c[size(1, N) + size(j)] == bias[size(j)]);
  }
}
