#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Detects loops: one to eight bars that repeat token by token, and forbids a token that would continue one.
///
/// After bars have sounded max_repeats times in a row, another repeat of them is interrupted in its last bar,
/// at the token to which the model gave the lowest probability the last time: there the model has a likely
/// alternative. If that token is the only grammatical one, the next token of the bar is forbidden instead,
/// and so on.
///
/// It tracks the bars even while max_repeats is 0, so that max_repeats can be set at any time. The
/// constructor allocates all memory; the other functions allocate nothing and don't throw.
class LoopGuard {
 public:
  static constexpr int kLongest = 8;  // bars of the longest loop that is detected

  /// A guard before the first bar. Throws Error if max_repeats is negative.
  ///
  /// max_repeats   how often the same bars may sound in a row; 0 for any number
  /// bar_capacity  tokens; a longer bar is treated as unlike any other. 0 if the encoder has no bars
  /// room          the maximum of bar_capacity in later calls of set(), in tokens; at least bar_capacity
  LoopGuard(int max_repeats, std::size_t bar_capacity, std::size_t room)
      : max_repeats_(max_repeats), capacity_(bar_capacity) {
    if (!is_valid(max_repeats))
      internal::raise(Error("max-repeats must be 0 (for any number) or a number of times, not " +
                            std::to_string(max_repeats)));
    for (Bar& bar : bars_) bar.tokens.resize(room);
  }

  /// A guard whose bar_capacity can't be raised later.
  LoopGuard(int max_repeats, std::size_t bar_capacity) : LoopGuard(max_repeats, bar_capacity, bar_capacity) {}

  /// Whether the constructor accepts max_repeats.
  static bool is_valid(int max_repeats) noexcept { return max_repeats >= 0; }

  /// Sets the options from the next token on. max_repeats must be valid and bar_capacity at most room().
  void set(int max_repeats, std::size_t bar_capacity) noexcept {
    max_repeats_ = max_repeats;
    capacity_ = bar_capacity;
    forget_too_long();
    find_forbidden();
  }

  /// Whether repeats are limited.
  bool any() const noexcept { return max_repeats_ > 0; }
  /// The maximum of bar_capacity, in tokens.
  std::size_t room() const noexcept { return bars_[0].tokens.size(); }

  /// Whether a token would continue a bar that must not be repeated.
  bool forbids(Token token) const noexcept {
    for (int i = 0; i < num_forbidden_; ++i)
      if (forbidden_[static_cast<std::size_t>(i)] == token) return true;
    return false;
  }

  /// Takes the next token of the bar.
  ///
  /// probability  with which the token was drawn; 1 if unknown
  void advance(Token token, float probability) noexcept {
    if (capacity_ == 0) return;
    Bar& bar = bars_[current_];
    for (int p = 1; p <= kLongest; ++p) {
      const Bar& earlier = before(p);
      bool& follows = follows_[static_cast<std::size_t>(p)];
      follows = follows && bar.size < earlier.size && earlier.tokens[bar.size] == token;
    }
    if (probability < bar.least) {
      bar.least = probability;
      bar.least_at = bar.size;
    }
    if (bar.size < bar.tokens.size()) bar.tokens[bar.size] = token;
    ++bar.size;
    find_forbidden();
  }

  /// Ends the bar and begins another.
  void end_bar() noexcept {
    if (capacity_ == 0) return;
    const Bar& bar = bars_[current_];
    for (int p = 1; p <= kLongest; ++p) {
      const auto i = static_cast<std::size_t>(p);
      alike_[i] = follows_[i] && before(p).size == bar.size ? alike_[i] + 1 : 0;
    }
    current_ = (current_ + 1) % bars_.size();
    bars_[current_].size = bars_[current_].least_at = 0;
    bars_[current_].least = 2;
    for (int p = 1; p <= kLongest; ++p) {
      const Bar& earlier = before(p);
      follows_[static_cast<std::size_t>(p)] = 0 < earlier.size && earlier.size <= capacity_;
    }
    find_forbidden();
  }

  /// Writes or reads the last bars.
  void transfer(StateBytes& state) noexcept {
    state.same(static_cast<std::uint64_t>(room()));
    state.value(current_, [&](std::size_t current) { return current < bars_.size(); });
    for (Bar& bar : bars_) {
      const std::size_t size = state.value(bar.size);
      state.value(bar.least_at);
      state.value(bar.least);
      if (state.is_measuring())
        state.add(bar.tokens.size() * sizeof(Token));
      else
        state.values(std::span(bar.tokens).first((std::min)(size, bar.tokens.size())));
    }
    state.values(std::span(follows_));
    state.values(std::span(alike_), [](std::int64_t bars) { return bars >= 0 && bars < kMaxAlike; });
    if (!state.is_reading()) return;
    forget_too_long();
    find_forbidden();
  }

 private:
  static constexpr std::int64_t kMaxAlike = std::int64_t{1} << 48;

  struct Bar {
    std::vector<Token> tokens = {};  // [room], the first `size` of the bar
    std::uint64_t size = 0;          // of the bar in tokens; may exceed room
    std::uint64_t least_at = 0;      // index of the token that had the lowest probability
    float least = 2;                 // that probability; 2 before the first token
  };

  // A bar that is too long is treated as unlike any other.
  void forget_too_long() noexcept {
    for (int p = 1; p <= kLongest; ++p)
      if (before(p).size > capacity_) follows_[static_cast<std::size_t>(p)] = false;
  }

  const Bar& before(int bars) const noexcept {
    return bars_[(current_ + bars_.size() - static_cast<std::size_t>(bars)) % bars_.size()];
  }

  void find_forbidden() noexcept {
    num_forbidden_ = 0;
    if (!any()) return;
    const std::size_t at = bars_[current_].size;
    for (int p = 1; p <= kLongest; ++p) {
      const auto i = static_cast<std::size_t>(p);
      const Bar& earlier = before(p);
      if (follows_[i] && alike_[i] >= std::int64_t{p} * max_repeats_ - 1 && at >= earlier.least_at &&
          at < earlier.size)
        forbidden_[static_cast<std::size_t>(num_forbidden_++)] = earlier.tokens[at];
    }
  }

  int max_repeats_;
  std::size_t capacity_;                     // tokens of the longest bar that can equal another
  std::array<Bar, kLongest + 1> bars_ = {};  // ring buffer of the last bars
  std::uint64_t current_ = 0;
  std::array<bool, kLongest + 1> follows_{};  // [p]: whether this bar so far equals the bar p bars earlier
  // [p]: how many bars in a row equalled the one p bars earlier: p (n − 1) if p bars have sounded n times
  std::array<std::int64_t, kLongest + 1> alike_{};
  std::array<Token, kLongest> forbidden_{};
  int num_forbidden_ = 0;
};

}  // namespace gruve::inline v0_2
