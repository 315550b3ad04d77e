#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

/// What a model of the timestep format can be told beside the last token. All of it is a function of the
/// tokens before, so that it costs no likelihood.
enum class ContextPart : unsigned {
  index,      // how many keys stand in the timestep so far
  previous,   // the keys of the timestep before
  held,       // the next of those below the last token, and for how many timesteps it has sounded
  intervals,  // how far from a key the keys of the timestep before, and those of this one so far, are: from
              // the key of `held`, or from the last token where there is none
  bar,       // the timestep's place in the bar
  lookback,  // the keys of the same timestep one and two bars ago
  relative,  // makes the output layer's logits depend on each key's distance to the last token and to `held`,
             // and on whether it stands in the timestep before, or one and two bars ago: what is learnt about
             // an interval holds for all keys (after Johnson 2017), and a key can be copied
};

inline constexpr std::array<std::string_view, 7> kContextParts = {"index", "previous", "held",    "intervals",
                                                                  "bar",   "lookback", "relative"};

/// Empty where no part has that name.
constexpr std::optional<ContextPart> context_part_from_name(std::string_view name) noexcept {
  for (unsigned part = 0; part < kContextParts.size(); ++part)
    if (name == kContextParts[part]) return static_cast<ContextPart>(part);
  return std::nullopt;
}

/// Which parts of its context a model is told, none at first.
struct ContextOptions {
  static constexpr int kMaxBarSteps = 1 << 12;

  unsigned parts = 0;  // a bit each
  int bar_steps = 16;  // timesteps of a bar, for `bar` and `lookback`; 1 to kMaxBarSteps

  bool any() const noexcept { return parts != 0; }
  bool has(ContextPart part) const noexcept { return (parts >> static_cast<unsigned>(part) & 1) != 0; }
  void add(ContextPart part) noexcept { parts |= 1u << static_cast<unsigned>(part); }

  /// C: rows of the embedding behind those of the tokens.
  int num_inputs() const noexcept {
    int rows = 0;
    if (has(ContextPart::index)) rows += kIndices;
    if (has(ContextPart::previous)) rows += kNumKeys;
    if (has(ContextPart::held)) rows += kNumKeys + 1 + kAges;
    if (has(ContextPart::intervals)) rows += 2 * kIntervals;
    if (has(ContextPart::bar)) rows += bar_steps;
    if (has(ContextPart::lookback)) rows += 2 * kNumKeys;
    return rows;
  }
  /// R: rows of the output layer behind those of the tokens.
  int num_relative() const noexcept {
    return has(ContextPart::relative) ? kLastRows + kHeldRows + kCopyRows : 0;
  }

  static constexpr int kIndices = 16;   // 0 to 14, and all beyond
  static constexpr int kAges = 97;      // 0 to 95 timesteps, and all beyond
  static constexpr int kLongest = 48;   // semitones below the last token, and all beyond
  static constexpr int kFarthest = 24;  // semitones above or below the held key, and all beyond
  static constexpr int kIntervals = 2 * kFarthest + 1;
  static constexpr int kLastRows = kLongest + 2;    // …, no last token, the end of the timestep
  static constexpr int kHeldRows = kIntervals + 3;  // …, none held, the end while one is held, or none is
  static constexpr int kCopyRows = 16;              // eight of a key, eight of the end of the timestep

  friend bool operator==(const ContextOptions&, const ContextOptions&) = default;
};

/// What stands for a context at one token: rows that are added up.
struct ContextRows {
  /// Of the embedding, counted from behind those of the tokens.
  std::span<const std::uint16_t> inputs;
  /// For each token [V], three of the output layer, counted from behind those of the tokens: their logits are
  /// added to the token's own. Empty without ContextPart::relative.
  std::span<const std::array<std::uint16_t, 3>> relative;
};

/// The context of a sequence of the timestep format as it goes on. Only the constructor allocates.
class TimestepContext {
 public:
  explicit TimestepContext(const ContextOptions& options)
      : options_(options),
        inputs_(5 * std::size_t{kNumKeys} + 4),
        relative_(options.has(ContextPart::relative) ? kNumKeys + 1 : 0) {
    if (options.has(ContextPart::lookback)) played_.resize(2 * static_cast<std::size_t>(options.bar_steps));
    reset();
  }

  /// To where no token has been.
  void reset() noexcept {
    step_ = 0;
    index_ = 0;
    last_ = kNumKeys;
    now_ = before_ = {};
    ages_.fill(0);
    std::fill(played_.begin(), played_.end(), KeySet{});
    describe();
  }

  void advance(Token token) noexcept {
    if (token < kNumKeys) {
      now_.insert(token);
      last_ = token;
      ++index_;
    } else {
      for (std::size_t key = 0; key < kNumKeys; ++key)
        ages_[key] = static_cast<std::uint8_t>(
            now_.contains(static_cast<int>(key)) ? std::min(ages_[key] + 1, ContextOptions::kAges - 1) : 0);
      if (!played_.empty()) played_[step_ % played_.size()] = now_;
      before_ = now_;
      now_ = {};
      last_ = kNumKeys;
      index_ = 0;
      ++step_;
    }
    describe();
  }

  /// They stand until the next call of advance() or reset().
  ContextRows rows() const noexcept { return {std::span(inputs_).first(num_inputs_), relative_}; }

 private:
  struct KeySet {
    std::array<std::uint64_t, 2> bits{};

    void insert(int key) noexcept {
      bits[static_cast<std::size_t>(key) / 64] |= std::uint64_t{1} << key % 64;
    }
    bool contains(int key) const noexcept {
      return (bits[static_cast<std::size_t>(key) / 64] >> key % 64 & 1) != 0;
    }
    template <class Visit>
    void for_each(Visit&& visit) const noexcept {
      for (std::size_t word = 0; word < 2; ++word)
        for (std::uint64_t rest = bits[word]; rest != 0; rest &= rest - 1)
          visit(static_cast<int>(64 * word) + std::countr_zero(rest));
    }
    /// The highest key below another, or -1.
    int below(int key) const noexcept {
      for (std::size_t word = 2; word-- > 0;) {
        const int bit = key - static_cast<int>(64 * word);
        if (bit <= 0) continue;
        const std::uint64_t rest = bit >= 64 ? bits[word] : bits[word] & ((std::uint64_t{1} << bit) - 1);
        if (rest != 0) return static_cast<int>(64 * word) + 63 - std::countl_zero(rest);
      }
      return -1;
    }
  };

  static constexpr int kEnd = kNumKeys;

  void describe() noexcept {
    using Options = ContextOptions;
    const KeySet one_bar = bars_ago(1), two_bars = bars_ago(2);
    const int held = before_.below(last_);
    num_inputs_ = 0;
    int row = 0;
    const auto add = [&](int at) { inputs_[num_inputs_++] = static_cast<std::uint16_t>(row + at); };
    if (options_.has(ContextPart::index)) {
      add(std::min(index_, Options::kIndices - 1));
      row += Options::kIndices;
    }
    if (options_.has(ContextPart::previous)) {
      before_.for_each(add);
      row += kNumKeys;
    }
    if (options_.has(ContextPart::held)) {
      add(held < 0 ? kNumKeys : held);
      row += kNumKeys + 1;
      add(held < 0 ? 0 : ages_[static_cast<std::size_t>(held)]);
      row += Options::kAges;
    }
    if (options_.has(ContextPart::intervals)) {
      const int from = held < 0 ? last_ : held;
      const auto add_interval = [&](int key) { add(interval(key, from)); };
      if (from != kEnd) before_.for_each(add_interval);
      row += Options::kIntervals;
      if (from != kEnd) now_.for_each(add_interval);
      row += Options::kIntervals;
    }
    if (options_.has(ContextPart::bar)) {
      add(static_cast<int>(step_ % static_cast<std::size_t>(options_.bar_steps)));
      row += options_.bar_steps;
    }
    if (options_.has(ContextPart::lookback)) {
      one_bar.for_each(add);
      row += kNumKeys;
      two_bars.for_each(add);
    }
    if (relative_.empty()) return;

    const auto copies = [&](bool was_before, bool was_one_bar_ago, bool was_two_bars_ago) {
      return (was_before ? 1 : 0) + (was_one_bar_ago ? 2 : 0) + (was_two_bars_ago ? 4 : 0);
    };
    const auto set = [&](int token, int from_last, int from_held, int copied) {
      relative_[static_cast<std::size_t>(token)] = {
          static_cast<std::uint16_t>(from_last), static_cast<std::uint16_t>(Options::kLastRows + from_held),
          static_cast<std::uint16_t>(Options::kLastRows + Options::kHeldRows + copied)};
    };
    for (int key = 0; key < kNumKeys; ++key) {
      const int from_last =
          last_ == kEnd ? Options::kLongest : std::clamp(last_ - key, 1, Options::kLongest) - 1;
      const int from_held = held < 0 ? Options::kIntervals : interval(key, held);
      set(key, from_last, from_held,
          copies(before_.contains(key), one_bar.contains(key), two_bars.contains(key)));
    }
    set(kEnd, Options::kLongest + 1, Options::kIntervals + (held < 0 ? 2 : 1),
        8 + copies(held < 0, one_bar.below(last_) < 0, two_bars.below(last_) < 0));
  }

  static int interval(int key, int from) noexcept {
    return std::clamp(key - from, -ContextOptions::kFarthest, ContextOptions::kFarthest) +
           ContextOptions::kFarthest;
  }

  // The keys of the timestep so many bars before this one; none before the beginning.
  KeySet bars_ago(std::size_t bars) const noexcept {
    const std::size_t back = bars * static_cast<std::size_t>(options_.bar_steps);
    return played_.empty() || step_ < back ? KeySet{} : played_[(step_ - back) % played_.size()];
  }

  ContextOptions options_;
  std::size_t step_ = 0;
  int index_ = 0;
  int last_ = kNumKeys;  // the last key of this timestep; kNumKeys at its beginning, above all keys
  KeySet now_, before_;
  std::array<std::uint8_t, kNumKeys> ages_{};  // timesteps that each key of the timestep before has sounded
  std::vector<KeySet> played_;                 // the last two bars, round and round
  std::size_t num_inputs_ = 0;                 // of inputs_ that count
  std::vector<std::uint16_t> inputs_;
  std::vector<std::array<std::uint16_t, 3>> relative_;
};

/// Of formats that have no context yet.
class NoContext {
 public:
  explicit NoContext(const ContextOptions&) {}
  void reset() noexcept {}
  void advance(Token) noexcept {}
  ContextRows rows() const noexcept { return {}; }
};

namespace internal {
template <class Encoder>
struct ContextOf {
  using type = NoContext;
};
template <>
struct ContextOf<TimestepEncoder> {
  using type = TimestepContext;
};
}  // namespace internal

/// The context of sequences of an encoder.
template <TokenEncoder Encoder>
using Context = typename internal::ContextOf<Encoder>::type;

}  // namespace gruve
