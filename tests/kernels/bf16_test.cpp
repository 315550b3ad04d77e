// Mixed precision: the kernels that round both sides of a product to bfloat16 against the same sums in
// double, and all kernels with bfloat16 weights against the reference with rounded weights.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "bf16_layer.hpp"
#include "catch.hpp"
#include "emulated.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/kernels/precisions.hpp"
#include "tolerance.hpp"

using namespace gruve;
using namespace gruve::kernels;
using namespace gruve::kernels::rounding;
using gruve::tests::sigmoid;

TEST_CASE("A product of rounded sides equals a sum in double at small sizes and odd ones",
          "[kernels][bf16]") {
  const bool accumulate = GENERATE(false, true);
  for (const Kernels<float>* kernels : rounding_sets()) {
    for (const int N : {1, 15, 16, 17, 31, 33, 47, 48, 49, 64, 65, 96, 97}) {
      for (const int K : {1, 2, 31, 32, 33, 65}) {
        for (const int B : {1, 7, 16, 35}) {
          CAPTURE(kernels->name, N, K, B, accumulate);
          const int T = 2, stride = K + 3, c_stride = N + 2;
          const auto a = random(size(T * B, stride), 1), b = random(size(K, N), 2), bias = random(size(N), 3);
          AlignedVector<float> packed(kernels->packed_size(K, N));
          kernels->pack(K, N, b.data(), N, 1, packed.data());
          const std::vector<float> before = random(size(T * B, c_stride), 4);
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
            for (int j = 0; j < c_stride; ++j) {
              const float old = before[size(i, c_stride) + size(j)];
              double exact = j < N && !accumulate ? bias[size(j)] : old;
              for (int k = 0; k < K && j < N; ++k)
                exact += rounded(a[size(i, stride) + size(k)]) * rounded(b[size(k, N) + size(j)]);
              worst = std::max(worst, distance(c[size(i, c_stride) + size(j)], exact));
            }
          }
          CHECK(worst <= tests::float_sum(K + 3, K + 1));
          // The same bits in parts.
          std::vector<float> whole = before;
          std::swap(whole, c);
          multiply(0, B / 3);
          multiply(B / 3, B);
          CHECK(whole == c);
        }
      }
    }
  }
}

TEST_CASE("A product longer than the buffer of the left side is whole", "[kernels][bf16]") {
  for (const Kernels<float>* kernels : rounding_sets()) {
    for (const int K : {3071, 3073, 6200}) {
      const int N = 5, rows = 37;
      const auto a = random(size(rows, K), 1), b = random(size(K, N), 2), bias = random(size(N), 3);
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
      for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < N; ++j) {
          double exact = bias[size(j)];
          for (int k = 0; k < K; ++k)
            exact += rounded(a[size(i, K) + size(k)]) * rounded(b[size(k, N) + size(j)]);
          CAPTURE(kernels->name, K);
          REQUIRE(std::abs(c[size(i, N) + size(j)] - exact) <= tests::float_sum(K + 3, std::sqrt(K) + 1));
        }
      }
    }
  }
}

TEST_CASE("A transposed product of rounded sides equals a sum in double", "[kernels][bf16]") {
  for (const Kernels<float>* kernels : rounding_sets()) {
    for (const int rows : {0, 1, 2, 31, 32, 33, 512, 519}) {
      for (const int K : {1, 16, 17, 33, 397}) {
        for (const int N : {1, 16, 50}) {
          if (rows > 100 && K > 33 && N > 16) continue;  // takes long
          CAPTURE(kernels->name, rows, K, N);
          const int first = 2, a_stride = K + 5, b_stride = N + 1;
          const auto a = random(size(rows, a_stride), 1), b = random(size(rows, b_stride), 2);
          std::vector<std::uint8_t> is_zero(size(rows));
          for (std::size_t i = 0; i < is_zero.size(); i += 5) is_zero[i] = 1;
          std::vector<float> c(size(first + K, N), 7.0f), sums(size(first + K), 7.0f);
          emulated::training_kernels_of(*kernels).multiply_transposed({.rows = rows,
                                        .columns = {first, first + K},
                                        .a = a.data(),
                                        .a_stride = a_stride,
                                        .N = N,
                                        .b = b.data(),
                                        .b_stride = b_stride,
                                        .b_is_zero = is_zero.data(),
                                        .c = c.data(),
                                        .sums = sums.data()});
          double worst = 0, worst_sum = 0;
          for (int k = 0; k < first + K; ++k) {
            double sum = k < first ? 7 : 0;
            for (int i = 0; k >= first && i < rows; ++i) sum += a[size(i, a_stride) + size(k)];
            worst_sum = std::max(worst_sum, distance(sums[size(k)], sum));
            for (int j = 0; j < N; ++j) {
              double exact = k < first ? 7 : 0;
              for (int i = 0; k >= first && i < rows; ++i)
                if (is_zero[size(i)] == 0)
                  exact += rounded(a[size(i, a_stride) + size(k)]) * rounded(b[size(i, b_stride) + size(j)]);
              worst = std::max(worst, distance(c[size(k, N) + size(j)], exact));
            }
          }
          CHECK(worst <= tests::float_sum(rows, rows));
          CHECK(worst_sum <= tests::float_sum(rows, rows));
        }
      }
    }
  }
}

TEST_CASE("Each timestep with rounded states is what the equations make of the state before it",
          "[kernels][bf16][gru]") {
  const int T = GENERATE(1, 3), B = GENERATE(1, 5, 37);
  for (const Kernels<float>* kernels : rounding_sets()) {
    for (const int H : {1, 3, 16, 17, 33, 64, 100}) {
      CAPTURE(kernels->name, T, B, H);
      Layer chunk(T, B, H);
      chunk.forward(*kernels);
      double worst = 0;
      for (int t = 0; t < T; ++t) {
        for (int b = 0; b < B; ++b) {
          const std::size_t row = chunk.row(t, b);
          for (int j = 0; j < H; ++j) {
            double pre[3];
            for (int gate = 0; gate < 3; ++gate) {
              pre[gate] = chunk.bias[size(gate, H) + size(j)];
              for (int k = 0; k < H; ++k)
                pre[gate] +=
                    rounded(chunk.weight[size(gate * H + j, H) + size(k)]) * rounded(chunk.state(t, b, k));
            }
            const float* input = chunk.input.data() + row * size(3 * H) + j;
            const double r = sigmoid(pre[0] + input[0]), z = sigmoid(pre[1] + input[H]);
            const double n = std::tanh(input[2 * H] + r * pre[2]);
            const double exact[5] = {r, z, n, pre[2], (1 - z) * n + z * chunk.state(t, b, j)};
            const float* gates = chunk.gates.data() + row * size(4 * H) + j;
            const float found[5] = {gates[0], gates[H], gates[2 * H], gates[3 * H],
                                    chunk.h[(row + size(B)) * size(H) + size(j)]};
            for (int i = 0; i < 5; ++i) worst = std::max(worst, distance(found[i], exact[i]));
          }
        }
      }
      // A pre-activation is a sum of H + 2 numbers of at most 3 in all; its error reaches h' through n
      // (factor 1), r (1/4 · 2) and z (1/4 · 2); the gates add a few roundings.
      CHECK(worst <= 2 * tests::float_sum(H + 4, 3) + 10 * 0x1p-24);
    }
  }
}

TEST_CASE("Each timestep backward with rounded gradients is what the equations make of the one after it",
          "[kernels][bf16][gru]") {
  const int T = GENERATE(1, 3), B = GENERATE(1, 5, 37);
  for (const Kernels<float>* kernels : rounding_sets()) {
    for (const int H : {1, 3, 16, 17, 33, 64, 100}) {
      CAPTURE(kernels->name, T, B, H);
      Layer chunk(T, B, H);
      chunk.forward(*kernels);
      const AlignedVector<float> gates = chunk.gates;
      const std::vector<float> dh_after = chunk.dh;
      chunk.backward(*kernels);
      double worst = 0;
      const auto compare = [&](float found, double exact) {
        worst = std::max(worst, distance(found, exact));
      };
      for (int b = 0; b < B; ++b) {
        std::vector<double> dh(size(H)), before(size(H));
        for (int j = 0; j < H; ++j) dh[size(j)] = dh_after[size(b, H) + size(j)];
        for (int t = T - 1; t >= 0; --t) {
          const std::size_t row = chunk.row(t, b);
          const float* dgates = chunk.gates.data() + row * size(4 * H);
          for (int j = 0; j < H; ++j) {
            const float* gate = gates.data() + row * size(4 * H) + j;
            const double r = gate[0], z = gate[H], n = gate[2 * H], hn = gate[3 * H];
            const double d = dh[size(j)] + chunk.dout[row * size(H) + size(j)];
            const double dnx = d * (1 - z) * (1 - n * n);
            compare(dgates[j], dnx * hn * r * (1 - r));
            compare(dgates[H + j], d * (chunk.state(t, b, j) - n) * z * (1 - z));
            compare(dgates[2 * H + j], dnx * r);
            compare(dgates[3 * H + j], dnx);
            before[size(j)] = d * z;
          }
          for (int j = 0; j < H; ++j) {
            for (int i = 0; i < 3 * H; ++i)
              before[size(j)] += rounded(dgates[i]) * rounded(chunk.weight[size(i, H) + size(j)]);
            dh[size(j)] = chunk.reset[row] != 0 ? 0 : before[size(j)];
          }
        }
        for (int j = 0; j < H; ++j) compare(chunk.dh[size(b, H) + size(j)], dh[size(j)]);
      }
      // |dh + dout| is at most 2 after the chunk and grows by less than 4 a timestep (|W| sums to 3, its
      // factors to less than one); each timestep adds a sum of 3H + 1 of them and a dozen roundings, and
      // hands its error on.
      const double largest = 2 * std::pow(4.0, T);
      CHECK(worst <= T * std::pow(4.0, T) * tests::float_sum(3 * H + 12, largest));
    }
  }
}

TEST_CASE("A chunk with bfloat16 weights is near the reference's with the same weights, in both variants",
          "[kernels][bf16][gru]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  Sets sets = rounding_sets();
  for (const Kernels<float>* kernels : available(Precision::bf16)) sets.push_back(kernels);
  for (const int H : {1, 3, 17, 33, 64, 100}) {
    const int T = 4, B = 3;
    Layer truth(T, B, H);
    truth.forward(reference::kRounded<Precision::bf16>, reset_gate);
    const AlignedVector<float> gates = truth.gates;
    truth.backward(reference::kRounded<Precision::bf16>, reset_gate);
    for (const Kernels<float>* kernels : sets) {
      CAPTURE(kernels->name, H);
      Layer chunk(T, B, H);
      chunk.forward(*kernels, reset_gate);
      // Where states are rounded, by at most 2⁻⁹ of 1, a pre-activation is off by that and by the error of
      // the state before; both reach h' by less than twice, as above, so that four timesteps sum to 2 + 6 +
      // 14 + 30.
      CHECK(largest_distance(chunk.states(), truth.states()) <= 52 * 0x1p-9);
      CHECK(largest_distance(chunk.gates, gates) <= 52 * 0x1p-9);
      chunk.backward(*kernels, reset_gate);
      // Gradients here stay below 4; each is a product of up to four of the numbers above and of rounded
      // ones.
      CHECK(largest_distance(chunk.dh, truth.dh) <= 4 * 4 * 52 * 0x1p-9);
    }
  }
}

TEST_CASE("A chunk has the same bits for 1, 2 and 3 parts", "[kernels][bf16][gru]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  for (const Kernels<float>* kernels : rounding_sets()) {
    Layer whole(2, 40, 35);
    whole.h[0] = whole.reset[0] = 0;
    whole.forward(*kernels, reset_gate);
    whole.backward(*kernels, reset_gate);
    for (const int parts : {2, 3}) {
      Layer cut(2, 40, 35);
      cut.h[0] = cut.reset[0] = 0;
      cut.forward(*kernels, reset_gate, parts);
      cut.backward(*kernels, reset_gate, parts);
      CAPTURE(kernels->name, parts);
      CHECK(cut.h == whole.h);
      CHECK(cut.gates == whole.gates);
      CHECK(cut.dh == whole.dh);
    }
  }
}

TEST_CASE("A state that fits no buffer is left to the kernels that round weights alone",
          "[kernels][bf16][gru]") {
  // So large that the emulated product alone would take long: only the last 40 rows of W are not zero.
  const int H = 6200;
  std::vector<float> h = random(size(2, H), 4), gates(size(4 * H)), input = random(size(3 * H), 3);
  const std::vector<float> bias = random(size(3 * H), 2);
  for (const Kernels<float>* kernels : rounding_sets()) {
    AlignedVector<float> packed(kernels->packed_gru_size(H, ResetGate::after_product));
    kernels->gru_forward({.rows = all_rows(1, 1),
                          .H = H,
                          .input_product = input.data(),
                          .input_stride = std::ptrdiff_t{3} * H,
                          .weight_hh = packed.data(),
                          .bias_hh = bias.data(),
                          .h = h.data(),
                          .gates = gates.data()});
    double worst = 0;
    for (std::size_t j = 0; j < size(H); ++j)
      worst = std::max(worst, distance(gates[j], sigmoid(double{input[j]} + bias[j])));
    CAPTURE(kernels->name);
    CHECK(worst <= 8 * 0x1p-24);
  }
}

TEST_CASE("A NaN or an infinity on either side shows in the rows and columns it belongs to",
          "[kernels][bf16]") {
  const float bad = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                             std::bit_cast<float>(0x7FFFFFFFu), std::numeric_limits<float>::max());
  for (const Kernels<float>* kernels : rounding_sets()) {
    const int rows = 3, K = 21, N = 3;
    auto a = random(size(rows, K), 1);
    const auto b = random(size(K, N), 2);
    a[size(1, K) + 4] = bad;
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
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < N; ++j) CHECK(std::isfinite(c[size(i, N) + size(j)]) == (i != 1));
  }
}
