#include "gruve/tokens/char_encoder.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"

using namespace gruve;
using gruve::tests::error_of;

TEST_CASE("The vocabulary of a text is its distinct bytes in ascending order", "[tokens][char]") {
  const CharEncoder encoder = CharEncoder::from_text("hello\n\xC3\xA9");
  CHECK(encoder.vocabulary() == "\nehlo\xA9\xC3");
  CHECK(encoder.vocab_size() == 7);
  CHECK(encoder.encode("hole") == std::vector<Token>{2, 4, 3, 1});
  CHECK(encoder.decode(std::vector<Token>{2, 1, 3, 3, 4, 0}) == "hello\n");
  CHECK(encoder.start_token() == 0);
  CHECK(encoder == CharEncoder("\nehlo\xA9\xC3"));
  CHECK_FALSE(encoder == CharEncoder("\nehlo"));
}

TEST_CASE("A text is fed to a model as if a line had just ended", "[tokens][char]") {
  CHECK(CharEncoder("\t\nab").start_token() == 1);
  CHECK(CharEncoder("ab").start_token() == 0);
}

TEST_CASE("Every character may follow every other, and nothing outside the vocabulary", "[tokens][char]") {
  const CharEncoder encoder("abc");
  auto state = encoder.start();
  for (Token token = 0; token < 3; ++token) {
    CHECK(encoder.allowed(state, token));
    CHECK(encoder.at_boundary(state));
    state = encoder.advance(state, token);
  }
  CHECK_FALSE(encoder.allowed(state, 3));
}

TEST_CASE("All 256 bytes make a vocabulary and come back", "[tokens][char]") {
  std::string all;
  for (int byte = 255; byte >= 0; --byte) all.push_back(static_cast<char>(byte));
  const CharEncoder encoder = CharEncoder::from_text(all);
  CHECK(encoder.vocab_size() == 256);
  CHECK(encoder.decode(encoder.encode(all)) == all);
  CHECK(encoder.start_token() == 10);
}

TEST_CASE("Text, tokens and vocabularies that don't fit are errors that say where", "[tokens][char]") {
  CHECK(error_of([] { CharEncoder("ab").encode("abca"); }) ==
        "character 99 at byte 2 of the text is not in the vocabulary of 2");
  CHECK(error_of([] {
          CharEncoder("ab").decode(std::vector<Token>{0, 2});
        }) == "token 2 at position 1 is outside the vocabulary of 2");
  CHECK(error_of([] { CharEncoder("ba"); }) ==
        "character 97 of the vocabulary is after 98, expected ascending order");
  CHECK(error_of([] { CharEncoder::from_text(""); }) ==
        "a vocabulary of no characters, expected at least one");
}
