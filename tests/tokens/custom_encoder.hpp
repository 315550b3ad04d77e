// An encoder of a program's own, for tests: readings of a sensor in levels, of which the next is at most
// kMaxStep away.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/tokens/features.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::tests {

class SensorEncoder {
 public:
  using Source = std::vector<double>;  // readings, 0 to 1
  struct State {
    int level;
  };

  /// Whether the last level went up, went down or stayed, and how far it was from the middle.
  class FeatureState {
   public:
    explicit FeatureState(const std::string& description) {
      if (!description.empty() && description != "slope")
        throw Error("a sensor has no feature \"" + description + "\"");
    }
    static FeatureShape shape(const std::string& description) {
      const FeatureState checked(description);
      return description.empty() ? FeatureShape{} : FeatureShape{.inputs = 3};
    }
    void reset() noexcept { *this = FeatureState(""); }
    void advance(Token token) noexcept {
      row_[0] = static_cast<std::uint16_t>(last_ < 0 || token == last_ ? 0 : token > last_ ? 1 : 2);
      last_ = token;
    }
    FeatureRows rows() const noexcept { return {row_, {}}; }

   private:
    int last_ = -1;
    std::array<std::uint16_t, 1> row_ = {};
  };

  static constexpr std::string_view kType = "sensor";
  static constexpr int kMaxStep = 8;

  explicit SensorEncoder(int levels = 300) : levels_(levels) {}

  int vocab_size() const noexcept { return levels_; }
  Token start_token() const noexcept { return static_cast<Token>(levels_ / 2); }
  State start() const noexcept { return {levels_ / 2}; }
  State advance(State, Token token) const noexcept { return {token}; }
  bool allowed(State state, Token token) const noexcept {
    return token < levels_ && std::abs(int{token} - state.level) <= kMaxStep;
  }
  bool at_boundary(State) const noexcept { return true; }

  std::vector<Token> encode(const std::vector<double>& readings) const {
    std::vector<Token> tokens;
    int level = start().level;
    for (const double reading : readings) {
      const int wanted = static_cast<int>(std::lround(reading * (levels_ - 1)));
      level = std::clamp(wanted, std::max(0, level - kMaxStep), std::min(levels_ - 1, level + kMaxStep));
      tokens.push_back(static_cast<Token>(level));
    }
    return tokens;
  }
  std::vector<double> decode(std::span<const Token> tokens) const {
    std::vector<double> readings;
    for (const Token token : tokens) readings.push_back(static_cast<double>(token) / (levels_ - 1));
    return readings;
  }

  std::string settings() const { return std::to_string(levels_); }
  static SensorEncoder from_settings(std::string_view settings) {
    const int levels = std::atoi(std::string(settings).c_str());
    if (levels < 2) throw Error("levels of a sensor are at least 2, not \"" + std::string(settings) + "\"");
    return SensorEncoder(levels);
  }

 private:
  int levels_;
};

static_assert(StoredEncoder<SensorEncoder> && FeatureSource<SensorEncoder::FeatureState>);

/// Readings that rise and fall.
inline std::vector<std::vector<double>> waves(int count, int length) {
  std::vector<std::vector<double>> readings(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    for (int t = 0; t < length; ++t)
      readings[static_cast<std::size_t>(i)].push_back(0.5 + 0.05 * std::sin(0.3 * t + i));
  return readings;
}

}  // namespace gruve::tests
