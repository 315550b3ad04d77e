#include "gruve/render/listening_test.hpp"

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

#include "../error_of.hpp"
#include "catch.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

ListeningClip clip_of(const std::string& kind, int pitch) {
  return {kind,
          {.ticks_per_quarter = 24,
           .notes = {{.start = 0, .end = 24, .pitch = pitch, .velocity = 70},
                     {.start = 48, .end = 60, .pitch = pitch + 2}},
           .tempos = {{0, 500'000}}}};
}

}  // namespace

TEST_CASE("A page of a listening test has the clips' notes, and no kind can end its script",
          "[render][listening]") {
  const ListeningTest test{.title = "<b>Which?</b>",
                           .pairs = {{{clip_of("songs", 60), clip_of("</script><script>alert(1)", 62)}},
                                     {{clip_of("4-grams \"quoted\" \xff", 64), clip_of("songs", 65)}}}};
  const std::string html = listening_html(test);
  CHECK(html.find("&lt;b&gt;Which?") != std::string::npos);
  CHECK(html.find("<b>") == std::string::npos);
  CHECK(html.find("alert(1)") != std::string::npos);
  CHECK(html.find("</script><script>alert") == std::string::npos);
  CHECK(html.find("default-src 'none'") != std::string::npos);
  CHECK(html.find("http") == html.find("http-equiv"));  // nothing is requested

  const std::string begin = "<script id=\"test\" type=\"application/json\">";
  const std::size_t at = html.find(begin) + begin.size();
  const nlohmann::json json = nlohmann::json::parse(html.substr(at, html.find("</script>", at) - at));
  REQUIRE(json["pairs"].size() == 2);
  CHECK(json["pairs"][0]["kinds"][1] == "</script><script>alert(1)");
  // start, duration, pitch, velocity, channel; the second start relative to the first
  CHECK(json["pairs"][0]["clips"][0] == nlohmann::json{0, 500, 60, 70, 0, 1000, 250, 62, 80, 0});
  CHECK(json["pairs"][1]["clips"][1][2] == 65);
  CHECK(html == listening_html(test));
  ListeningTest other = test;
  other.pairs[0].clips[0].song.notes[0].pitch = 61;
  const auto id_of = [](const std::string& page) { return page.substr(page.find("gruve-"), 20); };
  CHECK(id_of(listening_html(other)) != id_of(html));  // its answers are its own

  CHECK(error_of([] { listening_html({}); }) == "a listening test needs at least one pair");
  other.pairs[0].clips[1].song.notes.clear();
  CHECK(error_of([&] { listening_html(other); }) == "a clip of a listening test holds no notes");
}
