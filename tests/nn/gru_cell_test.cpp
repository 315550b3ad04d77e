#include "gruve/nn/gru.hpp"

#include <complex>
#include <type_traits>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/core/rng.hpp"

using namespace gruve;

namespace {

template <class Cell>
void fill(Cell& cell) {
  Rng rng(5);
  for (auto* parameter : {&cell.weight_ih, &cell.weight_hh, &cell.bias_ih, &cell.bias_hh})
    for (std::size_t i = 0; i < parameter->size(); ++i) parameter->data()[i] = 2 * rng.uniform() - 1;
}

template <class Scalar, int InputSize, int HiddenSize>
std::vector<double> run(ResetGate reset_gate) {
  GruCell<Scalar, InputSize, HiddenSize> cell(3, 4, reset_gate);
  fill(cell);
  Eigen::Matrix<Scalar, InputSize, 1> x(3);
  Eigen::Matrix<Scalar, HiddenSize, 1> h(4);
  x << Scalar(0.5f), Scalar(-1.0f), Scalar(2.0f);
  h << Scalar(0.25f), Scalar(0.0f), Scalar(-0.5f), Scalar(0.75f);
  cell.step(x, h);
  cell.step(x, h);
  std::vector<double> result;
  for (const Scalar value : h) result.push_back(static_cast<double>(std::real(value)));
  return result;
}

}  // namespace

TEST_CASE("A cell gives the same state for sizes known at compile time and at run time", "[nn][gru]") {
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  const auto truth = run<double, Eigen::Dynamic, Eigen::Dynamic>(reset_gate);
  const auto fixed = run<double, 3, 4>(reset_gate);
  const auto half = run<double, Eigen::Dynamic, 4>(reset_gate);
  const auto complex = run<std::complex<double>, 3, 4>(reset_gate);
  const auto single = run<float, 3, 4>(reset_gate);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(fixed[i] == Approx(truth[i]).margin(1e-14));
    CHECK(half[i] == Approx(truth[i]).margin(1e-14));
    CHECK(complex[i] == Approx(truth[i]).margin(1e-14));
    CHECK(single[i] == Approx(truth[i]).margin(20 * 0x1p-24));
  }
}

TEST_CASE("The two reset variants differ when the reset gate is between 0 and 1", "[nn][gru]") {
  CHECK(run<double, 3, 4>(ResetGate::after_product)[0] != run<double, 3, 4>(ResetGate::before_product)[0]);
}

TEST_CASE("A cell of a size that no stack would hold can be made", "[nn][gru]") {
  const GruCell<float, 512, 1024> cell;
  CHECK(cell.weight_hh.size() == 3u * 1024 * 1024);
  CHECK(sizeof(cell) < 512);
}

TEST_CASE("A cell without a size is not made", "[nn][gru]") {
  static_assert(!std::is_default_constructible_v<GruCell<float>>);
  static_assert(!std::is_constructible_v<GruCell<float, 3>, int>);
  CHECK(GruCell<float, Eigen::Dynamic, 4>(3).weight_ih.shape() == std::vector{12, 3});
  CHECK(tests::error_of([] { GruCell<float>(0, 24); }) ==
        "a GRU layer of 0 inputs and 24 units, expected at least 1 of each");
  CHECK(tests::error_of([] { GruCell<float>(1, -1); }) ==
        "a GRU layer of 1 inputs and -1 units, expected at least 1 of each");
}

TEST_CASE("The example in GruCell's documentation runs", "[nn][docs]") {
  gruve::GruCell<float, 8, 16> cell;
  Eigen::Vector<float, 8> x = Eigen::Vector<float, 8>::Zero();
  Eigen::Vector<float, 16> h = Eigen::Vector<float, 16>::Zero();
  cell.step(x, h);
  CHECK(h.isZero());
}
