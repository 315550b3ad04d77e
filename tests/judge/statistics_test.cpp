// MAUVE, Frechet distance and logistic regression against their reference programs.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/judge/logistic_regression.hpp"
#include "gruve/judge/mauve.hpp"

using namespace gruve;

namespace {

nlohmann::json reference() {
  return nlohmann::json::parse(std::ifstream(GRUVE_TEST_DATA "/judge/reference.json"));
}

Eigen::MatrixXd matrix(const nlohmann::json& rows) {
  Eigen::MatrixXd m(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows[0].size()));
  for (Eigen::Index r = 0; r < m.rows(); ++r)
    for (Eigen::Index c = 0; c < m.cols(); ++c)
      m(r, c) = rows[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)].get<double>();
  return m;
}

// N normal vectors around a centre.
Eigen::MatrixXd cloud(Eigen::Index N, double centre, std::uint64_t seed) {
  Rng rng(seed);
  Eigen::MatrixXd x(N, 4);
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = centre + rng.normal();
  return x;
}

}  // namespace

TEST_CASE("MAUVE of histograms is that of its authors' program", "[judge]") {
  const nlohmann::json golden = reference()["mauve"];
  CHECK(golden.size() >= 3);
  for (const nlohmann::json& each : golden)
    CHECK(mauve_of_histograms(each["p"].get<std::vector<double>>(), each["q"].get<std::vector<double>>()) ==
          Approx(each["value"].get<double>()).epsilon(1e-9));
  CHECK(mauve_of_histograms({0.25, 0.75}, {0.25, 0.75}) == Approx(1));
  CHECK(mauve_of_histograms({1, 0}, {0, 1}) < 0.01);
}

TEST_CASE("MAUVE of vectors falls with their distance", "[judge]") {
  const Eigen::MatrixXd p = cloud(400, 0, 1);
  const double same = mauve(p, cloud(400, 0, 2)), near = mauve(p, cloud(400, 0.5, 2)),
               far = mauve(p, cloud(400, 3, 2));
  CHECK(same > 0.9);
  CHECK(near < same);
  CHECK(far < near);
  CHECK(far < 0.1);
  CHECK(mauve(p, cloud(400, 0.5, 2)) == near);  // bit for bit
}

TEST_CASE("k-means finds clusters that are apart", "[judge]") {
  Eigen::MatrixXd x(60, 4);
  for (int c = 0; c < 3; ++c) x.middleRows(20 * c, 20) = cloud(20, 20.0 * c, static_cast<std::uint64_t>(c));
  const std::vector<int> clusters = k_means(x, 3);
  for (std::size_t i = 0; i < 60; ++i) CHECK(clusters[i] == clusters[i / 20 * 20]);
  CHECK(clusters[0] != clusters[20]);
  CHECK(clusters[20] != clusters[40]);
  CHECK(clusters[0] != clusters[40]);
}

TEST_CASE("Principal components keep the share of the variance", "[judge]") {
  Eigen::MatrixXd x = cloud(200, 5, 3);
  x.col(2) *= 100;
  CHECK(principal_components(x, 0.9).cols() == 1);
  CHECK(principal_components(x, 1).cols() == 4);
  CHECK(principal_components(x, 0.9).mean() == Approx(0).margin(1e-9));
}

TEST_CASE("The Frechet distance is scipy's, and 0 for the same vectors", "[judge]") {
  const nlohmann::json each = reference()["frechet"];
  const Eigen::MatrixXd a = matrix(each["a"]), b = matrix(each["b"]);
  CHECK(frechet_distance(a, b) == Approx(each["value"].get<double>()).epsilon(1e-9));
  CHECK(frechet_distance(a, a) == Approx(0).margin(1e-9));
}

TEST_CASE("Logistic regression has the log odds of scikit-learn's", "[judge]") {
  const nlohmann::json each = reference()["logistic"];
  Eigen::MatrixXd x = matrix(each["x"]);
  const auto y = each["y"].get<std::vector<std::uint8_t>>();
  const LogisticRegression regression(x, y, each["lambda"].get<double>());
  for (Eigen::Index i = 0; i < x.rows(); ++i)
    CHECK(regression.log_odds(x.row(i).transpose()) ==
          Approx(each["log_odds"][static_cast<std::size_t>(i)].get<double>()).epsilon(1e-6));
  // What is undefined counts as the mean; a constant column says nothing.
  x.conservativeResize(Eigen::NoChange, 4);
  x.col(3).setConstant(7);
  const LogisticRegression wider(x, y, each["lambda"].get<double>());
  CHECK(wider.log_odds(x.row(0).transpose()) == Approx(regression.log_odds(x.row(0).head(3).transpose())));
  Eigen::VectorXd undefined = x.row(0).transpose();
  undefined(0) = std::nan("");
  Eigen::VectorXd mean = undefined;
  mean(0) = x.col(0).mean();
  CHECK(wider.log_odds(undefined) == Approx(wider.log_odds(mean)));
}
