#include "gruve/core/error.hpp"

#include <string>
#include <type_traits>

#include "catch.hpp"

using gruve::Error;

TEST_CASE("An error names what is known of file, byte and reason", "[core][error]") {
  const Error all("song.mid", 22, "tempo of length 2, expected 3");
  CHECK(std::string(all.what()) == "song.mid, byte 22: tempo of length 2, expected 3");
  CHECK(all.file() == "song.mid");
  CHECK(all.byte() == 22u);
  CHECK(all.reason() == "tempo of length 2, expected 3");

  const Error file("song.mid", "is a folder");
  CHECK(std::string(file.what()) == "song.mid: is a folder");
  CHECK(file.file() == "song.mid");
  CHECK_FALSE(file.byte());

  const Error alone("no notes");
  CHECK(std::string(alone.what()) == "no notes");
  CHECK(alone.reason() == "no notes");
  CHECK(alone.file().empty());
  CHECK_FALSE(alone.byte());
}

TEST_CASE("A copy of an error can't fail, and a zero byte in a name doesn't end its message",
          "[core][error]") {
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<Error>);
  const Error named(std::string("a\0b", 3), 22, "tempo of length 2, expected 3");
  CHECK(named.file() == "a\\x00b");
  CHECK(named.reason() == "tempo of length 2, expected 3");
  const Error copy = Error("song.mid", 22, "tempo of length 2, expected 3");
  CHECK(Error(copy).reason() == "tempo of length 2, expected 3");
}

TEST_CASE("A text from outside is shown without what a terminal would act on", "[core][error]") {
  using gruve::internal::printable;
  CHECK(printable("song \xC3\xA9 \xE9\x9F\xB3.mid", 100) == "song \xC3\xA9 \xE9\x9F\xB3.mid");
  CHECK(printable("\x1b[2J\n\x7F", 100) == "\\x1b[2J\\x0a\\x7f");
  CHECK(printable(std::string("\0", 1), 100) == "\\x00");
  // U+009B, which some terminals take for ESC [, and U+00A0, which they don't.
  CHECK(printable("\xC2\x9B"
                  "2J\xC2\xA0",
                  100) == "\\xc2\\x9b2J\xC2\xA0");
  // U+202A to U+202E and U+2066 to U+2069 turn the direction of writing; their neighbours don't.
  CHECK(printable("\xE2\x80\xAA\xE2\x80\xAE", 100) == "\\xe2\\x80\\xaa\\xe2\\x80\\xae");
  CHECK(printable("\xE2\x81\xA6\xE2\x81\xA9", 100) == "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
  CHECK(printable("\xE2\x80\xA9\xE2\x80\xAF\xE2\x81\xA5\xE2\x81\xAA", 100) ==
        "\xE2\x80\xA9\xE2\x80\xAF\xE2\x81\xA5\xE2\x81\xAA");
  // Bytes that are not UTF-8: a lone one, as a terminal of eight bits takes for U+009B, a part of a character,
  // a surrogate, and an overlong form.
  CHECK(printable("\x9B|\xE9\x9F|\xED\xA0\x80|\xC0\x80", 100) ==
        "\\x9b|\\xe9\\x9f|\\xed\\xa0\\x80|\\xc0\\x80");
}

TEST_CASE("A long text is cut between characters", "[core][error]") {
  using gruve::internal::printable;
  CHECK(printable("abcdef", 6) == "abcdef");
  CHECK(printable("abcdefg", 6) == "abcdef…");
  CHECK(printable("abcd\xE9\x9F\xB3", 6) == "abcd…");
  CHECK(printable("abcd\xE9\x9F\xB3", 7) == "abcd\xE9\x9F\xB3");
  CHECK(printable("\xE9\x9F\xB3", 2) == "…");
}

TEST_CASE("An error is one line, whatever the file's name", "[core][error]") {
  const gruve::Error error(
      "a\x1b[31m\n\xFF"
      "b.mid",
      7, "reason");
  CHECK(std::string(error.what()) ==
        "a\\x1b[31m\\x0a\\xff"
        "b.mid, byte 7: reason");
  CHECK(error.file() ==
        "a\\x1b[31m\\x0a\\xff"
        "b.mid");
  CHECK(error.reason() == "reason");
  CHECK(error.byte() == 7u);
}
