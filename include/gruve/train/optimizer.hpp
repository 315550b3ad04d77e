#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/portable_math.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/gru_model.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// How a gradient g changes a parameter p. Equations and defaults are PyTorch's.
struct OptimizerOptions {
  /// The rule of an update. If the weight decay λ is not 0, p ← p − η λ p comes first (Loshchilov and Hutter
  /// 2019).
  enum class Kind {
    sgd,      // v ← momentum v + g;  p ← p − η v
    rmsprop,  // v ← α v + (1 − α) g²;  p ← p − η g / (√v + ε)
    adam,     // m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  p ← p − η m̂ / (√v̂ + ε)
              // (Kingma and Ba 2015)
  };

  Kind kind = Kind::adam;   // the rule
  double momentum = 0.9;    // of sgd; this and the next three at least 0 and below 1
  double alpha = 0.99;      // α of rmsprop
  double beta1 = 0.9;       // β₁ of adam
  double beta2 = 0.999;     // β₂ of adam
  double epsilon = 1e-8;    // ε of rmsprop and adam, at least 0
  double weight_decay = 0;  // λ, decoupled from the gradient
};
// clang-format on

/// The name of a rule in files and options: "sgd", "rmsprop" or "adam".
constexpr std::string_view optimizer_name(OptimizerOptions::Kind kind) noexcept {
  constexpr std::string_view kNames[] = {"sgd", "rmsprop", "adam"};
  return kNames[static_cast<int>(kind)];
}

/// The rule with a name; empty if there is none.
constexpr std::optional<OptimizerOptions::Kind> optimizer_from_name(std::string_view name) noexcept {
  using Kind = OptimizerOptions::Kind;
  for (const Kind kind : {Kind::sgd, Kind::rmsprop, Kind::adam})
    if (name == optimizer_name(kind)) return kind;
  return std::nullopt;
}

/// The parameters of a model as spans, in the order of for_each_parameter.
template <class Scalar>
std::vector<std::span<Scalar>> parameter_spans(GruModel<Scalar>& model) {
  std::vector<std::span<Scalar>> spans;
  model.for_each_parameter([&](const std::string&, Parameter<Scalar>& parameter) {
    spans.emplace_back(parameter.data(), parameter.size());
  });
  return spans;
}

/// Updates a model, or other arrays, with the gradient, and holds the moments of earlier gradients. Only the
/// constructor allocates.
template <class Scalar>
class Optimizer {
 public:
  /// An optimiser before the first update. `model` and `gradient` must have the same configuration and must
  /// outlive it.
  Optimizer(const OptimizerOptions& options, GruModel<Scalar>& model, GruModel<Scalar>& gradient)
      : Optimizer(options, parameter_spans(model), parameter_spans(gradient)) {}

  /// The same for arrays of parameters and of their gradients, of the same sizes.
  Optimizer(const OptimizerOptions& options, const std::vector<std::span<Scalar>>& parameters,
            const std::vector<std::span<Scalar>>& gradients)
      : options_(options) {
    std::size_t offset = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      assert(parameters[i].size() == gradients[i].size());
      for (std::size_t at = 0; at < parameters[i].size(); at += kBlock) {
        const std::size_t size = (std::min)(kBlock, parameters[i].size() - at);
        blocks_.push_back({parameters[i].subspan(at, size), gradients[i].subspan(at, size), offset});
        offset += size;
      }
    }
    first_.resize(options.kind == OptimizerOptions::Kind::rmsprop ? 0 : offset);
    second_.resize(options.kind == OptimizerOptions::Kind::sgd ? 0 : offset);
    squares_.resize(blocks_.size());
  }

  /// The Euclidean norm of the gradient over all parameters, summed in a fixed order.
  double gradient_norm(ThreadPool& threads) {
    threads.for_each(blocks_.size(), [&](std::size_t i) {
      double sum = 0;
      for (const Scalar g : blocks_[i].gradients) sum += static_cast<double>(g) * static_cast<double>(g);
      squares_[i] = sum;
    });
    double sum = 0;
    for (const double square : squares_) sum += square;
    return std::sqrt(sum);
  }

  /// Makes one update with the gradient multiplied by `scale`. The result does not depend on the threads.
  void update(double learning_rate, double scale, ThreadPool& threads) {
    ++step_;
    threads.for_each(blocks_.size(), [&](std::size_t i) { update(blocks_[i], learning_rate, scale); });
  }

  /// The momentum of sgd or the first moment of adam, one number per parameter; empty for rmsprop.
  std::span<Scalar> first() noexcept { return first_; }
  /// The second moment of adam or rmsprop, one number per parameter; empty for sgd.
  std::span<Scalar> second() noexcept { return second_; }
  /// The number of updates made.
  std::uint64_t step() const noexcept { return step_; }
  /// Sets the number of updates made, to resume from a checkpoint.
  void set_step(std::uint64_t step) noexcept { step_ = step; }

 private:
  static constexpr std::size_t kBlock = 16'384;

  struct Block {
    std::span<Scalar> parameters;
    std::span<Scalar> gradients;
    std::size_t offset;  // of its part in first_ and second_
  };

  void update(const Block& block, double learning_rate, double scale) {
    using Kind = OptimizerOptions::Kind;
    const auto as = [](double x) { return static_cast<Scalar>(x); };
    Scalar* const p = block.parameters.data();
    const Scalar* const gradients = block.gradients.data();
    Scalar* const first = first_.data() + (first_.empty() ? 0 : block.offset);
    Scalar* const second = second_.data() + (second_.empty() ? 0 : block.offset);
    const Scalar factor = as(scale), rate = as(learning_rate), epsilon = as(options_.epsilon);
    const std::size_t size = block.parameters.size();
    if (options_.weight_decay > 0) {
      const Scalar kept = as(1 - learning_rate * options_.weight_decay);
      for (std::size_t i = 0; i < size; ++i) p[i] *= kept;
    }
    if (options_.kind == Kind::sgd) {
      const Scalar momentum = as(options_.momentum);
      for (std::size_t i = 0; i < size; ++i) {
        first[i] = momentum * first[i] + factor * gradients[i];
        p[i] -= rate * first[i];
      }
    } else if (options_.kind == Kind::rmsprop) {
      const Scalar alpha = as(options_.alpha), rest = as(1 - options_.alpha);
      for (std::size_t i = 0; i < size; ++i) {
        const Scalar g = factor * gradients[i];
        second[i] = alpha * second[i] + rest * g * g;
        p[i] -= rate * g / (std::sqrt(second[i]) + epsilon);
      }
    } else {
      const Scalar beta1 = as(options_.beta1), rest1 = as(1 - options_.beta1);
      const Scalar beta2 = as(options_.beta2), rest2 = as(1 - options_.beta2);
      const Scalar rate1 = as(learning_rate / (1 - internal::portable_power(options_.beta1, step_)));
      const Scalar root2 = as(1 / std::sqrt(1 - internal::portable_power(options_.beta2, step_)));
      for (std::size_t i = 0; i < size; ++i) {
        const Scalar g = factor * gradients[i];
        first[i] = beta1 * first[i] + rest1 * g;
        second[i] = beta2 * second[i] + rest2 * g * g;
        p[i] -= rate1 * first[i] / (std::sqrt(second[i]) * root2 + epsilon);
      }
    }
  }

  OptimizerOptions options_;
  std::vector<Block> blocks_ = {};
  std::vector<Scalar> first_ = {};
  std::vector<Scalar> second_ = {};
  std::vector<double> squares_ = {};  // Σ g² of each block
  std::uint64_t step_ = 0;
};

}  // namespace gruve::inline v0_2
