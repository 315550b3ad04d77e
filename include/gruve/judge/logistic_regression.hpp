#pragma once

#include <span>
#include <vector>

#include <Eigen/Core>

#include "gruve/core/once.hpp"

namespace gruve::inline v0_2 {

/// Logistic regression with an L2 penalty, by Newton's method: p(y = 1 | x) = σ(w · x' + b), where x' is x
/// with each column brought to mean 0 and variance 1 over the examples that it was fitted to. The penalty is
/// λ/2 |w|², for the sum of the examples' losses. NaN counts as the column's mean.
class LogisticRegression {
 public:
  /// Fits to examples.
  ///
  /// x       [N, D]
  /// y       [N], 1 for the class whose odds are given
  /// lambda  λ, above 0
  LogisticRegression(const Eigen::MatrixXd& x, std::span<const unsigned char> y, double lambda = 1);

  /// ln(p / (1 − p)) of an example [D].
  double log_odds(const Eigen::VectorXd& x) const;

 private:
  Eigen::VectorXd standardised(const Eigen::VectorXd& x) const;

  Eigen::VectorXd mean_;     // [D]
  Eigen::VectorXd scale_;    // [D]: 1 / standard deviation; 0 for a column that is constant
  Eigen::VectorXd weights_;  // [D + 1]: w, then b
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/judge/logistic_regression.inc"
#endif
