#pragma once

#include "gruve/nn/parameter.hpp"

namespace gruve::inline v0_2 {

/// A dense (linear) layer: y = x weightᵀ + bias.
template <class Scalar>
struct Dense {
  /// A layer with all parameters zero.
  Dense(int input_size, int output_size) : weight{output_size, input_size}, bias{output_size} {}

  Parameter<Scalar> weight;  // [output, input]
  Parameter<Scalar> bias;    // [output]

  /// Calls visit(name, parameter) for each parameter of `self`, with PyTorch's names.
  template <class Self, class Visit>
  static void for_each_parameter(Self& self, Visit&& visit) {
    visit("weight", self.weight);
    visit("bias", self.bias);
  }
};

}  // namespace gruve::inline v0_2
