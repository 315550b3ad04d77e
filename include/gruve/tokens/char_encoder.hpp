#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Encodes text, one token per byte. The vocabulary is a set of bytes in ascending order: the tokens of 65
/// characters are 0 to 64. Every token may follow every other.
class CharEncoder {
 public:
  using Source = std::string;  // what it encodes
  /// The grammar's state, which is empty.
  struct State {
    friend bool operator==(const State&, const State&) = default;
  };

  static constexpr std::string_view kType = "char";  // in files
  static constexpr bool kAllowsAll = true;           // every token may follow every other

  /// An encoder of a vocabulary. Throws Error if the vocabulary is empty or not in ascending order.
  ///
  /// vocabulary  its bytes, strictly ascending as unsigned numbers
  explicit CharEncoder(std::string vocabulary) : vocabulary_(std::move(vocabulary)) {
    if (vocabulary_.empty()) internal::raise(Error("a vocabulary of no characters, expected at least one"));
    token_of_.fill(kNone);
    for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
      if (i > 0 && byte(vocabulary_[i]) <= byte(vocabulary_[i - 1]))
        internal::raise(Error("character " + std::to_string(byte(vocabulary_[i])) +
                              " of the vocabulary is after " + std::to_string(byte(vocabulary_[i - 1])) +
                              ", expected ascending order"));
      token_of_[byte(vocabulary_[i])] = static_cast<Token>(i);
    }
  }

  /// The encoder whose vocabulary is the distinct bytes of a text. Throws Error if the text is empty.
  static CharEncoder from_text(std::string_view text) {
    std::array<bool, 256> seen{};
    for (const char c : text) seen[byte(c)] = true;
    std::string vocabulary;
    for (std::size_t b = 0; b < seen.size(); ++b)
      if (seen[b]) vocabulary.push_back(static_cast<char>(b));
    return CharEncoder(std::move(vocabulary));
  }

  /// The bytes of the vocabulary [V], ascending.
  const std::string& vocabulary() const noexcept { return vocabulary_; }
  /// V.
  int vocab_size() const noexcept { return static_cast<int>(vocabulary_.size()); }

  /// The line feed if the vocabulary has it, as if a line had ended before the text; otherwise 0.
  Token start_token() const noexcept { return token_of_['\n'] == kNone ? Token{0} : token_of_['\n']; }
  /// The state before the first token.
  State start() const noexcept { return {}; }
  /// The state after one more token.
  State advance(State, Token) const noexcept { return {}; }
  /// Whether a token is in the vocabulary.
  bool allowed(State, Token token) const noexcept { return token < vocab_size(); }
  /// True: a text may end anywhere.
  bool at_boundary(State) const noexcept { return true; }

  /// The tokens of a text. Throws Error at the first character outside the vocabulary.
  std::vector<Token> encode(std::string_view text) const {
    std::vector<Token> tokens(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
      tokens[i] = token_of_[byte(text[i])];
      if (tokens[i] == kNone)
        internal::raise(Error("character " + std::to_string(byte(text[i])) + " at byte " + std::to_string(i) +
                              " of the text is not in the vocabulary of " + std::to_string(vocab_size())));
    }
    return tokens;
  }

  /// The text of tokens. Throws Error at the first token outside the vocabulary.
  std::string decode(std::span<const Token> tokens) const {
    std::string text(tokens.size(), '\0');
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] >= vocab_size())
        internal::raise(Error("token " + std::to_string(tokens[i]) + " at position " + std::to_string(i) +
                              " is outside the vocabulary of " + std::to_string(vocab_size())));
      text[i] = vocabulary_[tokens[i]];
    }
    return text;
  }

  friend bool operator==(const CharEncoder& a, const CharEncoder& b) {
    return a.vocabulary_ == b.vocabulary_;
  }

 private:
  static constexpr Token kNone = 256;

  static constexpr std::uint8_t byte(char c) noexcept { return static_cast<std::uint8_t>(c); }

  std::string vocabulary_;
  std::array<Token, 256> token_of_ = {};
};

static_assert(TokenEncoder<CharEncoder>);

}  // namespace gruve::inline v0_2
