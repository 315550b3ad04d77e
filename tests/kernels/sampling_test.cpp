// What a sampler asks of the kernels.
#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/kernels/dispatch.hpp"

using namespace gruve;
using namespace gruve::kernels;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("The softmax's weights and their sum are those of the exponentials in double",
          "[kernels][sampling]") {
  for (const Kernels<float>* kernels : available()) {
    for (int n = 1; n <= 70; ++n) {
      Rng rng(static_cast<std::uint64_t>(n));
      std::vector<float> x(static_cast<std::size_t>(n) + 1);
      for (float& value : x) value = 20 * rng.uniform() - 10;
      if (n > 3) x[2] = -kInfinity;  // a token that may not come
      const std::vector<float> logits = x;
      const float factor = 1 / 0.7f;
      const double sum = kernels->softmax(n, factor, x.data());
      double largest = logits[0], exact_sum = 0;
      for (std::size_t i = 0; i < x.size() - 1; ++i) largest = std::max<double>(largest, logits[i]);
      CAPTURE(kernels->name, n);
      for (std::size_t i = 0; i < x.size() - 1; ++i) {
        const double exact = std::exp((logits[i] - largest) * factor);
        exact_sum += exact;
        // The exponent, at most 30, is rounded twice; then 3 ULP of the exponential.
        CHECK(std::abs(x[i] - exact) <= (2 * 30 + 3) * 0x1p-24 * exact);
      }
      CHECK(std::abs(sum - exact_sum) <= (2 * 30 + 3 + n) * 0x1p-24 * exact_sum);
      if (n > 3) CHECK(x[2] == 0.0f);
      CHECK(x.back() == logits.back());
    }
  }
}

TEST_CASE("A very unlikely token has no weight rather than a small one", "[kernels][sampling]") {
  for (const Kernels<float>* kernels : available()) {
    std::vector<float> x = {0, -200, -1e30f, -kInfinity};
    CHECK(kernels->softmax(4, 1, x.data()) == 1.0f);
    CHECK(x == std::vector<float>{1, 0, 0, 0});
  }
}

TEST_CASE("The most probable of equal ones is the first", "[kernels][sampling]") {
  for (const Kernels<float>* kernels : available()) {
    for (int n = 1; n <= 70; ++n) {
      for (int at = 0; at < n; ++at) {
        std::vector<float> x(static_cast<std::size_t>(n), -1.0f);
        x[static_cast<std::size_t>(at)] = x.back() = 2.0f;
        x[0] = at == 0 ? 2.0f : -kInfinity;
        CAPTURE(kernels->name, n, at);
        CHECK(kernels->argmax(n, x.data()) == at);
      }
    }
  }
}

TEST_CASE("Among numbers of which some are NaN the most probable is still one of them",
          "[kernels][sampling]") {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  for (const Kernels<float>* kernels : available()) {
    for (int n = 2; n <= 40; ++n) {
      std::vector<float> x(static_cast<std::size_t>(n), 1.0f);
      x[0] = kNaN;
      CAPTURE(kernels->name, n);
      CHECK(static_cast<unsigned>(kernels->argmax(n, x.data())) < static_cast<unsigned>(n));
      x.assign(x.size(), kNaN);
      CHECK(static_cast<unsigned>(kernels->argmax(n, x.data())) < static_cast<unsigned>(n));
    }
  }
}
