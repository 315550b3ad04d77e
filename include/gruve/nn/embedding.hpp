#pragma once

#include "gruve/nn/parameter.hpp"

namespace gruve::inline v0_2 {

/// A table of vectors, one per token: embedding(token) = weight[token].
template <class Scalar>
struct Embedding {
  /// A table with all parameters zero.
  Embedding(int vocab_size, int embedding_size) : weight{vocab_size, embedding_size} {}

  Parameter<Scalar> weight;  // [V, E]

  /// Calls visit(name, parameter) for each parameter of `self`, with PyTorch's names.
  template <class Self, class Visit>
  static void for_each_parameter(Self& self, Visit&& visit) {
    visit("weight", self.weight);
  }
};

}  // namespace gruve::inline v0_2
