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

namespace gruve::inline v0_1 {

/// Detects music that goes round in circles: one to eight bars that come again and again, token by token.
///
/// Bars that have sounded as often in a row as they may must not come once more. What would be the last bar
/// of that is left at the token at which the model was least certain when it last came: there the model has a
/// likely alternative. Should that token be the only one that is possible there, the next is left, and so on.
///
/// It follows the bars whether they may repeat or not, so that max_repeats can be set at any time. All memory
/// is allocated by the constructor; the other functions allocate nothing and don't throw.
class LoopGuard {
 public:
  static constexpr int kLongest = 8;  // bars

  /// max_repeats   how often the same bars may sound in a row; 0 for ever. Error where it is negative.
  /// bar_capacity  tokens; a longer bar counts as unlike any other. 0 where there are no bars.
  /// room          tokens that a later bar_capacity may have at most; at least bar_capacity
  LoopGuard(int max_repeats, std::size_t bar_capacity, std::size_t room)
      : max_repeats_(max_repeats), capacity_(bar_capacity) {
    if (!is_valid(max_repeats))
      throw Error("max-repeats must be 0 (for any number) or a number of times, not " +
                  std::to_string(max_repeats));
    for (Bar& bar : bars_) bar.tokens.resize(room);
  }

  LoopGuard(int max_repeats, std::size_t bar_capacity) : LoopGuard(max_repeats, bar_capacity, bar_capacity) {}

  static bool is_valid(int max_repeats) noexcept { return max_repeats >= 0; }

  /// From the next token on. max_repeats must be valid and bar_capacity within the room.
  void set(int max_repeats, std::size_t bar_capacity) noexcept {
    max_repeats_ = max_repeats;
    capacity_ = bar_capacity;
    forget_too_long();
    find_forbidden();
  }

  bool any() const noexcept { return max_repeats_ > 0; }
  std::size_t room() const noexcept { return bars_[0].tokens.size(); }

  /// Whether a token would go on with a bar that must not come again.
  bool forbids(Token token) const noexcept {
    for (int i = 0; i < num_forbidden_; ++i)
      if (forbidden_[static_cast<std::size_t>(i)] == token) return true;
    return false;
  }

  /// The next token of the bar, and the probability that it had, 1 where that is unknown.
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

  /// The bar is complete, and another begins.
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
        state.values(std::span(bar.tokens).first(std::min(size, bar.tokens.size())));
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
    std::vector<Token> tokens = {};  // [room], of which `size` are used; it is counted on beyond
    std::uint64_t size = 0;
    std::uint64_t least_at = 0;  // of the token that had the least probability
    float least = 2;
  };

  // A bar that is too long is unlike any other.
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
  std::size_t capacity_;                // tokens of a bar that can be like another
  std::array<Bar, kLongest + 1> bars_;  // the last ones, a ring
  std::uint64_t current_ = 0;
  std::array<bool, kLongest + 1> follows_{};  // [p]: whether this bar is so far as that p bars earlier
  // [p]: how many bars in a row were each like the one p bars earlier: p (n - 1) of p bars that sound n times
  std::array<std::int64_t, kLongest + 1> alike_{};
  std::array<Token, kLongest> forbidden_{};
  int num_forbidden_ = 0;
};

}  // namespace gruve::inline v0_1
