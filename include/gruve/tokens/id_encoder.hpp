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

namespace gruve::inline v0_1 {

/// Plain integers as tokens: what a program has numbered itself, as the states of a machine, quantised
/// readings of a sensor, the lines of a log or the tokens of another library. Every token may follow every
/// other; token 0 is fed before the first of a sequence.
class IdEncoder {
 public:
  using Source = std::vector<Token>;
  struct State {
    friend bool operator==(const State&, const State&) = default;
  };

  static constexpr std::string_view kType = "ids";
  static constexpr bool kAllowsAll = true;

  /// vocab_size  V: tokens are 0 to V − 1. Error where it is not 1 to kMaxVocabSize.
  explicit IdEncoder(int vocab_size) : vocab_size_(vocab_size) {
    if (vocab_size < 1 || vocab_size > kMaxVocabSize)
      throw Error("a vocabulary of " + std::to_string(vocab_size) + " tokens, expected 1 to " +
                  std::to_string(kMaxVocabSize));
  }

  int vocab_size() const noexcept { return vocab_size_; }
  Token start_token() const noexcept { return 0; }
  State start() const noexcept { return {}; }
  State advance(State, Token) const noexcept { return {}; }
  bool allowed(State, Token token) const noexcept { return token < vocab_size_; }
  bool at_boundary(State) const noexcept { return true; }

  /// The same tokens. Throws Error at the first that is outside the vocabulary; decode() likewise.
  std::vector<Token> encode(std::span<const Token> ids) const {
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (ids[i] >= vocab_size_)
        throw Error("token " + std::to_string(ids[i]) + " at position " + std::to_string(i) +
                    " is outside the vocabulary of " + std::to_string(vocab_size_));
    return {ids.begin(), ids.end()};
  }
  std::vector<Token> decode(std::span<const Token> tokens) const { return encode(tokens); }

  std::string settings() const { return std::to_string(vocab_size_); }
  static IdEncoder from_settings(std::string_view settings) {
    int vocab_size = 0;
    const auto [end, error] = std::from_chars(settings.data(), settings.data() + settings.size(), vocab_size);
    if (error != std::errc() || end != settings.data() + settings.size())
      throw Error("the vocabulary's size is \"" + std::string(settings) + "\", expected a number");
    return IdEncoder(vocab_size);
  }

  friend bool operator==(const IdEncoder&, const IdEncoder&) = default;

 private:
  int vocab_size_;
};

static_assert(StoredEncoder<IdEncoder>);

/// Reads sequences of ids from text: a sequence a line, decimal numbers from 0 to 65534 with spaces, tabs or
/// commas between them; empty lines are skipped. Throws Error with the byte of what is anything else.
///
/// name  of the text in an Error
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
      throw Error(name, at, "not a number: ids are decimal numbers, a sequence a line");
    const auto next = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || value >= static_cast<unsigned>(kMaxVocabSize))
      throw Error(name, at,
                  "the id " + std::string(text.substr(at, std::min<std::size_t>(next - at, 20))) +
                      " is too large, expected 0 to " + std::to_string(kMaxVocabSize - 1));
    if (std::exchange(begins, false)) sequences.emplace_back();
    sequences.back().push_back(static_cast<Token>(value));
    at = next;
  }
  return sequences;
}

/// The same from a stream, to its end.
inline std::vector<std::vector<Token>> read_ids(std::istream& stream, const std::string& name = "ids") {
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  return read_ids(std::string_view(text), name);
}

/// Ids as read_ids() takes them: numbers with spaces between them, and the end of a line.
inline std::string ids_to_text(std::span<const Token> ids) {
  std::string text;
  for (const Token id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return text + "\n";
}

}  // namespace gruve::inline v0_1
