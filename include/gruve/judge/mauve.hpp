#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include "gruve/core/once.hpp"

namespace gruve::inline v0_2 {

/// Vectors projected to the fewest principal components that keep a share of the variance; the mean is
/// removed.
///
/// x      [N, D]
/// share  of the variance, 0 to 1
///
/// Returns [N, d], d from 1 to D.
GRUVE_ONCE Eigen::MatrixXd principal_components(const Eigen::MatrixXd& x, double share);

/// The cluster of each vector, by k-means: Lloyd's algorithm from centres by k-means++ (Arthur and
/// Vassilvitskii 2007), the best of five runs.
///
/// x  [N, D]
/// k  number of clusters, 1 to N
GRUVE_ONCE std::vector<int> k_means(const Eigen::MatrixXd& x, int k, std::uint64_t seed = 1);

/// The area under the divergence curve of two histograms: 1 for equal ones, near 0 for disjoint ones. The
/// curve is of (exp(−c KL(q | r)), exp(−c KL(p | r))) with r = λ p + (1 − λ) q, c = 5, λ from 0 to 1, between
/// (0, 1) and (1, 0).
///
/// p, q  [k], each sums to 1
///
/// Source: Pillutla et al. 2021, arXiv:2102.01454, with 25 values of λ as in its authors' program.
inline double mauve_of_histograms(const std::vector<double>& p, const std::vector<double>& q) {
  constexpr int kPoints = 25;
  constexpr double kScale = 5;
  const auto divergence = [](const std::vector<double>& from, const std::vector<double>& to) {
    double sum = 0;
    for (std::size_t i = 0; i < from.size(); ++i)
      if (from[i] > 0) sum += from[i] * std::log(from[i] / to[i]);
    return sum;
  };
  std::vector<std::pair<double, double>> curve = {{0, 1}, {1, 0}};
  std::vector<double> mix(p.size());
  for (int i = 0; i < kPoints; ++i) {
    const double lambda = 1e-6 + (1 - 2e-6) * i / (kPoints - 1);
    for (std::size_t k = 0; k < p.size(); ++k) mix[k] = lambda * p[k] + (1 - lambda) * q[k];
    curve.emplace_back(std::exp(-kScale * divergence(q, mix)), std::exp(-kScale * divergence(p, mix)));
  }
  // By x, and from the top to the bottom where x is equal.
  std::sort(curve.begin(), curve.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  });
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i)
    area += (curve[i].first - curve[i - 1].first) * (curve[i].second + curve[i - 1].second) / 2;
  return area;
}

/// MAUVE of two sets of vectors: their principal components with nine tenths of the variance are clustered,
/// and the histograms of the clusters compared. The value depends on the number of vectors, so that only
/// values of equal numbers can be compared.
///
/// p, q  [N, D], [M, D]
/// k     number of clusters; 0 for a tenth of the smaller number of vectors, at least 2
GRUVE_ONCE double mauve(const Eigen::MatrixXd& p, const Eigen::MatrixXd& q, int k = 0);

/// The Fréchet distance of the normal distributions with the means and covariances of two sets of vectors,
/// |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½): 0 for equal ones, in squares of the vectors' unit.
///
/// p, q  [N, D], [M, D]
///
/// Source: Dowson and Landau 1982; of states of a network Heusel et al. 2017.
GRUVE_ONCE double frechet_distance(const Eigen::MatrixXd& p, const Eigen::MatrixXd& q);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/judge/mauve.inc"
#endif
