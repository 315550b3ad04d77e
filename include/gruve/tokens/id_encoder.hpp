#pragma once

#include <charconv>
#include <cstddef>
#include <istream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// Encodes integers that a program has assigned itself: states of a machine, quantised readings of a sensor,
/// lines of a log, tokens of another library. Every token may follow every other; the start token is 0.
class IdEncoder {
 public:
  using Source = std::vector<Token>;  // what it encodes
  /// The grammar's state, which is empty.
  struct State {
    friend bool operator==(const State&, const State&) = default;
  };

  static constexpr std::string_view kType = "ids";  // in files
  static constexpr bool kAllowsAll = true;          // every token may follow every other

  /// An encoder of the tokens 0 to V − 1. Throws Error if vocab_size is not 1 to kMaxVocabSize.
  ///
  /// vocab_size  V
  explicit IdEncoder(int vocab_size) : vocab_size_(vocab_size) {
    if (vocab_size < 1 || vocab_size > kMaxVocabSize)
      internal::raise(Error("a vocabulary of " + std::to_string(vocab_size) + " tokens, expected 1 to " +
                            std::to_string(kMaxVocabSize)));
  }

  /// V.
  int vocab_size() const noexcept { return vocab_size_; }
  /// 0.
  Token start_token() const noexcept { return 0; }
  /// The state before the first token.
  State start() const noexcept { return {}; }
  /// The state after one more token.
  State advance(State, Token) const noexcept { return {}; }
  /// Whether a token is in the vocabulary.
  bool allowed(State, Token token) const noexcept { return token < vocab_size_; }
  /// True: a sequence may end anywhere.
  bool at_boundary(State) const noexcept { return true; }

  /// Returns the ids as tokens. Throws Error at the first id outside the vocabulary.
  std::vector<Token> encode(std::span<const Token> ids) const {
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (ids[i] >= vocab_size_)
        internal::raise(Error("token " + std::to_string(ids[i]) + " at position " + std::to_string(i) +
                              " is outside the vocabulary of " + std::to_string(vocab_size_)));
    return {ids.begin(), ids.end()};
  }
  /// The same of ids that a program has as int: `encoder.encode(readings)` of a std::vector<int>. Throws
  /// Error at the first one below 0 or outside the vocabulary.
  std::vector<Token> encode(std::span<const int> ids) const {
    std::vector<Token> tokens;
    tokens.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] < 0 || ids[i] >= vocab_size_)
        internal::raise(Error("the id " + std::to_string(ids[i]) + " at position " + std::to_string(i) +
                              " is not from 0 to " + std::to_string(vocab_size_ - 1)));
      tokens.push_back(static_cast<Token>(ids[i]));
    }
    return tokens;
  }
  /// Returns the tokens as ids. Throws Error at the first token outside the vocabulary.
  std::vector<Token> decode(std::span<const Token> tokens) const { return encode(tokens); }

  /// V as a decimal number.
  std::string settings() const { return std::to_string(vocab_size_); }
  /// The encoder with these settings(). Throws Error on other text.
  static IdEncoder from_settings(std::string_view settings) {
    int vocab_size = 0;
    const auto [end, error] = std::from_chars(settings.data(), settings.data() + settings.size(), vocab_size);
    if (error != std::errc() || end != settings.data() + settings.size())
      internal::raise(Error("the vocabulary's size is \"" + std::string(settings) + "\", expected a number"));
    return IdEncoder(vocab_size);
  }

  friend bool operator==(const IdEncoder&, const IdEncoder&) = default;

 private:
  int vocab_size_;
};

static_assert(StoredEncoder<IdEncoder>);

/// Reads sequences of ids from text, one sequence per line: decimal numbers from 0 to 65534, separated by
/// spaces, tabs or commas. Empty lines are skipped. Throws Error with the byte of any other character.
///
/// name  of the text, for an Error
inline std::vector<std::vector<Token>> read_ids(std::string_view text, const std::string& name = "ids") {
  std::vector<std::vector<Token>> sequences;
  bool begins = true;  // the next number begins a sequence
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\n') begins = true;
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == ',') {
      ++at;
      continue;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
    if (error == std::errc::invalid_argument)
      internal::raise(Error(name, at, "not a number: ids are decimal numbers, a sequence a line"));
    const auto next = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || value >= static_cast<unsigned>(kMaxVocabSize))
      internal::raise(Error(name, at,
                            "the id " + std::string(text.substr(at, std::min<std::size_t>(next - at, 20))) +
                                " is too large, expected 0 to " + std::to_string(kMaxVocabSize - 1)));
    if (std::exchange(begins, false)) sequences.emplace_back();
    sequences.back().push_back(static_cast<Token>(value));
    at = next;
  }
  return sequences;
}

/// Reads sequences of ids from a stream, to its end.
inline std::vector<std::vector<Token>> read_ids(std::istream& stream, const std::string& name = "ids") {
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  return read_ids(std::string_view(text), name);
}

/// A line of text that read_ids() reads: the ids separated by spaces, and a line feed.
inline std::string ids_to_text(std::span<const Token> ids) {
  std::string text;
  for (const Token id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return text + "\n";
}

}  // namespace gruve::inline v0_2
