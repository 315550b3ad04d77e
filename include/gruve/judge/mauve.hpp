#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include "gruve/core/rng.hpp"

namespace gruve::inline v0_1 {

/// Vectors projected to the fewest principal components that keep a share of the variance; the mean is
/// removed.
///
/// x      [N, D]
/// share  of the variance, 0 to 1
///
/// Returns [N, d], d from 1 to D.
inline Eigen::MatrixXd principal_components(const Eigen::MatrixXd& x, double share) {
  const Eigen::MatrixXd centred = x.rowwise() - x.colwise().mean();
  const Eigen::MatrixXd covariance =
      centred.transpose() * centred / static_cast<double>(std::max<Eigen::Index>(1, x.rows()));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  const Eigen::Index D = x.cols();
  const double total = solver.eigenvalues().sum();
  double kept = 0;
  Eigen::Index d = 0;
  while (d < D && (d == 0 || kept < share * total)) kept += solver.eigenvalues()(D - 1 - d++);
  return centred * solver.eigenvectors().rightCols(d);
}

/// The cluster of each vector, by k-means: Lloyd's algorithm from centres by k-means++ (Arthur and
/// Vassilvitskii 2007), the best of five runs.
///
/// x  [N, D]
/// k  number of clusters, 1 to N
inline std::vector<int> k_means(const Eigen::MatrixXd& x, int k, std::uint64_t seed = 1) {
  const Eigen::Index N = x.rows();
  std::vector<int> best;
  double lowest = std::numeric_limits<double>::infinity();
  for (std::uint64_t run = 0; run < 5; ++run) {
    Rng rng(seed, run);
    Eigen::MatrixXd centres(k, x.cols());
    Eigen::VectorXd nearest = Eigen::VectorXd::Constant(N, std::numeric_limits<double>::infinity());
    for (int c = 0; c < k; ++c) {
      Eigen::Index chosen = static_cast<Eigen::Index>(rng.below(static_cast<std::uint32_t>(N)));
      if (c > 0) {
        double rest = static_cast<double>(rng.uniform()) * nearest.sum();
        for (chosen = 0; chosen + 1 < N && (rest -= nearest(chosen)) >= 0; ++chosen) {
        }
      }
      centres.row(c) = x.row(chosen);
      nearest = nearest.cwiseMin((x.rowwise() - centres.row(c)).rowwise().squaredNorm());
    }
    std::vector<int> clusters(static_cast<std::size_t>(N), -1);
    double cost = 0;
    for (int iteration = 0; iteration < 100; ++iteration) {
      // |x − c|² = |x|² − 2 x·c + |c|², of which the first is the same for all centres.
      const Eigen::MatrixXd products = x * centres.transpose();
      const Eigen::VectorXd sizes = centres.rowwise().squaredNorm();
      bool any = false;
      cost = 0;
      for (Eigen::Index n = 0; n < N; ++n) {
        Eigen::Index cluster = 0;
        cost += (sizes.transpose() - 2 * products.row(n)).minCoeff(&cluster);
        any = any || clusters[static_cast<std::size_t>(n)] != cluster;
        clusters[static_cast<std::size_t>(n)] = static_cast<int>(cluster);
      }
      if (!any) break;
      Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(k, x.cols());
      Eigen::VectorXd counts = Eigen::VectorXd::Zero(k);
      for (Eigen::Index n = 0; n < N; ++n) {
        sums.row(clusters[static_cast<std::size_t>(n)]) += x.row(n);
        counts(clusters[static_cast<std::size_t>(n)]) += 1;
      }
      for (int c = 0; c < k; ++c)
        if (counts(c) > 0) centres.row(c) = sums.row(c) / counts(c);
    }
    if (cost < lowest) {
      lowest = cost;
      best = std::move(clusters);
    }
  }
  return best;
}

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
inline double mauve(const Eigen::MatrixXd& p, const Eigen::MatrixXd& q, int k = 0) {
  Eigen::MatrixXd all(p.rows() + q.rows(), p.cols());
  all << p, q;
  if (k <= 0) k = (std::max)(2, static_cast<int>((std::min)(p.rows(), q.rows()) / 10));
  const std::vector<int> clusters = k_means(principal_components(all, 0.9), k);
  std::vector<double> of_p(static_cast<std::size_t>(k), 0), of_q(of_p);
  for (Eigen::Index n = 0; n < all.rows(); ++n) {
    const auto cluster = static_cast<std::size_t>(clusters[static_cast<std::size_t>(n)]);
    if (n < p.rows())
      of_p[cluster] += 1.0 / static_cast<double>(p.rows());
    else
      of_q[cluster] += 1.0 / static_cast<double>(q.rows());
  }
  return mauve_of_histograms(of_p, of_q);
}

/// The Fréchet distance of the normal distributions with the means and covariances of two sets of vectors,
/// |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½): 0 for equal ones, in squares of the vectors' unit.
///
/// p, q  [N, D], [M, D]
///
/// Source: Dowson and Landau 1982; of states of a network Heusel et al. 2017.
inline double frechet_distance(const Eigen::MatrixXd& p, const Eigen::MatrixXd& q) {
  const auto covariance = [](const Eigen::MatrixXd& x) -> Eigen::MatrixXd {
    const Eigen::MatrixXd centred = x.rowwise() - x.colwise().mean();
    return centred.transpose() * centred / static_cast<double>(std::max<Eigen::Index>(1, x.rows() - 1));
  };
  const auto root = [](const Eigen::MatrixXd& x) -> Eigen::MatrixXd {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(x);
    return solver.eigenvectors() * solver.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal() *
           solver.eigenvectors().transpose();
  };
  const Eigen::MatrixXd a = covariance(p), b = covariance(q);
  // tr (Σ₁ Σ₂)^½ = tr (Σ₁^½ Σ₂ Σ₁^½)^½, of a symmetric matrix
  const Eigen::MatrixXd half = root(a);
  const double mean = (p.colwise().mean() - q.colwise().mean()).squaredNorm();
  return mean + a.trace() + b.trace() - 2 * root(half * b * half).trace();
}

}  // namespace gruve::inline v0_1
