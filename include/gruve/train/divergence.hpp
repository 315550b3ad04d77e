#pragma once

#include <algorithm>
#include <cmath>

namespace gruve::inline v0_2 {

/// Decides whether a training has diverged, by its losses. The bound is the loss of uniform guessing, ln V,
/// or that of the first step if that is higher, as it may be of a model that is trained further on other
/// songs. A training has diverged if
///
/// - the loss or the norm of the gradient is not finite, or
/// - the loss of a step is above ten times the bound, or
/// - the losses of twenty steps in succession are above 1.1 times the bound.
class Divergence {
 public:
  /// For a vocabulary of V tokens, before the first step.
  explicit Divergence(int vocab_size) : bound_(std::log(static_cast<double>(vocab_size))) {}

  /// Takes the loss of a step in nats per token, and its gradient's norm. Returns true if the training has
  /// diverged; then what counts are the steps after this one.
  bool add(double loss, double gradient_norm) {
    if (std::isfinite(loss) && std::isfinite(gradient_norm)) {
      if (first_loss_ == 0) first_loss_ = loss;
      steps_above_ = loss > kAbove * bound() ? steps_above_ + 1 : 0;
      if (loss <= kFarAbove * bound() && steps_above_ < kSteps) return false;
    }
    steps_above_ = 0;
    return true;
  }

  /// Whether a model with this loss is no worse than one that has learnt nothing. False for NaN.
  bool is_sane(double loss) const { return loss <= bound(); }

  /// The loss of the first step, 0 before it, and how many of the last steps were above the bound: with these
  /// a training goes on as it would have.
  double first_loss() const noexcept { return first_loss_; }
  int steps_above() const noexcept { return steps_above_; }  ///< likewise
  /// Goes on from these.
  void resume(double first_loss, int steps_above) noexcept {
    first_loss_ = first_loss;
    steps_above_ = steps_above;
  }

  static constexpr int kSteps = 20;  ///< in succession above the bound

 private:
  static constexpr double kAbove = 1.1, kFarAbove = 10;

  double bound() const { return (std::max)(bound_, first_loss_); }

  double bound_;
  double first_loss_ = 0;
  int steps_above_ = 0;
};

}  // namespace gruve::inline v0_2
