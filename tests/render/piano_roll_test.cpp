#include "gruve/render/piano_roll.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "chorale.hpp"
#include "count_of.hpp"

namespace {

/// Whether each start tag has its end tag and each attribute its quotes, which is all that XML asks of our
/// elements.
bool is_well_formed(const std::string& xml) {
  std::string open;  // the names of open elements, each after a space
  for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (count_of(tag, "\"") % 2 != 0 || tag.find('<') != std::string::npos) return false;
    const std::string name =
        tag.substr(tag[0] == '/' ? 1 : 0, tag.find_first_of(" /", 1) - (tag[0] == '/' ? 1 : 0));
    if (tag[0] == '/') {
      const std::size_t last = open.rfind(' ');
      if (last == std::string::npos || open.substr(last + 1) != name) return false;
      open.resize(last);
    } else if (tag.back() != '/') {
      open += ' ' + name;
    }
  }
  return open.empty();
}

}  // namespace

TEST_CASE("A piano roll draws each note once in its colour", "[render][piano_roll]") {
  const std::string svg = gruve::piano_roll_svg(chorale());  // 10 s: one row
  CHECK(is_well_formed(svg));
  CHECK(count_of(svg, "rx=\"1.5\"") == 35);  // 5 chords of 4, 5 bars of 3 melody notes
  // The Cs: 2 + 1 + 0 + 0 + 2 of the chords, 1 + 1 + 1 + 0 + 3 of the melody.
  CHECK(count_of(svg, "class=\"c0\" opacity") == 11);
  CHECK(count_of(svg, "class=\"bar\"") == 5);
  CHECK(count_of(svg, "<use ") == 1);
  CHECK(svg.find("0:10 · 35 notes") != std::string::npos);
  CHECK(svg.find(">C4</text>") != std::string::npos);
}

TEST_CASE("A note is drawn at its time and pitch, as opaque as it is loud", "[render][piano_roll]") {
  gruve::Song song;  // 4 s, 960 ticks a second
  song.length = 3840;
  song.notes = {{960, 1920, 60, 127, 0}};
  // Plot: 1084 - 64 - 20 = 1000 px for 4 s. Keys 58 to 62, widened to 26: 48 to 73, 7 px each at most; so y
  // is (73 - 60) * 7 + 0.25. One second is 250 px, of which 0.6 are left free at the end.
  const std::string svg = gruve::piano_roll_svg(song, {.width = 1084});
  CHECK(svg.find("<rect x=\"250\" y=\"91.2\" width=\"249.4\" height=\"6.5\" rx=\"1.5\" class=\"c0\" "
                 "opacity=\"1\"/>") != std::string::npos);
}

TEST_CASE("Long pieces are wrapped at bar lines, and notes continue in the next row",
          "[render][piano_roll]") {
  const std::string svg = gruve::piano_roll_svg(chorale(3), {.seconds_per_row = 10});
  CHECK(is_well_formed(svg));
  CHECK(count_of(svg, "<use ") == 3);
  CHECK(count_of(svg, "rx=\"1.5\"") == 3 * 35);  // 10 s is a bar line: no note is cut

  gruve::Song held;
  held.length = 960 * 60;
  held.notes = {{0, held.length, 60, 80, 0}};
  const std::string rows = gruve::piano_roll_svg(held, {.seconds_per_row = 20});
  CHECK(count_of(rows, "<use ") == 3);
  CHECK(count_of(rows, "rx=\"1.5\"") == 3);
}

TEST_CASE("Rows of equal bars have the same number of bars, but for a shorter last one",
          "[render][piano_roll]") {
  // 36 bars of 2 seconds: five rows of 14.4 seconds would end within bars.
  gruve::Song song{.ticks_per_quarter = 480};
  for (int i = 0; i < 144; ++i) song.notes.push_back({.start = 480 * i, .end = 480 * (i + 1), .pitch = 60});
  song.length = 480 * 144;
  std::vector<gruve::BarLine> bars;
  for (int i = 0; i < 36; ++i) bars.push_back({.seconds = 2.0 * i, .number = i + 1});
  CHECK(gruve::internal::roll_layout(song, {}, bars).breaks == std::vector<double>{0, 16, 32, 48, 64, 72});
}

TEST_CASE("A title of markup stays text", "[render][piano_roll]") {
  const std::string svg =
      gruve::piano_roll_svg(chorale(), {.title = "</title><script>alert(1)</script> & \x01"});
  CHECK(is_well_formed(svg));
  CHECK(svg.find("<script") == std::string::npos);
  CHECK(svg.find("&lt;script&gt;alert(1)&lt;/script&gt; &amp; \xEF\xBF\xBD") != std::string::npos);
}

TEST_CASE("Empty, very long and far-out songs give a picture of bounded size", "[render][piano_roll]") {
  CHECK(is_well_formed(gruve::piano_roll_svg(gruve::Song{})));
  gruve::Song song;
  song.length = INT64_MAX;
  song.notes = {{0, 480, 0, 1, 15}, {INT64_MAX - 1, INT64_MAX, 127, 127, 9}};
  for (const auto color :
       {gruve::RollColor::pitch_class, gruve::RollColor::height, gruve::RollColor::channel}) {
    const std::string svg = gruve::piano_roll_svg(song, {.color = color});
    CHECK(is_well_formed(svg));
    CHECK(svg.size() < 1'000'000);
  }
}

TEST_CASE("Keys held for an hour give a picture of the notes' size, in which each sounds as long as it does",
          "[render][piano_roll]") {
  gruve::Song held;  // each key of three octaves struck again and again while it sounds
  held.length = 960 * 3600;
  for (std::int64_t i = 0; i < 5000; ++i) held.notes.push_back({i, held.length, 48 + int(i % 36), 80, 0});
  const std::string svg = gruve::piano_roll_svg(held);
  CHECK(is_well_formed(svg));
  CHECK(svg.find("· 5000 notes") != std::string::npos);
  CHECK(count_of(svg, "<use ") == 100);
  CHECK(count_of(svg, "rx=\"1.5\"") == 36 * 100);  // each key once in each row

  gruve::Song many;  // 300,000 short notes of one key, a tenth of a second each second
  many.length = 960 * 300'000;
  for (std::int64_t i = 0; i < 300'000; ++i) many.notes.push_back({960 * i, 960 * i + 96, 60, 80, 0});
  CHECK(count_of(gruve::piano_roll_svg(many), "rx=\"1.5\"") <= 200'000);

  // Two keys with a rest between them stay two, whatever else is merged.
  held.notes.push_back({0, 960 * 600, 90, 80, 0});
  held.notes.push_back({960 * 1200, 960 * 1800, 90, 80, 0});
  gruve::sort_notes(held.notes);
  const std::size_t rows = count_of(gruve::piano_roll_svg(held), "rx=\"1.5\"") - 36 * 100;
  CHECK((rows >= 32 && rows <= 36));  // 1,200 of 3,600 s in 100 rows
}
