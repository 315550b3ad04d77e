#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "gruve/core/error.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_1 {

/// How many rows of its parameters a model has for features, besides those of the tokens.
struct FeatureShape {
  int inputs = 0;   // C: rows of the embedding [V + C, E] after those of the tokens
  int outputs = 0;  // R: rows of the output layer [V + R, H] after those of the tokens
  int terms = 0;    // how many of those are added to each token's logit, at most kMaxFeatureTerms

  bool any() const noexcept { return inputs > 0 || outputs > 0; }

  friend bool operator==(const FeatureShape&, const FeatureShape&) = default;
};

inline constexpr std::size_t kMaxFeatureTerms = 5;

/// The rows of the output layer, counted from after those of the tokens, whose logits are added to one
/// token's own. FeatureShape::terms of them are used.
using FeatureTerms = std::array<std::uint16_t, kMaxFeatureTerms>;

/// The features at one token of a sequence: rows that are added up. All of them are a function of the tokens
/// so far, so that conditioning on them keeps the model a distribution over sequences.
struct FeatureRows {
  /// Of the embedding, counted from after those of the tokens; each below C.
  std::span<const std::uint16_t> inputs;
  /// [V], or empty where the model has no such rows.
  std::span<const FeatureTerms> outputs;
};

/// The features that a model is conditioned on besides the last token. What the description means is known
/// only to the encoder, which also knows the shape (features_of() of any_encoder.hpp); the network sees the
/// shape.
struct Features {
  std::string description = {};  // e.g. "index,held,bar=16"; empty for none
  FeatureShape shape = {};       // filled in from the description by a Trainer

  bool any() const noexcept { return !description.empty(); }

  friend bool operator==(const Features&, const Features&) = default;
};

// clang-format off

/// Follows a sequence and says its features. An encoder that has some names the class as Encoder::FeatureState.
///
///   FeatureState(description)          at the start of a sequence; Error where the description is malformed
///   FeatureState::shape(description)   likewise
///   reset(), advance(token)            to the start of a sequence; by one token. Neither allocates or throws.
///   rows()                             of the last token; valid until the next call of reset() or advance()
///
/// Where several descriptions mean the same, `canonical(description)` gives the one that files have. The state of a
/// generator can be saved where the class also has `void transfer(StateBytes&) noexcept`.
template <class State>
concept FeatureSource = std::copyable<State> && std::constructible_from<State, const std::string&> &&
    requires(State state, const State& fixed, Token token, const std::string& description) {
  { State::shape(description) } -> std::same_as<FeatureShape>;
  state.reset();
  state.advance(token);
  { fixed.rows() } -> std::same_as<FeatureRows>;
};

// clang-format on

/// Of encoders without features.
class NoFeatures {
 public:
  explicit NoFeatures(const std::string& description) { shape(description); }
  static FeatureShape shape(const std::string& description) {
    if (!description.empty())
      throw Error("features \"" + description + "\" are asked for, but this encoder has none");
    return {};
  }
  void reset() noexcept {}
  void advance(Token) noexcept {}
  FeatureRows rows() const noexcept { return {}; }
  void transfer(StateBytes&) noexcept {}
};

/// Writes or reads a state of features; fails where its class has no transfer().
template <class State>
void transfer_features(StateBytes& bytes, State& state) noexcept {
  if constexpr (requires { state.transfer(bytes); })
    state.transfer(bytes);
  else
    bytes.fail();
}

namespace internal {

template <class Encoder>
struct FeatureStateTrait {
  using type = NoFeatures;
};
template <class Encoder>
requires requires { typename Encoder::FeatureState; }
struct FeatureStateTrait<Encoder> {
  using type = typename Encoder::FeatureState;
};

}  // namespace internal

/// The class that follows an encoder's features: Encoder::FeatureState, or NoFeatures.
template <class Encoder>
using FeatureStateOf = typename internal::FeatureStateTrait<Encoder>::type;

}  // namespace gruve::inline v0_1
