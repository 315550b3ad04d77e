#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <Eigen/Dense>

namespace gruve::inline v0_1 {

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
  LogisticRegression(const Eigen::MatrixXd& x, std::span<const unsigned char> y, double lambda = 1)
      : mean_(x.cols()), scale_(x.cols()), weights_(Eigen::VectorXd::Zero(x.cols() + 1)) {
    const Eigen::Index N = x.rows(), D = x.cols();
    for (Eigen::Index d = 0; d < D; ++d) {
      double sum = 0, squares = 0, count = 0;
      for (Eigen::Index n = 0; n < N; ++n)
        if (!std::isnan(x(n, d))) {
          sum += x(n, d);
          squares += x(n, d) * x(n, d);
          count += 1;
        }
      mean_(d) = count > 0 ? sum / count : 0;
      const double variance = count > 0 ? squares / count - mean_(d) * mean_(d) : 0;
      scale_(d) = variance > 1e-12 ? 1 / std::sqrt(variance) : 0;
    }
    Eigen::MatrixXd a(N, D + 1);  // with a column of ones for b
    for (Eigen::Index n = 0; n < N; ++n) a.row(n) = standardised(x.row(n)).transpose();
    Eigen::VectorXd target(N);
    for (Eigen::Index n = 0; n < N; ++n) target(n) = y[static_cast<std::size_t>(n)];
    Eigen::VectorXd penalty = Eigen::VectorXd::Constant(D + 1, lambda);
    penalty(D) = 1e-9;  // b is free
    for (int iteration = 0; iteration < 50; ++iteration) {
      const Eigen::VectorXd p = (a * weights_).unaryExpr([](double z) { return 1 / (1 + std::exp(-z)); });
      const Eigen::VectorXd gradient = a.transpose() * (p - target) + penalty.cwiseProduct(weights_);
      const Eigen::VectorXd curvature = p.array() * (1 - p.array()) + 1e-9;
      Eigen::MatrixXd hessian = a.transpose() * curvature.asDiagonal() * a;
      hessian.diagonal() += penalty;
      const Eigen::VectorXd step = hessian.ldlt().solve(gradient);
      weights_ -= step;
      if (step.norm() < 1e-9) break;
    }
  }

  /// ln(p / (1 − p)) of an example [D].
  double log_odds(const Eigen::VectorXd& x) const { return standardised(x).dot(weights_); }

 private:
  Eigen::VectorXd standardised(const Eigen::VectorXd& x) const {
    Eigen::VectorXd result(x.size() + 1);
    for (Eigen::Index d = 0; d < x.size(); ++d)
      result(d) = std::isnan(x(d)) ? 0 : (x(d) - mean_(d)) * scale_(d);
    result(x.size()) = 1;
    return result;
  }

  Eigen::VectorXd mean_;     // [D]
  Eigen::VectorXd scale_;    // [D]: 1 / standard deviation; 0 for a column that is constant
  Eigen::VectorXd weights_;  // [D + 1]: w, then b
};

}  // namespace gruve::inline v0_1
