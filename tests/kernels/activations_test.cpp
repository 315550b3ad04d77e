#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <mutex>
#include <vector>

#include "catch.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/dispatch.hpp"

// How many floats of the whole range are passed over for one that is taken. With 1 it is each of them, which
// takes some minutes: make all_floats in a build of the tests.
#if !defined(GRUVE_FLOAT_STRIDE)
#if !defined(__OPTIMIZE__)
#define GRUVE_FLOAT_STRIDE 997
#else
#define GRUVE_FLOAT_STRIDE 61
#endif
#endif

using namespace gruve;
using namespace gruve::kernels;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

enum Function { kSigmoid, kTanh, kExp, kFunctions };

auto function_of(const Kernels<float>& kernels, int function) {
  return function == kSigmoid ? kernels.sigmoid : function == kTanh ? kernels.tanh : kernels.exp;
}

// The implementations that the promises are about; the reference's functions are the standard library's.
std::vector<const Kernels<float>*> fused() { return {available().begin() + 1, available().end()}; }

constexpr std::size_t kBlock = 4096;
using Floats = std::array<float, kBlock>;
using Doubles = std::array<double, kBlock>;

constexpr Floats all(float value) {
  Floats floats{};
  floats.fill(value);
  return floats;
}

// The functions' exact values as doubles, and 1 / ULP of those values, for a block of floats of one sign. One
// exponential serves all three: the rest is rounded some 2⁻⁵² of its own size, and tanh where that is the
// difference of nearly equal numbers is taken from its series.
struct Truth {
  std::array<Doubles, kFunctions> exact;
  std::array<Doubles, kFunctions> per_ulp;

  void find(const Floats& x) {
    for (std::size_t i = 0; i < kBlock; ++i) {
      const bool negative = std::signbit(x[i]);
      const double magnitude = std::fabs(static_cast<double>(x[i]));
      const double e = std::exp(magnitude > 200 ? 200 : magnitude);  // more overflows a float all the same
      const double tanh =
          magnitude < 0x1p-12 ? magnitude - magnitude * magnitude * magnitude / 3 : (e * e - 1) / (e * e + 1);
      set(kSigmoid, i, negative ? 1 / (1 + e) : e / (1 + e));
      set(kTanh, i, negative ? -tanh : tanh);
      set(kExp, i, negative ? 1 / e : e);
    }
  }

 private:
  void set(Function function, std::size_t i, double value) {
    // What rounds to an infinite float must be infinite.
    exact[function][i] = value >= 0x1.ffffffp127 ? std::numeric_limits<double>::infinity() : value;
    // 2ᵉ <= |value| < 2ᵉ⁺¹ has the ULP 2ᵉ⁻²³, and denormal numbers that of the smallest normal one.
    const int exponent = static_cast<int>(std::bit_cast<std::uint64_t>(value) >> 52 & 0x7FF) - 1023;
    per_ulp[function][i] =
        std::bit_cast<double>(static_cast<std::uint64_t>(1023 + 23 - std::max(exponent, -126)) << 52);
  }
};

// The largest error found, in ULP of the exact value, and where.
struct Worst {
  double ulp = 0;
  float x = 0;
};

// Compares what a function gave for a block.
void compare(int function, const Floats& x, const Floats& y, const Truth& truth, Worst& worst) {
  const Doubles& exact = truth.exact[static_cast<std::size_t>(function)];
  const Doubles& per_ulp = truth.per_ulp[static_cast<std::size_t>(function)];
  for (std::size_t i = 0; i < kBlock; ++i) {
    const double error = std::fabs(y[i] - exact[i]) * per_ulp[i];
    if (error <= worst.ulp) continue;
    if (y[i] == exact[i] || (std::isnan(y[i]) && std::isnan(exact[i]))) continue;  // ∞ − ∞, NaN
    // The only departure: a sigmoid that is half the smallest normal number or less may be zero.
    if (function == kSigmoid && y[i] == 0 && exact[i] < 0x1p-127) continue;
    worst = {std::isnan(error) ? std::numeric_limits<double>::infinity() : error, x[i]};
  }
}

// The correctly rounded values for a whole block, where they are the same number for all or x itself; else
// null.
const Floats* plain_values(int function, const Floats& x) {
  static constexpr Floats zero = all(0), half = all(0.5f), one = all(1), minus_one = all(-1),
                          infinity = all(kInfinity);
  const float first = std::fabs(x.front()), last = std::fabs(x.back());
  const bool negative = std::signbit(x.front());
  if (last < 0x1p-26f) return function == kSigmoid ? &half : function == kTanh ? &x : &one;
  if (!(first >= 128 && last <= kInfinity)) return nullptr;
  if (!negative) return function == kExp ? &infinity : &one;
  return function == kTanh ? &minus_one : &zero;
}

}  // namespace

// Nine floats of ten have plain values, which take most of the time: there only the widest set takes every
// block, and the others each 16th, since all hold the same source.
TEST_CASE("Sigmoid, tanh and exp of every float are within 2.5 ULP of the exact values",
          "[kernels][activations]") {
  constexpr std::size_t kBlocks = (std::size_t{1} << 31) / kBlock / GRUVE_FLOAT_STRIDE, kTasks = 512;
  using Table = std::vector<std::array<Worst, kFunctions>>;
  const auto sets = fused();
  Table worst(sets.size());
  std::mutex mutex;
  ThreadPool threads;
  threads.for_each(kTasks, [&](std::size_t task) {
    Table found(sets.size());
    Floats x, y;
    Truth truth;
    for (std::size_t block = kBlocks * task / kTasks; block < kBlocks * (task + 1) / kTasks; ++block) {
      for (const std::uint32_t sign : {0u, 0x80000000u}) {
        for (std::size_t i = 0; i < kBlock; ++i)
          x[i] = std::bit_cast<float>(static_cast<std::uint32_t>((block * kBlock + i) * GRUVE_FLOAT_STRIDE) |
                                      sign);
        bool known = false;
        for (int function = 0; function < kFunctions; ++function) {
          const Floats* plain = plain_values(function, x);
          for (std::size_t set = 0; set < sets.size(); ++set) {
            if (plain != nullptr && block % 16 != 0 && set + 1 != sets.size()) continue;
            function_of(*sets[set], function)(kBlock, x.data(), y.data());
            if (plain != nullptr && std::memcmp(&y, plain, sizeof y) == 0) continue;
            if (!known) truth.find(x);
            known = true;
            compare(function, x, y, truth, found[set][static_cast<std::size_t>(function)]);
          }
        }
      }
    }
    const std::lock_guard lock(mutex);
    for (std::size_t set = 0; set < sets.size(); ++set)
      for (std::size_t function = 0; function < kFunctions; ++function)
        if (found[set][function].ulp > worst[set][function].ulp) worst[set][function] = found[set][function];
  });

  std::printf(
      "worst error [ULP] at x: %s 2^32 floats\n",
      GRUVE_FLOAT_STRIDE == 1 ? "the last set over all, the others over part of the" : "a sample of the");
  std::printf("%-10s %22s %22s %22s\n", "kernels", "sigmoid", "tanh", "exp");
  for (std::size_t set = 0; set < sets.size(); ++set) {
    std::printf("%-10s", sets[set]->name);
    for (const Worst& w : worst[set]) std::printf(" %6.3f at %12.6g", w.ulp, static_cast<double>(w.x));
    std::printf("\n");
    CAPTURE(sets[set]->name);
    CHECK(worst[set][kSigmoid].ulp < 2.5);
    CHECK(worst[set][kTanh].ulp < 2.5);
    CHECK(worst[set][kExp].ulp < 1.1);
  }
}

TEST_CASE("Sigmoid, tanh and exp are right at zero, infinity, NaN and the smallest numbers",
          "[kernels][activations]") {
  const std::vector<float> x = {0.0f, -0.0f, kInfinity, -kInfinity, kDenormal, -kDenormal, kNaN, -kNaN};
  for (const Kernels<float>* kernels : available()) {
    CAPTURE(kernels->name);
    std::vector<float> y(x.size());
    const auto check = [&](Function function, const std::vector<float>& expected) {
      function_of(*kernels, function)(x.size(), x.data(), y.data());
      CAPTURE(function, y);
      CHECK(std::equal(expected.begin(), expected.end(), y.begin()));
      CHECK(std::isnan(y[6]));
      CHECK(std::isnan(y[7]));
    };
    check(kSigmoid, {0.5f, 0.5f, 1, 0, 0.5f, 0.5f});
    check(kTanh, {0, 0, 1, -1, kDenormal, -kDenormal});  // of either zero: the fused kernels give +0
    check(kExp, {1, 1, kInfinity, 0, 1, 1});
  }
}

TEST_CASE("Sigmoid, tanh and exp of an element do not depend on its place, and nothing beside is touched",
          "[kernels][activations]") {
  std::vector<float> x;
  for (int i = 0; i < 40; ++i) x.push_back(0.37f * static_cast<float>(i - 17));
  for (const Kernels<float>* kernels : available()) {
    for (int function = 0; function < kFunctions; ++function) {
      std::vector<float> expected(x.size());
      function_of(*kernels, function)(x.size(), x.data(), expected.data());
      for (std::size_t n = 0; n <= 33; ++n) {
        for (std::size_t offset = 0; offset < 4; ++offset) {
          CAPTURE(kernels->name, function, n, offset);
          std::vector<float> y(x.size() + 2, 7.0f);
          function_of(*kernels, function)(n, x.data() + offset, y.data() + 1);
          CHECK(y[0] == 7.0f);
          CHECK(std::memcmp(y.data() + 1, expected.data() + offset, n * sizeof(float)) == 0);
          for (std::size_t i = n + 1; i < y.size(); ++i) CHECK(y[i] == 7.0f);
        }
      }
    }
  }
}
