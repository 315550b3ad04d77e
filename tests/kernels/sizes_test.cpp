// The kernels at sizes from nothing to more than two vectors of the widest set, and at addresses that no
// vector is aligned to.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "arrays.hpp"
#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/kernels/training.hpp"
#include "tolerance.hpp"

using namespace gruve;
using namespace gruve::kernels;
using gruve::tests::size;

namespace {

constexpr int kMost = 35;  // 2 · 16 + 3

// Random numbers, or a given one, `offset` floats behind an address aligned to 16 bytes, with a guard on
// either side.
class Array {
 public:
  Array(int count, std::size_t offset, int seed) : Array(count, offset, 0.0f) {
    Rng rng(static_cast<std::uint64_t>(seed));
    for (std::size_t i = 0; i < count_; ++i) data()[i] = 2 * rng.uniform() - 1;
  }
  Array(int count, std::size_t offset, float value)
      : count_(size(count)), offset_(offset), values_(16 + offset + count_ + 1, kGuard) {
    std::fill_n(data(), count_, value);
  }

  float* data() { return values_.data() + 16 + offset_; }
  std::vector<float> values() { return {data(), data() + count_}; }
  std::vector<double> doubles() { return {data(), data() + count_}; }
  bool guards_stand() { return data()[-1] == kGuard && data()[count_] == kGuard; }

 private:
  static constexpr float kGuard = 1234.5f;
  std::size_t count_;
  std::size_t offset_;
  std::vector<float> values_;
};

double worst_difference(const std::vector<float>& found, const std::vector<double>& exact) {
  double worst = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) worst = std::max(worst, std::abs(found[i] - exact[i]));
  return worst;
}

}  // namespace

TEST_CASE("A GRU's passes over time equal the reference in double at all small sizes and odd offsets",
          "[kernels][gru]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  constexpr int T = 3;
  const Kernels<double>& reference = reference::kKernels<double>;
  for (int H = 0; H <= kMost; ++H) {
    for (const int B : {1, 9, 13}) {
      const Rows rows = all_rows(T, B);
      const bool with_tokens = H % 2 == 0;
      const std::vector<std::uint16_t> tokens(size(T, B), 1);
      std::vector<std::uint8_t> reset(size(T, B));
      reset[size(B)] = 1;  // the first sequence's second timestep

      // One pass forward and backward, in float at an offset or in double.
      const auto run = [&]<class Scalar>(const Kernels<Scalar>& kernels, const Scalar* weight,
                                         const Scalar* bias, const Scalar* input, const Scalar* dout,
                                         Scalar* h, Scalar* gates, Scalar* forward_gates, Scalar* dh) {
        std::vector<Scalar> forward(kernels.packed_gru_size(H, reset_gate)),
            backward(training_kernels_of(kernels).packed_gru_backward_size(H, reset_gate));
        kernels.pack_gru(H, reset_gate, weight, forward.data());
        training_kernels_of(kernels).pack_gru_backward(H, reset_gate, weight, backward.data());
        kernels.gru_forward({.rows = rows,
                             .H = H,
                             .reset_gate = reset_gate,
                             .input_product = input,
                             .input_stride = 3 * H,
                             .tokens = with_tokens ? tokens.data() : nullptr,
                             .weight_hh = forward.data(),
                             .bias_hh = bias,
                             .reset = reset.data(),
                             .h = h,
                             .gates = gates});
        std::copy_n(gates, T * B * 4 * H, forward_gates);
        training_kernels_of(kernels).gru_backward({.rows = rows,
                              .H = H,
                              .reset_gate = reset_gate,
                              .weight_hh = backward.data(),
                              .reset = reset.data(),
                              .h = h,
                              .gates = gates,
                              .dout = dout,
                              .dh = dh});
      };
      const int rows_of_input = with_tokens ? 2 : T * B;
      std::vector<double> h, gates(size(T * B, 4 * H)), dgates(size(T * B, 4 * H)), dh;
      for (const Kernels<float>* kernels : available()) {
        for (const std::size_t offset : {0u, 1u, 3u}) {
          Array weight(3 * H * H, offset, 1), bias(3 * H, offset, 2), input(rows_of_input * 3 * H, offset, 3),
              dout(T * B * H, offset, 4), h_found((T + 1) * B * H, offset, 5), dh_found(B * H, offset, 6);
          for (int i = 0; i < 3 * H * H; ++i) weight.data()[i] /= static_cast<float>(H);
          Array gates_found(T * B * 4 * H, offset, 0.0f), dgates_found(T * B * 4 * H, offset, 0.0f);
          if (dh.empty()) {
            dh = dh_found.doubles();
            h = h_found.doubles();
            run(reference, weight.doubles().data(), bias.doubles().data(), input.doubles().data(),
                dout.doubles().data(), h.data(), dgates.data(), gates.data(), dh.data());
          }
          run(*kernels, weight.data(), bias.data(), input.data(), dout.data(), h_found.data(),
              dgates_found.data(), gates_found.data(), dh_found.data());
          CAPTURE(kernels->name, H, B, offset);
          // A step: as in fused_test.cpp. What it is given wrong grows at most threefold: z ∘ h passes one
          // part, the row sums of weights, at most 1, and the slopes 1, 1/4 · 2, 1/4 · 2 of n, r and z two
          // parts; with the reset before the product r has the slope 1/4 · 1.
          const double step = 2 * tests::float_sum(H + 2, 3) + 10 * 0x1p-24;
          const double forward = step * (1 + 3 + 9);
          CHECK(worst_difference(h_found.values(), h) <= forward);
          CHECK(worst_difference(gates_found.values(), gates) <= forward);
          // Backward the same growth, of gradients of 1 + 3 + 9 + 27 at most in the end: their sums of 3H
          // terms and some roundings, and their factors, which are off by twice what the gates are.
          const double size_of_gradients = 1 + 3 + 9 + 27;
          const double backward = (1 + 3 + 9) * (tests::float_sum(3 * H + 10, size_of_gradients) +
                                                 2 * forward * size_of_gradients);
          CHECK(worst_difference(dgates_found.values(), dgates) <= backward);
          CHECK(worst_difference(dh_found.values(), dh) <= backward);
          for (Array* array : {&h_found, &gates_found, &dh_found, &dgates_found})
            CHECK(array->guards_stand());
        }
      }
    }
  }
}

TEST_CASE("Products have the same bits at any address, and nothing beside them is touched",
          "[kernels][product]") {
  const int K = 7, rows = 9;
  std::vector<std::uint16_t> tokens;
  for (int row = 0; row < rows; ++row) tokens.push_back(static_cast<std::uint16_t>(row % 2));
  for (const Kernels<float>* kernels : available()) {
    for (int N = 0; N <= kMost; ++N) {
      std::vector<std::vector<float>> expected;
      for (const std::size_t offset : {0u, 1u, 2u, 3u}) {
        Array a(rows * K, offset, 1), b(K * N, offset, 2), bias(N, offset, 3), d(rows * N, offset, 4);
        Array c(rows * N, offset, 5.0f), row(N, offset, 5.0f), e(K * N, offset, 5.0f), sums(K, offset, 5.0f),
            by_token(2 * N, offset, 5.0f);
        std::vector<float> packed(kernels->packed_size(K, N));
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
        kernels->multiply_vector({.K = K,
                                  .N = N,
                                  .columns = {0, N},
                                  .a = a.data(),
                                  .b = packed.data(),
                                  .bias = bias.data(),
                                  .c = row.data()});
        training_kernels_of(*kernels).multiply_transposed({.rows = rows,
                                      .columns = {0, K},
                                      .a = a.data(),
                                      .a_stride = K,
                                      .N = N,
                                      .b = d.data(),
                                      .b_stride = N,
                                      .c = e.data(),
                                      .sums = sums.data()});
        training_kernels_of(*kernels).sum_by_token({.rows = rows,
                               .columns = {0, N},
                               .a = d.data(),
                               .a_stride = N,
                               .tokens = tokens.data(),
                               .V = 2,
                               .c = by_token.data(),
                               .c_stride = N});
        const std::vector<std::vector<float>> found = {c.values(), row.values(), e.values(), sums.values(),
                                                       by_token.values()};
        CAPTURE(kernels->name, N, offset);
        for (Array* array : {&c, &row, &e, &sums, &by_token}) CHECK(array->guards_stand());
        if (offset == 0) expected = found;
        // Eigen may add in another order where it finds vectors aligned.
        if (kernels != available().front()) CHECK(found == expected);
      }
    }
  }
}

TEST_CASE("A product of depth zero is the bias, and one over no rows is zero", "[kernels][product]") {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    for (const Kernels<float>* kernels : available(precision)) {
      for (const int N : {0, 1, 16, 35}) {
        CAPTURE(kernels->name, N);
        Array bias(N, 0, 1), c(3 * N, 0, 5.0f), row(N, 0, 5.0f);
        std::vector<float> packed(kernels->packed_size(0, N)), nothing(1);
        kernels->pack(0, N, nothing.data(), N, 1, packed.data());
        Product<float> product{.rows = all_rows(1, 3),
                               .N = N,
                               .a = nothing.data(),
                               .b = packed.data(),
                               .bias = bias.data(),
                               .c = c.data(),
                               .c_stride = N};
        kernels->multiply(product);
        product.rows = all_rows(1, 0);
        kernels->multiply(product);  // touches nothing
        kernels->multiply_vector({.N = N,
                                  .columns = {0, N},
                                  .a = nothing.data(),
                                  .b = packed.data(),
                                  .bias = bias.data(),
                                  .c = row.data()});
        CHECK(row.values() == bias.values());
        std::vector<float> expected;
        for (int i = 0; i < 3; ++i)
          for (const float x : bias.values()) expected.push_back(x);
        CHECK(c.values() == expected);

        Array e(2 * N, 0, 5.0f), sums(2, 0, 5.0f), by_token(2 * N, 0, 5.0f);
        training_kernels_of(*kernels).multiply_transposed({.columns = {0, 2},
                                      .a = nothing.data(),
                                      .a_stride = 2,
                                      .N = N,
                                      .b = nothing.data(),
                                      .b_stride = N,
                                      .c = e.data(),
                                      .sums = sums.data()});
        training_kernels_of(*kernels).sum_by_token({.columns = {0, N},
                               .a = nothing.data(),
                               .a_stride = N,
                               .V = 2,
                               .c = by_token.data(),
                               .c_stride = N});
        CHECK(e.values() == std::vector<float>(size(2, N)));
        CHECK(sums.values() == std::vector<float>(2));
        CHECK(by_token.values() == std::vector<float>(size(2, N)));
      }
    }
  }
}

TEST_CASE("Cross-entropy equals the reference in double for all small vocabularies and odd offsets",
          "[kernels][softmax]") {
  const int rows = 3;
  for (int V = 1; V <= kMost; ++V) {
    const std::vector<std::uint16_t> targets = {0, static_cast<std::uint16_t>(V - 1),
                                                static_cast<std::uint16_t>(V / 2)};
    for (const Kernels<float>* kernels : available()) {
      for (const std::size_t offset : {0u, 1u, 3u}) {
        Array logits(rows * V, offset, V), loss(rows, offset, 5.0f);
        for (int i = 0; i < rows * V; ++i) logits.data()[i] *= 10;
        std::vector<double> gradient = logits.doubles(), nats(size(rows));
        const auto run = [&]<class Scalar>(const Kernels<Scalar>& set, Scalar* x, Scalar* y) {
          training_kernels_of(set).cross_entropy({.rows = all_rows(1, rows),
                             .V = V,
                             .targets = targets.data(),
                             .scale = Scalar(0.5),
                             .logits = x,
                             .loss = y});
        };
        run(reference::kKernels<double>, gradient.data(), nats.data());
        run(*kernels, logits.data(), loss.data());
        CAPTURE(kernels->name, V, offset);
        // Of each probability: an exponent of 20 at most rounded once, 2 ULP of the exponential, a sum of V
        // and three roundings. The loss, at most 20 + ln V, adds the roundings of its logarithm and of
        // itself.
        const double relative = (20 + 2 + V + 3) * 0x1p-24;
        CHECK(worst_difference(logits.values(), gradient) <= 0.5 * relative);
        CHECK(worst_difference(loss.values(), nats) <= relative + 3 * 24 * 0x1p-24);
        CHECK((logits.guards_stand() && loss.guards_stand()));
      }
    }
  }
}
