#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/key_set.hpp"
#include "gruve/tokens/repeat_finder.hpp"
#include "gruve/tokens/token_encoder.hpp"
#include "gruve/tokens/voice_repeats.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// The features of a model of the timestep format, in addition to the last token.
enum class TimestepFeature : unsigned {
  index,      // number of keys in the timestep so far
  held,       // the highest key of the previous timestep below the last token, and the number of timesteps
              // for which it has sounded
  intervals,  // intervals from the key of `held` (from the last token if there is none) to the keys of the
              // previous timestep, and to those of this timestep so far
  bar,        // position of the timestep in the bar
  repeat,     // the keys that come next if the music continues to repeat itself, and the length of the repeat
  outer,      // the same for the highest and the lowest voice alone, in any transposition
  relative,   // adds terms to the logits: by each key's interval from the last token and from `held`, and by
              // whether the key is in the previous timestep or is expected by `repeat` or `outer`. So what is
              // learnt about an interval applies to all keys (after Johnson 2017), and keys can be copied
};
// clang-format on

/// The names of the features in descriptions, in the order of TimestepFeature.
inline constexpr std::array<std::string_view, 7> kTimestepFeatures = {"index",  "held",  "intervals", "bar",
                                                                      "repeat", "outer", "relative"};

/// The set of features of a model of the timestep format.
class TimestepFeatureOptions {
 public:
  static constexpr int kMaxBarSteps = 1 << 12;  // the longest bar in timesteps

  /// No features.
  TimestepFeatureOptions() = default;

  /// Reads a description: names of kTimestepFeatures, separated by commas, in any order; "bar=N" for bars of
  /// N timesteps, 1 to kMaxBarSteps ("bar" alone: 16). Throws Error on any other text.
  explicit TimestepFeatureOptions(std::string_view description);

  /// The canonical description of these options.
  std::string description() const;

  /// Whether a feature is in the set.
  bool has(TimestepFeature part) const noexcept { return (parts_ >> static_cast<unsigned>(part) & 1) != 0; }

  /// Timesteps of a bar.
  int bar_steps() const noexcept { return bar_steps_; }

  /// The numbers of rows of these features.
  FeatureShape shape() const noexcept { return {num_inputs(), num_relative()}; }

  static constexpr int kIndices = 16;   // 0 to 14, and one for all larger
  static constexpr int kAges = 97;      // 0 to 95 timesteps, and one for all longer
  static constexpr int kLongest = 48;   // 1 to 47 semitones below the last token, and one for more
  static constexpr int kFarthest = 24;  // semitones above or below the held key; more are clamped
  static constexpr int kIntervals = 2 * kFarthest + 1;  // intervals from −kFarthest to kFarthest
  static constexpr int kLastRows = kLongest + 2;        // and: no last token; the end of the timestep
  static constexpr int kHeldRows = kIntervals + 3;  // and: no held key; the end with and without a held key
  static constexpr int kCopyRows = 4;               // two for keys, two for the end of the timestep
  /// Lengths of a repeat: none; from 1, 2, 3, 5, 9 and 17 changes; one that breaks off in this timestep.
  static constexpr int kRepeats = 8;
  static constexpr int kRepeatRows = 4 * kRepeats;  // for keys and for the end, each expected or not
  /// For keys above the expected one, equal to it and below it: at the beginning of a timestep by the highest
  /// voice, later by the lowest. For the end: at the beginning of a timestep; while the lowest voice is above
  /// its expected key; otherwise.
  static constexpr int kOuterRows = 9 * kRepeats;

  friend bool operator==(const TimestepFeatureOptions&, const TimestepFeatureOptions&) = default;

 private:
  static int bar_steps_of(std::string_view digits);

  int num_inputs() const noexcept {
    int rows = 0;
    if (has(TimestepFeature::index)) rows += kIndices;
    if (has(TimestepFeature::held)) rows += kNumKeys + 1 + kAges;
    if (has(TimestepFeature::intervals)) rows += 2 * kIntervals;
    if (has(TimestepFeature::bar)) rows += bar_steps_;
    if (has(TimestepFeature::repeat)) rows += kNumKeys + kRepeats;
    if (has(TimestepFeature::outer)) rows += 2 * (kNumKeys + kRepeats);
    return rows;
  }
  int num_relative() const noexcept {
    if (!has(TimestepFeature::relative)) return 0;
    return kLastRows + kHeldRows + kCopyRows + (has(TimestepFeature::repeat) ? kRepeatRows : 0) +
           (has(TimestepFeature::outer) ? kOuterRows : 0);
  }

  unsigned parts_ = 0;  // a bit for each feature
  int bar_steps_ = 16;
};

/// Tracks the features of a sequence of the timestep format. Only the constructor and copying allocate. Cost
/// of advance(): O(keys), and the search for repeats.
class TimestepFeatures {
 public:
  /// The state before the first token. Throws Error as TimestepFeatureOptions does.
  explicit TimestepFeatures(const std::string& description);

  /// The numbers of rows of the features of a description.
  static FeatureShape shape(const std::string& description) {
    return TimestepFeatureOptions(description).shape();
  }
  /// The canonical form of a description.
  static std::string canonical(const std::string& description) {
    return TimestepFeatureOptions(description).description();
  }

  /// Restores the state before the first token.
  void reset() noexcept;

  /// Takes the next token.
  void advance(Token token) noexcept;

  /// The features of the last token; valid until the next call of advance() or reset().
  FeatureRows rows() const noexcept {
    return {std::span(inputs_).first(num_inputs_), std::span(outputs_).first(num_outputs_)};
  }

  /// Writes or reads the state; reading needs an object of the same options.
  void transfer(StateBytes& state) noexcept;

 private:
  static constexpr int kEnd = kNumKeys;
  static constexpr std::size_t kMaxTerms = 5;  // rows that are added to a token's logit

  void describe() noexcept;

  static int interval(int key, int from) noexcept {
    return std::clamp(key - from, -TimestepFeatureOptions::kFarthest, TimestepFeatureOptions::kFarthest) +
           TimestepFeatureOptions::kFarthest;
  }

  struct Repeat {
    KeySet expected = {};
    int repeated = 0;  // 0 to kRepeats − 1
  };

  // The keys that a repeat expects in this timestep, and the length of the repeat.
  Repeat repeat() const noexcept {
    if (!repeats_ || repeats_->length() == 0) return {};
    const KeySet& expected = repeats_->expected();
    if (expected.not_below(last_) != now_) return {.repeated = TimestepFeatureOptions::kRepeats - 1};
    return {expected, bucket(repeats_->length())};
  }

  struct Voice {
    int expected = -1;  // the expected key that has not come yet, or −1
    int repeated = 0;   // 0 to kRepeats − 1
  };

  // The key that a repeat of the highest (0) or the lowest (1) voice expects in this timestep, and the length
  // of the repeat.
  Voice voice(std::size_t which) const noexcept {
    if (!outer_ || (*outer_)[which].length() == 0) return {};
    const int expected = (*outer_)[which].expected(), repeated = bucket((*outer_)[which].length());
    const int sounds = which == 0 ? now_.below(kNumKeys) : last_ == kEnd ? -1 : last_;
    if (sounds == expected) return {.repeated = repeated};
    if (sounds < 0 || (which == 1 && sounds > expected)) return {expected, repeated};
    return {.repeated = TimestepFeatureOptions::kRepeats - 1};
  }

  // The class of a number of repeated changes: from 1, 2, 3, 5, 9 and 17.
  static int bucket(std::size_t changes) noexcept {
    // C++20's first text has bit_width return the type that it is given.
    const int bucket = changes == 1 ? 1 : static_cast<int>(std::bit_width(changes - 1)) + 1;
    return (std::min)(bucket, TimestepFeatureOptions::kRepeats - 2);
  }

  TimestepFeatureOptions options_;
  std::uint64_t step_ = 0;
  int index_ = 0;
  int last_ = kNumKeys;  // the last key of this timestep; kNumKeys at its beginning, above all keys
  KeySet now_ = {}, before_ = {};
  std::array<std::uint8_t, kNumKeys> ages_{};  // timesteps that each key of the timestep before has sounded
  std::optional<RepeatFinder<KeySet>> repeats_ = {};
  std::optional<std::array<VoiceRepeats, 2>> outer_ = {};  // the highest, the lowest
  std::size_t num_inputs_ = 0;                             // number of inputs_ in use
  std::vector<std::uint16_t> inputs_;
  std::size_t num_outputs_ = 0;  // number of outputs_ in use
  std::vector<OutputFeature> outputs_;
};

static_assert(FeatureSource<TimestepFeatures>);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/tokens/timestep_features.inc"
#endif
