#pragma once

#include <cstdint>

#include "gruve/kernels/dispatch.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/packed_model.hpp"

namespace gruve::tests {

/// A model that has learnt nothing.
inline PackedModel<float> untrained(const ModelConfig& config, std::uint64_t seed = 3,
                                    const kernels::Kernels<float>& kernels = kernels::active()) {
  GruModel<float> network(config);
  initialize(network, seed);
  return PackedModel<float>(network, kernels);
}

}  // namespace gruve::tests
