#pragma once

#include <Eigen/Core>
#include <cassert>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "gruve/core/aligned.hpp"

namespace gruve::inline v0_2 {

/// An array of a network's parameters: a matrix [rows, cols], or a vector [rows] if it has one dimension. Its
/// elements are on the heap, in row-major order.
template <class Scalar>
class Parameter {
 public:
  /// A matrix in row-major order.
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  /// An array of zeros.
  ///
  /// shape  one or two sizes, each at least 1
  Parameter(std::initializer_list<int> shape) : shape_(shape), values_(1) {
    assert(shape.size() == 1 || shape.size() == 2);
    for (const int size : shape) {
      assert(size >= 1);
      values_.resize(values_.size() * static_cast<std::size_t>(size));
    }
  }

  /// One or two sizes.
  const std::vector<int>& shape() const noexcept { return shape_; }
  /// The first size.
  int rows() const noexcept { return shape_[0]; }
  /// The second size; 1 for a vector.
  int cols() const noexcept { return shape_.size() == 2 ? shape_[1] : 1; }
  /// The number of elements.
  std::size_t size() const noexcept { return values_.size(); }

  /// The elements [rows, cols].
  Scalar* data() noexcept { return values_.data(); }
  /// The elements [rows, cols].
  const Scalar* data() const noexcept { return values_.data(); }

  /// The elements as an Eigen matrix [rows, cols].
  Eigen::Map<Matrix> matrix() noexcept { return {data(), rows(), cols()}; }
  /// The elements as an Eigen matrix [rows, cols].
  Eigen::Map<const Matrix> matrix() const noexcept { return {data(), rows(), cols()}; }

 private:
  std::vector<int> shape_;
  AlignedVector<Scalar> values_;
};

}  // namespace gruve::inline v0_2
