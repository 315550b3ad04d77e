#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "gruve/core/rng.hpp"
#include "gruve/model/gru_model.hpp"

namespace gruve::inline v0_2 {

/// Dropout of weights (DropConnect): in each update, elements of the recurrent weights and rows of the
/// embedding are set to zero at random.
///
/// Source: Wan et al. 2013; on recurrent weights Merity et al. 2018; on the embedding Gal and Ghahramani
/// 2016.
struct WeightDropout {
  double recurrent = 0;  // probability of an element of the recurrent weights, 0 to below 1
  double embedding = 0;  // probability of a row of the embedding, 0 to below 1

  /// Whether any weights are dropped.
  bool any() const noexcept { return recurrent > 0 || embedding > 0; }
};

/// Multiplies each weight of a model by 0 if it is dropped in this step, otherwise by 1 / (1 − probability).
/// The choice is a function of seed, step and the weight's index alone, so that the same call drops the same
/// elements of the weights before a pass and of the gradient after it.
template <class Scalar>
void drop_weights(GruModel<Scalar>& model, const WeightDropout& dropout, std::uint64_t seed,
                  std::uint64_t step) {
  constexpr std::uint64_t kWeights = 0x3E16875;  // a stream of its own, apart from that of Dropout
  const std::uint64_t mixed = seed ^ kWeights;
  const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(mixed),
                                            static_cast<std::uint32_t>(mixed >> 32)};
  std::uint32_t number = 0;  // of the parameter
  // Sixteen bits for each of `count` groups of `size` elements.
  const auto drop = [&](Parameter<Scalar>& parameter, double probability, std::size_t size) {
    if (probability <= 0) return;
    const auto threshold = static_cast<std::uint32_t>(probability * 65536.0);
    const Scalar kept = Scalar(1) / static_cast<Scalar>(1.0 - threshold / 65536.0);
    std::array<std::uint32_t, 4> random{};
    Scalar* at = parameter.data();
    for (std::size_t group = 0; group < parameter.size() / size; ++group) {
      if (group % 8 == 0)
        random = philox({static_cast<std::uint32_t>(group / 8), static_cast<std::uint32_t>(step),
                         static_cast<std::uint32_t>(step >> 32), number},
                        key);
      const std::uint32_t bits = (random[group % 8 / 2] >> (group % 2 * 16)) & 0xFFFF;
      const Scalar factor = bits < threshold ? Scalar(0) : kept;
      for (std::size_t i = 0; i < size; ++i) *at++ *= factor;
    }
  };
  model.for_each_parameter([&](const std::string& name, Parameter<Scalar>& parameter) {
    ++number;
    if (name == "embedding.weight")
      drop(parameter, dropout.embedding, static_cast<std::size_t>(parameter.cols()));
    else if (name.starts_with("gru.weight_hh"))
      drop(parameter, dropout.recurrent, 1);
  });
}

}  // namespace gruve::inline v0_2
