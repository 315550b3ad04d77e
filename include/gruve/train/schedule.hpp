#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "gruve/core/portable_math.hpp"

namespace gruve::inline v0_2 {

/// How the learning rate changes from the first step of a training to its last.
enum class Schedule {
  constant,   // the full rate in every step
  cosine,     // from the full rate to zero along half a cosine (Loshchilov and Hutter 2017)
  one_cycle,  // from 1/25 up to the full rate over the first 30 %, then down to 1/250,000 (Smith and Topin
              // 2019), each along half a cosine; the numbers are those of PyTorch's OneCycleLR
};

/// The name of a schedule in files and options: "constant", "cosine" or "one-cycle".
constexpr std::string_view schedule_name(Schedule schedule) noexcept {
  constexpr std::string_view kNames[] = {"constant", "cosine", "one-cycle"};
  return kNames[static_cast<int>(schedule)];
}

/// The schedule with a name; empty if there is none.
constexpr std::optional<Schedule> schedule_from_name(std::string_view name) noexcept {
  for (const Schedule schedule : {Schedule::constant, Schedule::cosine, Schedule::one_cycle})
    if (name == schedule_name(schedule)) return schedule;
  return std::nullopt;
}

/// The factor of the full learning rate.
///
/// progress  the fraction of the training that is done, clamped to 0 to 1
inline double schedule_factor(Schedule schedule, double progress) {
  const auto cosine = [](double from, double to, double at) {
    return to + (from - to) * 0.5 * (1 + internal::portable_cos_pi(at));
  };
  progress = std::clamp(progress, 0.0, 1.0);
  switch (schedule) {
    case Schedule::cosine:
      return cosine(1, 0, progress);
    case Schedule::one_cycle:
      return progress < 0.3 ? cosine(1.0 / 25, 1, progress / 0.3)
                            : cosine(1, 1.0 / 250'000, (progress - 0.3) / 0.7);
    default:
      return 1;
  }
}

}  // namespace gruve::inline v0_2
