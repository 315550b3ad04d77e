#include "gruve/tokens/id_encoder.hpp"

#include <sstream>
#include <string>
#include <vector>

#include "../error_of.hpp"
#include "catch.hpp"

using namespace gruve;
using gruve::tests::error_of;

using Ids = std::vector<std::vector<Token>>;

TEST_CASE("Ids are their own tokens, up to the largest vocabulary", "[tokens][ids]") {
  const IdEncoder encoder(kMaxVocabSize);
  const std::vector<Token> ids = {0, 65'534, 7, 7};
  CHECK(encoder.encode(ids) == ids);
  CHECK(encoder.decode(ids) == ids);
  CHECK(encoder.allowed(encoder.start(), 65'534));
  CHECK_FALSE(encoder.allowed(encoder.start(), 65'535));
  CHECK(IdEncoder::from_settings(encoder.settings()) == encoder);
  CHECK(error_of([] { IdEncoder(0); }) == "a vocabulary of 0 tokens, expected 1 to 65535");
  CHECK(error_of([] { IdEncoder(65'536); }) == "a vocabulary of 65536 tokens, expected 1 to 65535");
  CHECK(error_of([] {
          IdEncoder(3).encode(std::vector<Token>{2, 3});
        }) == "token 3 at position 1 is outside the vocabulary of 3");
  CHECK(error_of([] { IdEncoder::from_settings("12 "); }) ==
        "the vocabulary's size is \"12 \", expected a number");
}

TEST_CASE("Ids that a program has as int are tokens, or refused with their position", "[tokens][ids]") {
  const IdEncoder encoder(kMaxVocabSize);
  const std::vector<int> ids = {0, 65'534, 7, 7};
  CHECK(encoder.encode(ids) == std::vector<Token>{0, 65'534, 7, 7});
  CHECK(encoder.encode(std::vector<int>{}).empty());
  // As tokens of 16 bits, these would be 65535, 0 and 1.
  for (const int wrong : {-1, 65'536, 65'537})
    CHECK(error_of([&] {
            encoder.encode(std::vector{3, wrong});
          }) == "the id " + std::to_string(wrong) + " at position 1 is not from 0 to 65534");
  CHECK(error_of([] {
          IdEncoder(3).encode(std::vector{2, 0, 3});
        }) == "the id 3 at position 2 is not from 0 to 2");
}

TEST_CASE("Ids are read a sequence a line, whatever is between them", "[tokens][ids]") {
  CHECK(read_ids("1 2\t3,4\r\n\n  \n5\n65534", "x") == Ids{{1, 2, 3, 4}, {5}, {65'534}});
  CHECK(read_ids("", "x").empty());
  CHECK(read_ids(ids_to_text(std::vector<Token>{8, 0, 9})) == Ids{{8, 0, 9}});
  std::istringstream stream("3 1\n4\n");
  CHECK(read_ids(stream, "x") == Ids{{3, 1}, {4}});
}

TEST_CASE("What is no id is refused with its byte", "[tokens][ids]") {
  const std::string none = ": not a number: ids are decimal numbers, a sequence a line";
  CHECK(error_of([] { read_ids("1 2\nx", "log.ids"); }) == "log.ids, byte 4" + none);
  CHECK(error_of([] { read_ids("-1", "log.ids"); }) == "log.ids, byte 0" + none);
  CHECK(error_of([] { read_ids("1.5", "log.ids"); }) == "log.ids, byte 1" + none);
  const std::string large = " is too large, expected 0 to 65534";
  CHECK(error_of([] { read_ids("7 65535", "log.ids"); }) == "log.ids, byte 2: the id 65535" + large);
  CHECK(error_of([] { read_ids("99999999999999999999999", "log.ids"); }) ==
        "log.ids, byte 0: the id 99999999999999999999" + large);
}
