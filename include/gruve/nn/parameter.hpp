#pragma once

#include <Eigen/Core>
#include <cassert>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "gruve/core/aligned.hpp"

namespace gruve::inline v0_1 {

/// A named array of a network: a matrix [rows, cols], or a vector [rows] if it has one dimension. Its numbers
/// live on the heap, whatever its size, rows one after another.
template <class Scalar>
class Parameter {
 public:
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  /// shape  one or two sizes, each at least 1; the values are zero
  Parameter(std::initializer_list<int> shape) : shape_(shape), values_(1) {
    assert(shape.size() == 1 || shape.size() == 2);
    for (const int size : shape) {
      assert(size >= 1);
      values_.resize(values_.size() * static_cast<std::size_t>(size));
    }
  }

  const std::vector<int>& shape() const noexcept { return shape_; }
  int rows() const noexcept { return shape_[0]; }
  int cols() const noexcept { return shape_.size() == 2 ? shape_[1] : 1; }
  std::size_t size() const noexcept { return values_.size(); }

  Scalar* data() noexcept { return values_.data(); }
  const Scalar* data() const noexcept { return values_.data(); }

  Eigen::Map<Matrix> matrix() noexcept { return {data(), rows(), cols()}; }
  Eigen::Map<const Matrix> matrix() const noexcept { return {data(), rows(), cols()}; }

 private:
  std::vector<int> shape_;
  AlignedVector<Scalar> values_;
};

}  // namespace gruve::inline v0_1
