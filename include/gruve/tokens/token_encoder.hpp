#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gruve {

/// A symbol of a vocabulary, 0 to vocab_size - 1.
using Token = std::uint16_t;

/// Turns a source (a Song, a text) into tokens and back, and knows which token may follow which.
///
/// The grammar is a small state machine. `start()` is its state before the first token, `advance` the state
/// after one more, `allowed` whether a token may come next, `at_boundary` whether a sequence may end in this
/// state. A sequence that encode() gives is always allowed, and some token is allowed in every state, so
/// sampling under the mask never gets stuck. `start_token()` is what a model is fed before the first token of
/// a sequence.
///
/// The grammar's functions allocate nothing and don't throw: they run in real time.
template <class Encoder>
concept TokenEncoder = requires(const Encoder& encoder, typename Encoder::Source source,
                                typename Encoder::State state, std::span<const Token> tokens, Token token) {
  { encoder.vocab_size() }
  noexcept->std::same_as<int>;
  { encoder.encode(source) } -> std::same_as<std::vector<Token>>;
  { encoder.decode(tokens) } -> std::same_as<typename Encoder::Source>;
  { encoder.start_token() }
  noexcept->std::same_as<Token>;
  { encoder.start() }
  noexcept->std::same_as<typename Encoder::State>;
  { encoder.advance(state, token) }
  noexcept->std::same_as<typename Encoder::State>;
  { encoder.allowed(state, token) }
  noexcept->std::same_as<bool>;
  { encoder.at_boundary(state) }
  noexcept->std::same_as<bool>;
};

/// An encoder of music on a grid: its tokens take time.
template <class Encoder>
concept MusicEncoder = TokenEncoder<Encoder> &&
    requires(const Encoder& encoder, typename Encoder::State state, Token token) {
  { encoder.steps_per_quarter() }
  noexcept->std::same_as<int>;
  // How many timesteps the music moves on by this token, allowed in that state.
  { encoder.steps(state, token) }
  noexcept->std::same_as<int>;
};

/// How many tokens stand where the grammar does not allow them; the state goes on from each as if it were
/// allowed.
template <TokenEncoder Encoder>
std::size_t count_violations(const Encoder& encoder, std::span<const Token> tokens) {
  std::size_t violations = 0;
  auto state = encoder.start();
  for (const Token token : tokens) {
    violations += encoder.allowed(state, token) ? 0 : 1;
    state = encoder.advance(state, token);
  }
  return violations;
}

}  // namespace gruve
