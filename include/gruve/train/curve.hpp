#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"

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
        step = static_cast<std::uint64_t>(
            std::llround((std::min)(static_cast<double>(step) * ratio, 0x1p53)));  // of a foreign file, any
  }

  /// {"step", "train_loss", "valid_step", "valid_loss"}, lists of numbers, and what is needed to continue.
  nlohmann::json to_json() const {
    return internal::JsonObject<>()
        .add("step", steps_)
        .add("train_loss", losses_)
        .add("valid_step", valid_steps_)
        .add("valid_loss", valid_losses_)
        .add("interval", interval_)
        .add("sum", sum_)
        .add("count", count_)
        .take();
  }

  /// The curve that to_json() wrote. Throws Error, with the name of the file, on other JSON.
  static Curve from_json(const nlohmann::json& json, const std::string& file) {
    Curve curve;
    curve.steps_ = numbers<std::uint64_t>(json, "step", kMaxPoints, file);
    curve.losses_ = numbers<double>(json, "train_loss", kMaxPoints, file);
    curve.valid_steps_ = numbers<std::uint64_t>(json, "valid_step", kMaxValidations, file);
    curve.valid_losses_ = numbers<double>(json, "valid_loss", kMaxValidations, file);
    if (curve.steps_.size() != curve.losses_.size() ||
        curve.valid_steps_.size() != curve.valid_losses_.size() ||
        !std::is_sorted(curve.steps_.begin(), curve.steps_.end()) ||
        !std::is_sorted(curve.valid_steps_.begin(), curve.valid_steps_.end()))
      throw Error(file, "the learning curve is not of steps and as many losses");
    constexpr std::uint64_t kMost = std::uint64_t{1} << 53;  // what JSON's numbers hold
    for (const auto* steps : {&curve.steps_, &curve.valid_steps_})
      if (!steps->empty() && steps->back() > kMost)
        throw Error(file, "the learning curve's steps are not numbers up to " + std::to_string(kMost));
    constexpr double kLargest = (std::numeric_limits<double>::max)();
    const std::string what = "the learning curve";
    curve.interval_ = internal::number_in(json, "interval", std::uint64_t{1}, kMost, file, what);
    curve.sum_ = internal::number_in(json, "sum", -kLargest, kLargest, file, what);
    curve.count_ = internal::number_in(json, "count", std::uint64_t{0}, curve.interval_ - 1, file, what);
    return curve;
  }

 private:
  template <class T>
  static std::vector<T> numbers(const nlohmann::json& json, const char* key, std::size_t most,
                                const std::string& file) {
    const auto is_number = [](const nlohmann::json& value) {
      return std::is_floating_point_v<T> ? value.is_number() : value.is_number_unsigned();
    };
    if (!json.is_object() || !json.contains(key) || !json[key].is_array() || json[key].size() >= most ||
        !std::all_of(json[key].begin(), json[key].end(), is_number))
      throw Error(file, std::string("the learning curve's ") + key + " is not a list of fewer than " +
                            std::to_string(most) + " numbers");
    return json[key].get<std::vector<T>>();
  }

  static constexpr std::size_t kMaxPoints = 400, kMaxValidations = 4096;

  std::vector<std::uint64_t> steps_ = {};
  std::vector<double> losses_ = {};
  std::vector<std::uint64_t> valid_steps_ = {};
  std::vector<double> valid_losses_ = {};
  std::uint64_t interval_ = 1;
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace gruve::inline v0_1
