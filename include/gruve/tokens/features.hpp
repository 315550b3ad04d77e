#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "gruve/core/error.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// The numbers of rows that a model's parameters have for features, in addition to those for tokens.
struct FeatureShape {
  int inputs = 0;   // C: rows of the embedding [V + C, E] after those of the tokens
  int outputs = 0;  // R: rows of the output layer [V + R, H] after those of the tokens

  /// Whether there are any features.
  bool any() const noexcept { return inputs > 0 || outputs > 0; }

  friend bool operator==(const FeatureShape&, const FeatureShape&) = default;
};

/// A row of the output layer, 0 to R − 1, whose logit is added to that of a token.
struct OutputFeature {
  Token token = 0;        // 0 to V − 1
  std::uint16_t row = 0;  // 0 to R − 1

  friend bool operator==(const OutputFeature&, const OutputFeature&) = default;
};

/// The features at one token of a sequence. They are a function of the tokens so far, so that a model that is
/// conditioned on them is still a distribution over sequences.
struct FeatureRows {
  /// Rows of the embedding that are added to the token's row: 0 to C − 1.
  std::span<const std::uint16_t> inputs = {};
  /// Rows of the output layer that are added to tokens' logits; any number for a token.
  std::span<const OutputFeature> outputs = {};
};

/// The features that a model is conditioned on in addition to the last token. Only the encoder interprets the
/// description and derives the shape (AnyEncoder::features()); the network uses only the shape.
struct Features {
  std::string description = {};  // for example "index,held,bar=16"; empty for none
  FeatureShape shape = {};       // set by a Trainer from the description

  /// Whether there are any features.
  bool any() const noexcept { return !description.empty(); }

  friend bool operator==(const Features&, const Features&) = default;
};

// clang-format off

/// Tracks the features of a sequence. An encoder with features names such a class Encoder::FeatureState.
///
///   FeatureState(description)          the state before the first token; Error on a malformed description
///   FeatureState::shape(description)   the shape; Error likewise
///   reset()                            restores the first state; allocates and throws nothing
///   advance(token)                     takes a token; allocates and throws nothing
///   rows()                             the features of the last token; valid until reset() or advance()
///
/// Features that depend on the encoder's settings take it as well: FeatureState(description, encoder) and
/// shape(description, encoder). A state must not refer to the encoder.
///
/// If several descriptions are equivalent, `canonical(description)` gives the one that files have. A
/// generator's state can be saved if the class also has `void transfer(StateBytes&) noexcept`.
template <class State>
concept FeatureSource = std::copyable<State> && requires(State state, const State& fixed, Token token) {
  state.reset();
  state.advance(token);
  { fixed.rows() } -> std::same_as<FeatureRows>;
};

// clang-format on

/// The FeatureSource of encoders without features.
class NoFeatures {
 public:
  /// Throws Error unless the description is empty.
  explicit NoFeatures(const std::string& description) { shape(description); }
  /// The empty shape. Throws Error unless the description is empty.
  static FeatureShape shape(const std::string& description) {
    if (!description.empty())
      internal::raise(Error("features " + internal::shown_text(description) +
                            " are requested, but this encoder has none"));
    return {};
  }
  /// Does nothing.
  void reset() noexcept {}
  /// Does nothing.
  void advance(Token) noexcept {}
  /// No rows.
  FeatureRows rows() const noexcept { return {}; }
  /// Transfers nothing.
  void transfer(StateBytes&) noexcept {}
};

/// Writes or reads a state of features; fails if its class has no transfer().
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

/// The class of an encoder's features: Encoder::FeatureState, or NoFeatures.
template <class Encoder>
requires FeatureSource<typename internal::FeatureStateTrait<Encoder>::type>
using FeatureStateOf = typename internal::FeatureStateTrait<Encoder>::type;

/// The state of an encoder's features before the first token. Throws Error if it does not have those of the
/// description.
template <class Encoder>
FeatureStateOf<Encoder> first_features(const Encoder& encoder, const std::string& description) {
  if constexpr (std::constructible_from<FeatureStateOf<Encoder>, const std::string&, const Encoder&>)
    return FeatureStateOf<Encoder>(description, encoder);
  else
    return FeatureStateOf<Encoder>(description);
}

/// The features of a description, with their shape. Throws Error as first_features().
template <class Encoder>
Features features_of(const Encoder& encoder, const std::string& description) {
  using State = FeatureStateOf<Encoder>;
  Features features{.description = description};
  if constexpr (requires { State::shape(description, encoder); })
    features.shape = State::shape(description, encoder);
  else
    features.shape = State::shape(description);
  if constexpr (requires { State::canonical(description); })
    features.description = State::canonical(description);
  return features;
}

}  // namespace gruve::inline v0_2
