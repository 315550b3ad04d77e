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

TEST_CASE("A copy of an error can't fail, and a zero byte in a name doesn't lead beyond its message",
          "[core][error]") {
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<Error>);
  const Error cut(std::string("a\0b", 3), 22, "tempo of length 2, expected 3");
  CHECK(cut.file() == "a");
  CHECK(cut.reason().empty());
  const Error copy = Error("song.mid", 22, "tempo of length 2, expected 3");
  CHECK(Error(copy).reason() == "tempo of length 2, expected 3");
}
