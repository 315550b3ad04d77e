#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/judge/logistic_regression.hpp"
#include "gruve/judge/reader.hpp"
#include "gruve/judge/song_windows.hpp"
#include "gruve/measure/measures.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/tokens/any_encoder.hpp"

namespace gruve::inline v0_2 {

/// The windows of songs, as the judge sees them.
struct JudgedWindows {
  std::vector<std::vector<Token>> tokens{};  // [W] of each window
  std::vector<Measures> measures{};          // [W]
  std::vector<std::size_t> groups{};         // [W]: the song that a window is of

  std::size_t size() const noexcept { return groups.size(); }  ///< W
};

/// Cuts songs into windows, encodes and measures them.
///
/// groups   a number for each song: the windows of a group are all fitted to or all classified. An altered
/// song
///          has that of its original
/// encoder  of music
inline JudgedWindows judged_windows(std::span<const Song> songs, std::span<const std::size_t> groups,
                                    WindowLength length, const AnyEncoder& encoder, ThreadPool& threads) {
  std::vector<JudgedWindows> parts(songs.size());
  threads.for_each(songs.size(), [&](std::size_t i) {
    for (const Song& window : song_windows(songs[i], length)) {
      std::vector<Token> tokens = encoder.encode_song(window);
      if (tokens.size() < 2) continue;
      parts[i].tokens.push_back(std::move(tokens));
      parts[i].measures.push_back(measures(on_grid(window)));
      parts[i].measures.back()[Measure::ends_on_tonic] = std::numeric_limits<double>::quiet_NaN();
      parts[i].groups.push_back(groups[i]);
    }
  });
  JudgedWindows all;
  for (JudgedWindows& part : parts) {
    std::move(part.tokens.begin(), part.tokens.end(), std::back_inserter(all.tokens));
    all.measures.insert(all.measures.end(), part.measures.begin(), part.measures.end());
    all.groups.insert(all.groups.end(), part.groups.begin(), part.groups.end());
  }
  return all;
}

/// At most `count` windows, drawn at random, in their order.
inline JudgedWindows sampled(const JudgedWindows& windows, std::size_t count, std::uint64_t seed) {
  if (windows.size() <= count) return windows;
  Rng rng(seed);
  std::vector<std::size_t> order(windows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i)
    std::swap(order[i], order[i + rng.below(static_cast<std::uint32_t>(order.size() - i))]);
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
  JudgedWindows some;
  for (std::size_t i = 0; i < count; ++i) {
    some.tokens.push_back(windows.tokens[order[i]]);
    some.measures.push_back(windows.measures[order[i]]);
    some.groups.push_back(windows.groups[order[i]]);
  }
  return some;
}

/// The share of windows that a classifier assigns to their side, with its 95 % interval. One half is chance.
struct TestAccuracy {
  double value = 0;  // mean of the shares of both sides
  double low = 0;    // 2.5th percentile over draws of groups
  double high = 0;   // 97.5th
};

/// The accuracy of log odds, above 0 for the second side. The interval is that of 1,000 draws of as many
/// groups, with replacement (Efron 1979): windows of one song are not independent.
///
/// odds    [W]
/// sides   [W], 0 or 1
/// groups  [W]
inline TestAccuracy test_accuracy(std::span<const double> odds, std::span<const std::uint8_t> sides,
                                  std::span<const std::size_t> groups) {
  // Of each group and side the windows, and those that are assigned to it.
  std::vector<std::size_t> names(groups.begin(), groups.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<std::array<double, 4>> counts(names.size());
  for (std::size_t i = 0; i < odds.size(); ++i) {
    const auto group =
        static_cast<std::size_t>(std::lower_bound(names.begin(), names.end(), groups[i]) - names.begin());
    // Even odds are right every other time.
    const bool is_right = odds[i] == 0 ? i % 2 == 0 : (odds[i] > 0) == (sides[i] == 1);
    counts[group][sides[i]] += 1;
    counts[group][2 + std::size_t{sides[i]}] += is_right ? 1 : 0;
  }
  const auto accuracy = [](const std::array<double, 4>& sum) {
    return (sum[2] / (std::max)(1.0, sum[0]) + sum[3] / (std::max)(1.0, sum[1])) / 2;
  };
  const auto add = [](std::array<double, 4>& sum, const std::array<double, 4>& other) {
    for (std::size_t k = 0; k < 4; ++k) sum[k] += other[k];
  };
  std::array<double, 4> all{};
  for (const auto& each : counts) add(all, each);
  constexpr std::size_t kDraws = 1000;
  Rng rng(1);
  std::vector<double> draws;
  for (std::size_t d = 0; d < kDraws; ++d) {
    std::array<double, 4> sum{};
    for (std::size_t i = 0; i < counts.size(); ++i)
      add(sum, counts[rng.below(static_cast<std::uint32_t>(counts.size()))]);
    draws.push_back(accuracy(sum));
  }
  return {accuracy(all), percentile(draws, 0.025), percentile(draws, 0.975)};
}

/// What a two-sample test found.
struct TwoSample {
  TestAccuracy by_tokens{};    // by what a reader makes of the windows' tokens
  TestAccuracy by_measures{};  // by the windows' measures
  std::size_t windows = 0;     // of both sides together
};

/// Settings of a two-sample test.
struct TwoSampleOptions {
  int folds = 5;           // of the cross-validation, at least 3
  double lambda = 1;       // of the regressions: see LogisticRegression
  std::uint64_t seed = 1;  // of the folds
};

namespace internal {

// The fold of each group: the groups in random order, dealt in turn, first those of both sides, then those of
// one.
inline std::map<std::size_t, std::size_t> dealt_folds(std::array<std::vector<std::size_t>, 2> sides,
                                                      std::size_t num_folds, std::uint64_t seed) {
  for (auto& side : sides) {
    std::sort(side.begin(), side.end());
    side.erase(std::unique(side.begin(), side.end()), side.end());
    if (side.size() < num_folds)
      throw Error("the judge needs windows of " + std::to_string(num_folds) +
                  " songs and more of each kind, not of " + std::to_string(side.size()));
  }
  std::array<std::vector<std::size_t>, 3> parts;  // of both, of the first only, of the second only
  std::set_intersection(sides[0].begin(), sides[0].end(), sides[1].begin(), sides[1].end(),
                        std::back_inserter(parts[0]));
  std::set_difference(sides[0].begin(), sides[0].end(), sides[1].begin(), sides[1].end(),
                      std::back_inserter(parts[1]));
  std::set_difference(sides[1].begin(), sides[1].end(), sides[0].begin(), sides[0].end(),
                      std::back_inserter(parts[2]));
  std::map<std::size_t, std::size_t> folds;
  Rng rng(seed);
  for (auto& part : parts) {
    for (std::size_t i = part.size(); i > 1; --i)
      std::swap(part[i - 1], part[rng.below(static_cast<std::uint32_t>(i))]);
    for (std::size_t i = 0; i < part.size(); ++i) folds[part[i]] = i % num_folds;
  }
  return folds;
}

}  // namespace internal

/// The classifier two-sample test: how well two kinds of music are distinguished by classifiers that are
/// fitted to it, with cross-validation. Each fold of the groups is classified by classifiers that were fitted
/// to the other folds: logistic regressions on what a language model of its own makes of the tokens (its
/// states, and how surprised it is), and on the measures. No classifier knows a generator, and none can be
/// tuned to: each is new. The result has the same bits for any number of threads.
///
/// reader  a language model of the windows' tokens, of music that is on neither side: see train_reader()
///
/// Throws Error if a side has windows of fewer groups than folds.
/// Source: Lopez-Paz and Oquab 2017, "Revisiting Classifier Two-Sample Tests", arXiv:1610.06545.
inline TwoSample two_sample_test(const JudgedWindows& first, const JudgedWindows& second,
                                 const GruModel<float>& reader, const TwoSampleOptions& options,
                                 ThreadPool& threads) {
  const auto num_folds = static_cast<std::size_t>((std::max)(3, options.folds));
  const std::map<std::size_t, std::size_t> fold_of =
      internal::dealt_folds({first.groups, second.groups}, num_folds, options.seed);
  std::vector<std::size_t> groups = first.groups;
  groups.insert(groups.end(), second.groups.begin(), second.groups.end());
  std::vector<std::uint8_t> sides(first.size(), 0);
  sides.resize(groups.size(), 1);
  const auto N = static_cast<Eigen::Index>(groups.size());

  // Of each window, what the regressions see.
  std::array<Eigen::MatrixXd, 2> values;
  const Eigen::MatrixXd read = read_sequences(first.tokens, reader, threads);
  values[0].resize(N, read.cols());
  values[0] << read, read_sequences(second.tokens, reader, threads);
  values[1].resize(N, static_cast<Eigen::Index>(kNumMeasures));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Measures& of = i < first.size() ? first.measures[i] : second.measures[i - first.size()];
    for (std::size_t m = 0; m < kNumMeasures; ++m)
      values[1](static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(m)) = of.values[m];
  }

  std::array<std::vector<double>, 2> odds{std::vector<double>(groups.size()),
                                          std::vector<double>(groups.size())};
  threads.for_each(2 * num_folds, [&](std::size_t task) {
    const Eigen::MatrixXd& of = values[task % 2];
    const std::size_t fold = task / 2;
    std::vector<Eigen::Index> rest;
    std::vector<std::uint8_t> y;
    for (std::size_t i = 0; i < groups.size(); ++i)
      if (fold_of.at(groups[i]) != fold) {
        rest.push_back(static_cast<Eigen::Index>(i));
        y.push_back(sides[i]);
      }
    const LogisticRegression regression(of(rest, Eigen::all), y, options.lambda);
    for (std::size_t i = 0; i < groups.size(); ++i)
      if (fold_of.at(groups[i]) == fold)
        odds[task % 2][i] = regression.log_odds(of.row(static_cast<Eigen::Index>(i)).transpose());
  });
  return {test_accuracy(odds[0], sides, groups), test_accuracy(odds[1], sides, groups), groups.size()};
}

}  // namespace gruve::inline v0_2
