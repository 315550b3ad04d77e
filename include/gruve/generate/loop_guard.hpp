#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve {

/// Hears when music goes round in circles: one to eight bars that come again and again, token by token.
///
/// Bars that have sounded as often in a row as they may must not come once more. What would be the last bar
/// of that is left at the token at which the model was least certain when it last came: there another way is
/// nearest. Should that token be the only one that can stand there, the next is left, and so on.
class LoopGuard {
 public:
  static constexpr int kLongest = 8;  // bars

  /// max_repeats   how often the same bars may sound in a row; 0 for ever. Error where it is negative.
  /// bar_capacity  tokens; a longer bar counts as unlike any other
  LoopGuard(int max_repeats, std::size_t bar_capacity) : max_repeats_(max_repeats) {
    if (max_repeats < 0)
      throw Error("max-repeats must be 0 (for any number) or a number of times, not " +
                  std::to_string(max_repeats));
    if (any())
      for (Bar& bar : bars_) bar.tokens.resize(bar_capacity);
  }

  bool any() const noexcept { return max_repeats_ > 0; }

  /// Whether a token would go on with a bar that must not come again.
  bool forbids(Token token) const noexcept {
    for (int i = 0; i < num_forbidden_; ++i)
      if (forbidden_[static_cast<std::size_t>(i)] == token) return true;
    return false;
  }

  /// The next token of the bar, and the probability that it had.
  void advance(Token token, float probability) noexcept {
    if (!any()) return;
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
    if (!any()) return;
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
      follows_[static_cast<std::size_t>(p)] = 0 < earlier.size && earlier.size <= earlier.tokens.size();
    }
    find_forbidden();
  }

 private:
  struct Bar {
    std::vector<Token> tokens = {};  // [capacity], of which `size` are used; it is counted on beyond
    std::size_t size = 0;
    std::size_t least_at = 0;  // of the token that had the least probability
    float least = 2;
  };

  const Bar& before(int bars) const noexcept {
    return bars_[(current_ + bars_.size() - static_cast<std::size_t>(bars)) % bars_.size()];
  }

  void find_forbidden() noexcept {
    num_forbidden_ = 0;
    const std::size_t at = bars_[current_].size;
    for (int p = 1; p <= kLongest; ++p) {
      const auto i = static_cast<std::size_t>(p);
      const Bar& earlier = before(p);
      if (follows_[i] && alike_[i] >= static_cast<long>(p) * max_repeats_ - 1 && at >= earlier.least_at &&
          at < earlier.size)
        forbidden_[static_cast<std::size_t>(num_forbidden_++)] = earlier.tokens[at];
    }
  }

  int max_repeats_;
  std::array<Bar, kLongest + 1> bars_;  // the last ones, round and round
  std::size_t current_ = 0;
  std::array<bool, kLongest + 1> follows_{};  // [p]: whether this bar is so far as that p bars earlier
  // [p]: so many bars in a row were each like the one p bars earlier; p bars that sound n times make p (n -
  // 1)
  std::array<long, kLongest + 1> alike_{};
  std::array<Token, kLongest> forbidden_{};
  int num_forbidden_ = 0;
};

}  // namespace gruve
