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
#include "gruve/corpus/augment.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/judge/logistic_regression.hpp"
#include "gruve/judge/sequence_classifier.hpp"
#include "gruve/judge/song_windows.hpp"
#include "gruve/measure/measures.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/id_encoder.hpp"

namespace gruve::inline v0_1 {

/// The windows of songs, as the judge sees them.
struct JudgedWindows {
  std::vector<std::vector<Token>> tokens{};  // [W] of each window
  std::vector<Measures> measures{};          // [W]
  std::vector<std::size_t> groups{};         // [W]: the song that a window is of

  std::size_t size() const noexcept { return groups.size(); }  ///< W
};

/// Cuts songs into windows, encodes and measures them.
///
/// groups   a number for each song: windows of one group are never on both sides of a test. An altered song
/// has that
///          of its original
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
    const bool is_right = odds[i] == 0 ? i % 2 == 0 : (odds[i] > 0) == (sides[i] == 1);
    counts[group][sides[i]] += 1;
    counts[group][2 + std::size_t{sides[i]}] += is_right ? 1 : 0;
  }
  const auto accuracy = [](const std::array<double, 4>& sum) {
    return (sum[2] / std::max(1.0, sum[0]) + sum[3] / std::max(1.0, sum[1])) / 2;
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
  TestAccuracy by_tokens{};    // of a GRU on the windows' tokens
  TestAccuracy by_measures{};  // of logistic regression on their measures
  std::size_t windows = 0;     // of both sides together
};

/// Settings of a two-sample test.
struct TwoSampleOptions {
  int folds = 5;   // of the cross-validation, at least 3
  int copies = 4;  // of each window that the GRU is trained on, all but the first transposed
  AugmentOptions augment = {.transpose = 5};  // how
  ClassifierOptions classifier = {};          // of the GRU
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

// [N, kNumMeasures]
inline Eigen::MatrixXd matrix_of(const std::vector<const Measures*>& rows) {
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(kNumMeasures));
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t m = 0; m < kNumMeasures; ++m)
      matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(m)) = rows[i]->values[m];
  return matrix;
}

}  // namespace internal

/// The classifier two-sample test: how well two kinds of music are told apart by classifiers that are trained
/// to, with cross-validation. Each fold of the groups is classified once, by classifiers that were trained on
/// the other folds, of which the GRU takes one to know when to stop. No classifier knows a generator, and
/// none can be tuned to: each is new. Threads take folds. The result is the same for any number of them.
///
/// first, second  the windows of both kinds, of one length or of several, the longest last: the GRU is
/// trained on the longest
///                and reads all, the regression is of each length its own
/// encoder        of the windows' tokens
///
/// Returns the result of each length. Throws Error if a side has fewer groups than folds.
/// Source: Lopez-Paz and Oquab 2017, "Revisiting Classifier Two-Sample Tests", arXiv:1610.06545.
inline std::vector<TwoSample> two_sample_test(std::span<const JudgedWindows> first,
                                              std::span<const JudgedWindows> second,
                                              const AnyEncoder& encoder, const TwoSampleOptions& options,
                                              ThreadPool& threads) {
  const auto num_folds = static_cast<std::size_t>(std::max(3, options.folds));
  // The windows of all lengths and both sides, one after another.
  struct Window {
    const std::vector<Token>* tokens;
    const Measures* measures;
    std::size_t group;
    std::size_t length;
    std::uint8_t side;
  };
  std::vector<Window> windows;
  std::array<std::vector<std::size_t>, 2> groups;  // of each side
  for (std::size_t l = 0; l < first.size(); ++l)
    for (const std::uint8_t side : {std::uint8_t{0}, std::uint8_t{1}}) {
      const JudgedWindows& of = side == 0 ? first[l] : second[l];
      for (std::size_t i = 0; i < of.size(); ++i)
        windows.push_back({&of.tokens[i], &of.measures[i], of.groups[i], l, side});
      if (l + 1 == first.size()) groups[side] = of.groups;
    }
  const std::map<std::size_t, std::size_t> fold_of =
      internal::dealt_folds(groups, num_folds, options.classifier.seed);
  const auto fold_at = [&](const Window& window) {
    const auto found = fold_of.find(window.group);
    return found == fold_of.end() ? num_folds
                                  : found->second;  // a song with no window of the longest is left out
  };
  std::erase_if(windows, [&](const Window& window) { return fold_at(window) == num_folds; });

  std::vector<double> token_odds(windows.size()), measure_odds(windows.size());
  threads.for_each(num_folds, [&](std::size_t fold) {
    std::vector<std::vector<Token>> used;
    std::vector<std::uint8_t> kinds;
    std::vector<Split> parts;
    std::vector<std::size_t> origins;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const std::size_t its = fold_at(windows[i]);
      if (windows[i].length + 1 != first.size() && its != fold) continue;
      const Split part = its == fold                     ? Split::test
                         : its == (fold + 1) % num_folds ? Split::valid
                                                         : Split::train;
      for (int copy = 0; copy < (part == Split::train ? std::max(1, options.copies) : 1); ++copy) {
        used.push_back(*windows[i].tokens);
        if (copy > 0) {
          Rng rng(options.classifier.seed + static_cast<std::uint64_t>(copy), i);
          used.back() = augmented(encoder, used.back(), options.augment, rng);
        }
        kinds.push_back(windows[i].side);
        parts.push_back(part);
        origins.push_back(i);
      }
    }
    const Corpus corpus =
        Corpus::from_songs({.encoder = IdEncoder(encoder.vocab_size())}, used, parts, "the windows");
    ThreadPool alone(1);
    const std::vector<double> odds = classify_sequences(corpus, kinds, options.classifier, alone);
    for (std::size_t k = 0; k < origins.size(); ++k)
      if (parts[k] == Split::test) token_odds[origins[k]] = odds[k];

    for (std::size_t l = 0; l < first.size(); ++l) {
      std::vector<const Measures*> rows;
      std::vector<std::uint8_t> y;
      for (const Window& window : windows)
        if (window.length == l && fold_at(window) != fold) {
          rows.push_back(window.measures);
          y.push_back(window.side);
        }
      const LogisticRegression regression(internal::matrix_of(rows), y);
      for (std::size_t i = 0; i < windows.size(); ++i)
        if (windows[i].length == l && fold_at(windows[i]) == fold)
          measure_odds[i] =
              regression.log_odds(internal::matrix_of(std::vector{windows[i].measures}).row(0).transpose());
    }
  });

  std::vector<TwoSample> results;
  for (std::size_t l = 0; l < first.size(); ++l) {
    std::vector<double> of_tokens, of_measures;
    std::vector<std::uint8_t> of_sides;
    std::vector<std::size_t> of_groups;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      if (windows[i].length != l) continue;
      of_tokens.push_back(token_odds[i]);
      of_measures.push_back(measure_odds[i]);
      of_sides.push_back(windows[i].side);
      of_groups.push_back(windows[i].group);
    }
    results.push_back({test_accuracy(of_tokens, of_sides, of_groups),
                       test_accuracy(of_measures, of_sides, of_groups), of_groups.size()});
  }
  return results;
}

}  // namespace gruve::inline v0_1
