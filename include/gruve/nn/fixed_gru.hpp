#pragma once

#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>

#include "gruve/core/aligned.hpp"
#include "gruve/core/error.hpp"
#include "gruve/kernels/choice.hpp"
#include "gruve/kernels/fixed_gru.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/nn/gru.hpp"

namespace gruve::inline v0_2 {

/// A layer of gated recurrent units for a real-time thread, with both sizes known at compile time: the
/// parameters of a GruCell, packed for the instruction set that the constructor chooses.
///
///   const gruve::GruCell<float> cell(1, 16);  // of a model, its parameters trained
///   const gruve::FixedGru<1, 16> gru(cell);
///   std::array<float, 16> h = {};
///   gru.step(std::array{0.5f}, h);
///
/// It is a template, so it is compiled with the program's own optimisation level: use -O2 or more.
///
/// Cost of a step, whatever the values: 3H(E + H) multiply-adds and 3H activations; it reads 12H(E + H) + 16H
/// bytes of weights, H rounded up to whole vectors.
///
/// A state below kernels::kFaded = 2⁻⁶³, some −380 dB, is stored as 0. So the state of a layer that forgets
/// slowly does not become subnormal when its input falls silent, which would make each step many times
/// slower. Flags of the processor are neither read nor set.
template <int InputSize, int HiddenSize>
class FixedGru {
 public:
  static_assert(InputSize >= 1 && HiddenSize >= 1);

  // clang-format off
  /// Packs the parameters of a cell. Throws Error if the cell's sizes differ, or if this processor has no set of that
  /// name. Allocates.
  ///
  /// cell  its sizes may be known at compile time or not
  /// set   the set of kernels whose instructions are used. With the reference, and with one that has no step of its
  ///       own (avx512_vnni, avx512_bf16, amx), it is GruCell's plain step.
  // clang-format on
  template <int CellInputSize, int CellHiddenSize>
  explicit FixedGru(const GruCell<float, CellInputSize, CellHiddenSize>& cell,
                    std::string_view set = kernels::active_name())
      : step_(kernels::fixed_gru_step<InputSize, HiddenSize>(set, cell.reset_gate)) {
    if (cell.input_size() != InputSize || cell.hidden_size() != HiddenSize) {
      char reason[160];
      std::snprintf(reason, sizeof(reason),
                    "a GruCell of %d inputs and %d units given to a FixedGru of %d inputs and %d units",
                    cell.input_size(), cell.hidden_size(), InputSize, HiddenSize);
      internal::raise(Error(reason));
    }
    if (kernels::internal::named_set(set) == nullptr)
      internal::raise(Error(internal::shown_text(set) + " is not a set of kernels that this processor has"));
    if (step_.step == nullptr) {
      plain_.emplace(InputSize, HiddenSize, cell.reset_gate);
      plain_->weight_ih = cell.weight_ih;
      plain_->weight_hh = cell.weight_hh;
      plain_->bias_ih = cell.bias_ih;
      plain_->bias_hh = cell.bias_hh;
    } else {
      packed_.resize(step_.packed_size);
      step_.pack({cell.weight_ih.data(), cell.weight_hh.data(), cell.bias_ih.data(), cell.bias_hh.data()},
                 packed_.data());
    }
  }

  /// The same with the instructions of a set of kernels.
  template <int CellInputSize, int CellHiddenSize>
  FixedGru(const GruCell<float, CellInputSize, CellHiddenSize>& cell, const kernels::Kernels<float>& kernels)
      : FixedGru(cell, std::string_view(kernels.name)) {}

  /// One timestep: replaces the state h by the state after the input x, as GruCell::step() does. x and h must
  /// not overlap and need no alignment. Allocates nothing and takes no lock; several threads may call it at
  /// once with different states.
  void step(std::span<const float, InputSize> x, std::span<float, HiddenSize> h) const noexcept {
    if (!plain_) return step_.step(packed_.data(), x.data(), h.data());
    Eigen::Map<Eigen::Vector<float, HiddenSize>> state(h.data());
    Eigen::Vector<float, HiddenSize> after = state;
    plain_->step(Eigen::Map<const Eigen::Vector<float, InputSize>>(x.data()), after);
    state = after;
  }

 private:
  kernels::FixedGruStep step_;
  AlignedVector<float> packed_;
  std::optional<GruCell<float, InputSize, HiddenSize>> plain_;  // if the implementation has no step
};

}  // namespace gruve::inline v0_2
