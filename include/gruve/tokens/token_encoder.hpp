#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gruve::inline v0_1 {

/// A symbol of a vocabulary, 0 to vocab_size - 1. A vocabulary has at most kMaxVocabSize tokens.
using Token = std::uint16_t;

inline constexpr int kMaxVocabSize = 65'535;

// clang-format off

/// Says which token may follow which: a small state machine, whose mask is part of a model in training,
/// evaluation and generation.
///
///   vocab_size()            V, 1 to kMaxVocabSize
///   start_token()           what a model is fed before the first token of a sequence; a token of the vocabulary
///   start()                 the state before the first token
///   advance(state, token)   the state after one more token
///   allowed(state, token)   whether a token may come next; in every state some token is
///   at_boundary(state)      whether a sequence may end in this state
///
/// These functions allocate nothing and don't throw: they run in real time. Where every token is allowed in every
/// state, `static constexpr bool kAllowsAll = true` saves the mask of training, a byte for each token of the
/// vocabulary at each timestep.
template <class Encoder>
concept Grammar = requires(const Encoder& encoder, typename Encoder::State state, Token token) {
  { encoder.vocab_size() } noexcept -> std::same_as<int>;
  { encoder.start_token() } noexcept -> std::same_as<Token>;
  { encoder.start() } noexcept -> std::same_as<typename Encoder::State>;
  { encoder.advance(state, token) } noexcept -> std::same_as<typename Encoder::State>;
  { encoder.allowed(state, token) } noexcept -> std::same_as<bool>;
  { encoder.at_boundary(state) } noexcept -> std::same_as<bool>;
};

/// Turns a source (a Song, a text, a list of numbers) into tokens and back, and knows their grammar. A sequence
/// that encode() gives is always allowed. Either function throws Error on what it can't hold.
///
/// An encoder may have features (features.hpp). One that a corpus or a model file is to name also has
///
///   static constexpr std::string_view kType   its name in files, unlike those of other encoders
///   std::string settings() const              all that tells it from others of its type, as any UTF-8 text
///   static E from_settings(std::string_view)  the same encoder again; Error where the text is none of its own
template <class Encoder>
concept TokenEncoder = Grammar<Encoder> &&
    requires(const Encoder& encoder, const typename Encoder::Source& source, std::span<const Token> tokens) {
  { encoder.encode(source) } -> std::same_as<std::vector<Token>>;
  { encoder.decode(tokens) } -> std::same_as<typename Encoder::Source>;
};

/// An encoder of music on a grid: its tokens take time, and its source is a Song.
///
///   steps_per_quarter()    timesteps per quarter note
///   steps(state, token)    by how many timesteps a token, allowed in that state, moves the music on
template <class Encoder>
concept MusicEncoder = TokenEncoder<Encoder> &&
    requires(const Encoder& encoder, typename Encoder::State state, Token token) {
  { encoder.steps_per_quarter() } noexcept -> std::same_as<int>;
  { encoder.steps(state, token) } noexcept -> std::same_as<int>;
};

/// An encoder that a corpus or a model file can name: see TokenEncoder.
template <class Encoder>
concept StoredEncoder = TokenEncoder<Encoder> && requires(const Encoder& encoder, std::string_view settings) {
  { Encoder::kType } -> std::convertible_to<std::string_view>;
  { encoder.settings() } -> std::convertible_to<std::string>;
  { Encoder::from_settings(settings) } -> std::same_as<Encoder>;
};

// clang-format on

/// Whether an encoder says that its grammar allows every token in every state.
template <class Encoder>
inline constexpr bool kAllowsAll = [] {
  if constexpr (requires { Encoder::kAllowsAll; })
    return bool{Encoder::kAllowsAll};
  else
    return false;
}();

/// How many tokens are not allowed where they are; the state advances by each as if it were allowed.
template <Grammar Encoder>
std::size_t count_violations(const Encoder& encoder, std::span<const Token> tokens) {
  std::size_t violations = 0;
  auto state = encoder.start();
  for (const Token token : tokens) {
    violations += encoder.allowed(state, token) ? 0 : 1;
    state = encoder.advance(state, token);
  }
  return violations;
}

}  // namespace gruve::inline v0_1
