#pragma once

#include <cmath>
#include <cstdint>

/// Functions whose last bit differs from one C library to another, of operations that IEEE 754 rounds everywhere
/// the same: for what a model's bits depend on.
namespace gruve::inline v0_2::internal {

// ln x, of a normal number above 0. With x = 2^e m, m from √½ to √2, and s = (m − 1)/(m + 1):
// ln x = e ln 2 + 2 (s + s³/3 + s⁵/5 + …). Within 2 ULP, near 1 within 1e-17.
inline double portable_log(double x) noexcept {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // from 1/2 to 1
  if (m < 0.70710678118654752440) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1), square = s * s;
  double sum = 0;
  for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * square;
  return exponent * 0.69314718055994530942 + 2 * (s + s * sum);
}

// cos(π x), of x from 0 to 1: the Taylor series, of x or of 1 − x. Within 2e-16.
inline double portable_cos_pi(double x) noexcept {
  if (x > 0.5) return -portable_cos_pi(1 - x);
  const double square = 9.8696044010893586188 * x * x;  // (π x)²
  double sum = 1;
  for (int n = 22; n >= 2; n -= 2) sum = 1 - sum * square / (n * (n - 1));
  return sum;
}

// base^exponent, by squaring. Within exponent ULP, as if it were multiplied one by one.
inline double portable_power(double base, std::uint64_t exponent) noexcept {
  double result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

}  // namespace gruve::inline v0_2::internal
