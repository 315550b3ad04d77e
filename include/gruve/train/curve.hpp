#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

namespace gruve::inline v0_1 {

/// The learning curve of a training: the validation losses, and the training loss as means over intervals of
/// steps. The interval doubles as the curve grows, so that it has at most 400 points; of 4,096 validations
/// every second one is dropped, the higher of two neighbours, so that the lowest loss always stays.
class Curve {
 public:
  /// Adds the loss of a step, in nats per token. Steps count from 1.
  void add_step(std::uint64_t step, double loss) {
    sum_ += loss;
    if (++count_ < interval_) return;
    steps_.push_back(step);
    losses_.push_back(sum_ / static_cast<double>(count_));
    sum_ = 0;
    count_ = 0;
    if (steps_.size() < kMaxPoints) return;
    for (std::size_t i = 0; i < kMaxPoints / 2; ++i) {
      steps_[i] = steps_[2 * i + 1];
      losses_[i] = (losses_[2 * i] + losses_[2 * i + 1]) / 2;
    }
    steps_.resize(kMaxPoints / 2);
    losses_.resize(kMaxPoints / 2);
    interval_ *= 2;
  }

  /// Adds a validation loss, in nats per token, after a step.
  void add_validation(std::uint64_t step, double loss) {
    valid_steps_.push_back(step);
    valid_losses_.push_back(loss);
    if (valid_steps_.size() < kMaxValidations) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < valid_steps_.size(); i += 2, ++kept) {
      const bool is_last = i + 1 == valid_steps_.size();
      const std::size_t lower = is_last || valid_losses_[i] <= valid_losses_[i + 1] ? i : i + 1;
      valid_steps_[kept] = valid_steps_[lower];
      valid_losses_[kept] = valid_losses_[lower];
    }
    valid_steps_.resize(kept);
    valid_losses_.resize(kept);
  }

  /// Counts the steps so far in others, of which each is `ratio` of one: after a change of the batch size.
  void scale_steps(double ratio) {
    for (auto* steps : {&steps_, &valid_steps_})
      for (std::uint64_t& step : *steps)
        step = static_cast<std::uint64_t>(std::llround(static_cast<double>(step) * ratio));
  }

  /// {"step", "train_loss", "valid_step", "valid_loss"}, lists of numbers, and what is needed to continue.
  nlohmann::json to_json() const {
    return {{"step", steps_},
            {"train_loss", losses_},
            {"valid_step", valid_steps_},
            {"valid_loss", valid_losses_},
            {"interval", interval_},
            {"sum", sum_},
            {"count", count_}};
  }

  /// The curve that to_json() wrote. Throws nlohmann::json::exception on other JSON.
  static Curve from_json(const nlohmann::json& json) {
    Curve curve;
    json.at("step").get_to(curve.steps_);
    json.at("train_loss").get_to(curve.losses_);
    json.at("valid_step").get_to(curve.valid_steps_);
    json.at("valid_loss").get_to(curve.valid_losses_);
    json.at("interval").get_to(curve.interval_);
    json.at("sum").get_to(curve.sum_);
    json.at("count").get_to(curve.count_);
    return curve;
  }

 private:
  static constexpr std::size_t kMaxPoints = 400, kMaxValidations = 4096;

  std::vector<std::uint64_t> steps_;
  std::vector<double> losses_;
  std::vector<std::uint64_t> valid_steps_;
  std::vector<double> valid_losses_;
  std::uint64_t interval_ = 1;
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace gruve::inline v0_1
