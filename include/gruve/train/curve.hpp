#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/once.hpp"

namespace gruve::inline v0_2 {

/// The learning curve of a training: the validation losses, and the training loss as means over intervals of
/// steps. The interval doubles as the curve grows, so that it has at most 400 points; of 4,096 validations
/// every second one is dropped, the higher of two neighbours, so that the lowest loss always stays.
class Curve {
 public:
  /// Adds the loss of a step, in nats per token. Steps count from 1.
  void add_step(std::uint64_t step, double loss);

  /// Adds a validation loss, in nats per token, after a step.
  void add_validation(std::uint64_t step, double loss);

  /// Counts the steps so far in others, of which each is `ratio` of one: after a change of the batch size.
  void scale_steps(double ratio);

  /// The last step that it has a loss of; 0 for none.
  std::uint64_t last_step() const noexcept {
    return (std::max)(steps_.empty() ? 0 : steps_.back(), valid_steps_.empty() ? 0 : valid_steps_.back());
  }

  /// {"step", "train_loss", "valid_step", "valid_loss"}, lists of numbers, and what is needed to continue.
  nlohmann::json to_json() const;

  /// The curve that to_json() wrote. Throws Error, with the name of the file, on other JSON.
  static Curve from_json(const nlohmann::json& json, const std::string& file);

 private:
  template <class T>
  static std::vector<T> numbers(const nlohmann::json& json, const char* key, std::size_t most,
                                const std::string& file);

  static constexpr std::size_t kMaxPoints = 400, kMaxValidations = 4096;

  std::vector<std::uint64_t> steps_ = {};
  std::vector<double> losses_ = {};
  std::vector<std::uint64_t> valid_steps_ = {};
  std::vector<double> valid_losses_ = {};
  std::uint64_t interval_ = 1;
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/train/curve.inc"
#endif
