#include <cmath>
#include <cstdint>

#include "catch.hpp"
#include "gruve/core/portable_math.hpp"

using namespace gruve;

TEST_CASE("Logarithm, cosine and power are the C library's to the last digits", "[core]") {
  for (int i = 1; i <= 100'000; ++i) {
    const double x = i * 1e-5;
    CHECK(std::fabs(internal::portable_log(x) - std::log(x)) <= 4e-16 * std::fabs(std::log(x)) + 1e-17);
    CHECK(std::fabs(internal::portable_cos_pi(x) - std::cos(3.14159265358979323846 * x)) <= 1e-15);
  }
  for (const double x : {0x1p-32, 1e-300, 0.70710678, 1.5, 3.0, 1e300})
    CHECK(std::fabs(internal::portable_log(x) - std::log(x)) <= 4e-16 * std::fabs(std::log(x)));
  CHECK(internal::portable_log(1) == 0);
  CHECK(internal::portable_cos_pi(0) == 1);
  CHECK(internal::portable_cos_pi(1) == -1);

  CHECK(internal::portable_power(0.9, 0) == 1);
  CHECK(internal::portable_power(0.9, 1) == 0.9);
  for (const std::uint64_t n : {2u, 3u, 10u, 1000u, 123'456'789u}) {
    const double base = n > 1000 ? 0.99999999 : 0.999, exponent = static_cast<double>(n);
    CHECK(internal::portable_power(base, n) == Approx(std::pow(base, exponent)).epsilon(2e-16 * exponent));
  }
  CHECK(internal::portable_power(0.9, 1'000'000) == 0);
}
