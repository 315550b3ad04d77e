#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gruve::inline v0_2 {

/// A symbol of a vocabulary, 0 to vocab_size - 1. A vocabulary has at most kMaxVocabSize tokens.
using Token = std::uint16_t;

/// The maximum size of a vocabulary.
inline constexpr int kMaxVocabSize = 65'535;

// clang-format off

/// A state machine that defines which tokens may follow. Its mask applies in training, evaluation and
/// generation.
///
///   vocab_size()            V, 1 to kMaxVocabSize
///   start_token()           the token that a model reads before the first one of a sequence
///   start()                 the state before the first token
///   advance(state, token)   the state after one more token
///   allowed(state, token)   whether a token may come next; in every state at least one token may
///   at_boundary(state)      whether a sequence may end in this state
///
/// These functions run in real time: they allocate nothing and don't throw. If every token is allowed in
/// every state, `static constexpr bool kAllowsAll = true` saves the mask in training, V bytes per timestep
/// and sequence.
template <class Encoder>
concept Grammar = requires(const Encoder& encoder, typename Encoder::State state, Token token) {
  { encoder.vocab_size() } noexcept -> std::same_as<int>;
  { encoder.start_token() } noexcept -> std::same_as<Token>;
  { encoder.start() } noexcept -> std::same_as<typename Encoder::State>;
  { encoder.advance(state, token) } noexcept -> std::same_as<typename Encoder::State>;
  { encoder.allowed(state, token) } noexcept -> std::same_as<bool>;
  { encoder.at_boundary(state) } noexcept -> std::same_as<bool>;
};

/// Whether the next token after a state is within a part that is like an earlier one, by the encoder's own
/// returns(state); false of an encoder without one. See SamplerOptions::return_temperature.
template <Grammar Encoder>
bool returns(const Encoder& encoder, const typename Encoder::State& state) noexcept {
  if constexpr (requires { encoder.returns(state); })
    return encoder.returns(state);
  else
    return false;
}

/// Turns a source (a Song, a text, a list of numbers) into tokens and back, and has their grammar. The
/// grammar allows every sequence that encode() returns. encode() and decode() throw Error on input that they
/// can't represent.
///
/// An encoder may have features (features.hpp). An encoder that corpora and model files can name also has
///
///   static constexpr std::string_view kType   its name in files, which differs from those of other encoders
///   std::string settings() const              all that distinguishes it within its type, as UTF-8 text
///   static E from_settings(std::string_view)  the encoder with these settings; Error on other text
template <class Encoder>
concept TokenEncoder = Grammar<Encoder> &&
    requires(const Encoder& encoder, const typename Encoder::Source& source, std::span<const Token> tokens) {
  { encoder.encode(source) } -> std::same_as<std::vector<Token>>;
  { encoder.decode(tokens) } -> std::same_as<typename Encoder::Source>;
};

/// An encoder of music on a grid: its tokens take time, and its source is a Song.
///
///   steps_per_quarter()    timesteps per quarter note
///   steps(state, token)    timesteps by which a token, allowed in that state, advances the music
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

/// Whether an encoder declares that its grammar allows every token in every state.
template <class Encoder>
inline constexpr bool kAllowsAll = [] {
  if constexpr (requires { Encoder::kAllowsAll; })
    return bool{Encoder::kAllowsAll};
  else
    return false;
}();

/// The number of tokens that the grammar does not allow; the state advances by each as if it were allowed.
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

}  // namespace gruve::inline v0_2
