#include "gruve/core/error.hpp"

#include <string>

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
