#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/render/markup.hpp"

namespace gruve::inline v0_2 {

/// The losses of a training run. Steps ascend; pictures skip losses and steps that are not finite, or so
/// large (10¹⁵) that a double does not count them.
struct TrainingCurve {
  std::vector<double> step;        // of the training losses
  std::vector<double> train_loss;  // nats per token, as many as step
  std::vector<double> valid_step;  // of the validation losses
  std::vector<double> valid_loss;  // nats per token, as many as valid_step
};

namespace internal {

struct CurvePoint {
  double step, loss;
};

/// The points of a curve that can be drawn; if there are more than max_count, means of neighbours.
inline std::vector<CurvePoint> curve_points(std::span<const double> steps, std::span<const double> losses,
                                            std::size_t max_count) {
  std::vector<CurvePoint> finite;
  for (std::size_t i = 0; i < (std::min)(steps.size(), losses.size()); ++i) {
    if (std::abs(steps[i]) <= 1e15 && std::abs(losses[i]) <= 1e15) finite.push_back({steps[i], losses[i]});
  }
  if (finite.size() <= max_count) return finite;
  std::vector<CurvePoint> means;
  for (std::size_t bucket = 0; bucket < max_count; ++bucket) {
    const std::size_t begin = finite.size() * bucket / max_count;
    const std::size_t end = finite.size() * (bucket + 1) / max_count;
    CurvePoint sum{0, 0};
    for (std::size_t i = begin; i < end; ++i) sum = {sum.step + finite[i].step, sum.loss + finite[i].loss};
    const double count = static_cast<double>(end - begin);
    means.push_back({sum.step / count, sum.loss / count});
  }
  return means;
}

/// The least of 1, 2 and 5 times a power of ten that is at least size.
inline double nice_step(double size) {
  const double power = std::pow(10.0, std::floor(std::log10(size)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= size * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace internal

/// Draws the losses over the steps as an SVG element for an HTML page, whose style sheet colours the classes
/// raw, train, valid, grid and axis. Of long runs the single losses are drawn faintly, with their means over
/// 1/120 of the run on top.
inline std::string training_curve_svg(const TrainingCurve& curve) {
  constexpr double kWidth = 820, kHeight = 330, kLeft = 62, kRight = 16, kTop = 12, kBottom = 46;
  const auto raw = internal::curve_points(curve.step, curve.train_loss, 1500);
  const auto train = internal::curve_points(curve.step, curve.train_loss, 120);
  const auto valid = internal::curve_points(curve.valid_step, curve.valid_loss, 1500);

  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double first = kInfinity, last = -kInfinity, low = kInfinity, high = -kInfinity;
  for (const auto* points : {&raw, &valid}) {
    for (const internal::CurvePoint& point : *points) {
      first = (std::min)(first, point.step);
      last = (std::max)(last, point.step);
      low = (std::min)(low, point.loss);
      high = (std::max)(high, point.loss);
    }
  }
  if (!(first <= last)) first = last = low = high = 0;
  if (last - first < 1e-9) last = first + 1;
  if (high - low < 1e-6) high = low + 0.1;
  const double step_x = internal::nice_step((last - first) / 8);
  const double step_y = internal::nice_step((high - low) / 5);
  low = std::floor(low / step_y + 1e-9) * step_y;
  high = std::ceil(high / step_y - 1e-9) * step_y;
  const auto x = [&](double step) {
    return kLeft + (step - first) / (last - first) * (kWidth - kLeft - kRight);
  };
  const auto y = [&](double loss) {
    return kTop + (high - loss) / (high - low) * (kHeight - kTop - kBottom);
  };

  std::string svg = "<svg viewBox=\"0 0 820 330\" role=\"img\" aria-label=\"Loss by training step\">";
  const auto line = [&svg](const char* name, double x1, double y1, double x2, double y2) {
    svg += "<line class=\"" + std::string(name) + "\" x1=\"" + decimal(x1, 1) + "\" y1=\"" + decimal(y1, 1) +
           "\" x2=\"" + decimal(x2, 1) + "\" y2=\"" + decimal(y2, 1) + "\"/>";
  };
  const auto text = [&svg](double at_x, double at_y, const char* anchor, const std::string& words) {
    svg += "<text x=\"" + decimal(at_x, 1) + "\" y=\"" + decimal(at_y, 1) + "\" text-anchor=\"" + anchor +
           "\">" + words + "</text>";
  };
  const int digits = std::clamp(static_cast<int>(-std::floor(std::log10(step_y) + 1e-9)), 0, 6);
  constexpr int kMostLines = 40;  // whatever rounding does to steps that are far apart or near each other
  for (int i = 0; i < kMostLines && low + i * step_y < high + 0.5 * step_y; ++i) {
    const double loss = low + i * step_y;
    line("grid", kLeft, y(loss), kWidth - kRight, y(loss));
    text(kLeft - 8, y(loss) + 4, "end", decimal(loss, digits));
  }
  const double first_tick = std::ceil(first / step_x - 1e-9);
  for (int i = 0; i < kMostLines; ++i) {
    const double at = (first_tick + i) * step_x;
    if (!(at <= last * (1 + 1e-12))) break;
    line("axis", x(at), kHeight - kBottom, x(at), kHeight - kBottom + 5);
    text(x(at), kHeight - kBottom + 19, "middle", decimal(at, 6));
  }
  line("axis", kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom);
  text((kLeft + kWidth - kRight) / 2, kHeight - 6, "middle", "training step");
  svg += "<text transform=\"translate(15 " + decimal((kTop + kHeight - kBottom) / 2, 1) +
         ") rotate(-90)\" text-anchor=\"middle\">loss, nats per token</text>";

  const auto path = [&](const char* name, const std::vector<internal::CurvePoint>& points) {
    if (points.empty()) return;
    svg += "<path class=\"" + std::string(name) + "\" d=\"";
    for (std::size_t i = 0; i < points.size(); ++i) {
      svg += (i == 0 ? "M" : "L") + decimal(x(points[i].step), 1) + " " + decimal(y(points[i].loss), 1);
    }
    svg += "\"/>";
  };
  if (raw.size() > train.size()) path("raw", raw);
  path("train", train);
  path("valid", valid);
  if (valid.size() <= 60) {
    for (const internal::CurvePoint& point : valid) {
      svg += "<circle cx=\"" + decimal(x(point.step), 1) + "\" cy=\"" + decimal(y(point.loss), 1) +
             "\" r=\"3\"/>";
    }
  }
  return svg + "</svg>";
}

}  // namespace gruve::inline v0_2
