#include "gruve/render/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "chorale.hpp"
#include "count_of.hpp"
#include "gruve/midi/write_midi.hpp"

namespace {

nlohmann::json data_of(const std::string& html) {
  const std::string_view begin = "<script id=\"songs\" type=\"application/json\">";
  const std::size_t from = html.find(begin) + begin.size();
  return nlohmann::json::parse(html.substr(from, html.find("</script>", from) - from));
}

// Rows of `width` numbers, the first of each the milliseconds since the row before: with times from the
// beginning instead.
std::vector<std::vector<int>> rows_of(const nlohmann::json& numbers, std::size_t width) {
  REQUIRE(numbers.size() % width == 0);
  std::vector<std::vector<int>> rows;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i % width == 0) rows.emplace_back();
    const int before = i % width == 0 && i > 0 ? rows[rows.size() - 2][0] : 0;
    rows.back().push_back(before + numbers[i].get<int>());
  }
  return rows;
}

gruve::Report report_of(gruve::Song song) {
  return {.pieces = {gruve::ReportPiece{.song = std::move(song)}}};
}

}  // namespace

TEST_CASE("A report holds the notes in milliseconds and the piece in numbers", "[render][report]") {
  const std::string html = gruve::report_html(report_of(chorale()));
  const nlohmann::json data = data_of(html);
  CHECK(data["colors"].size() == 12);
  REQUIRE(data["songs"].size() == 1);
  const nlohmann::json& song = data["songs"][0];
  CHECK(song["duration"] == 10'000);
  CHECK(song["low"] == 36 - 3);
  CHECK(song["high"] == 79 + 3);
  // Bars of 2 s: four notes as long as the bar, and a melody whose three end 20 of 480 ticks early.
  const auto notes = rows_of(song["notes"], 5);
  REQUIRE(notes.size() == 35);
  CHECK(notes[0] == std::vector{0, 2000, 48, 64, 0});
  CHECK(notes[5] == std::vector{667, 1306 - 667, 74, 88, 1});
  CHECK(notes[6] == std::vector{1333, 1972 - 1333, 76, 96, 1});
  CHECK(notes[7] == std::vector{2000, 2000, 45, 64, 0});
  CHECK(notes[34] == std::vector{9333, 9972 - 9333, 72, 96, 1});
  CHECK(rows_of(song["bars"], 2) ==
        std::vector<std::vector<int>>{{0, 1}, {2000, 2}, {4000, 3}, {6000, 4}, {8000, 5}});
  CHECK(html.find("<th scope=\"row\">Key range</th><td>C2 to G5</td>") != std::string::npos);
  CHECK(html.find("<th scope=\"row\">Length</th><td>0:10</td>") != std::string::npos);
  CHECK(html.find("<th scope=\"row\">Notes per second</th><td>3.5</td>") != std::string::npos);
  CHECK(html.find("<th scope=\"row\">Tempo</th><td>90 bpm</td>") != std::string::npos);
  CHECK(html.find("<th scope=\"row\">Metre</th><td>3/4</td>") != std::string::npos);
}

TEST_CASE("The times of a long piece don't drift, and a note takes some 16 bytes", "[render][report]") {
  gruve::Song song = chorale(200);
  song.tempos = {{0, 461'538}};  // 130 bpm: a quarter is no whole number of milliseconds
  const nlohmann::json data = data_of(gruve::report_html(report_of(song)))["songs"][0];
  const auto notes = rows_of(data["notes"], 5);
  REQUIRE(notes.size() == song.notes.size());
  const auto milliseconds = [](std::int64_t tick) { return static_cast<double>(tick) * 461.538 / 480; };
  double worst = 0;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    const gruve::Note& note = song.notes[i];
    worst = std::max({worst, std::abs(notes[i][0] - milliseconds(note.start)),
                      std::abs(notes[i][0] + notes[i][1] - milliseconds(note.end))});
  }
  CHECK(worst < 0.5 + 1e-6);
  CHECK(rows_of(data["bars"], 2).back() == std::vector{1'383'229, 1000});  // 999 bars of 1384.614 ms
  CHECK(data["notes"].dump().size() < 17 * notes.size());
}

TEST_CASE("A report of several pieces has a list of them, and shows the first", "[render][report]") {
  gruve::Song one;
  one.notes = {{0, 480, 60, 80, 0}};
  one.length = 480 * 130;  // 65 s
  const gruve::Report report{
      .pieces = {{.title = "first", .song = chorale(), .facts = {{"Tokens", "321"}}},
                 {.title = "a & b", .song = one, .facts = {{"Tokens", "4"}, {"Piece", "2 of 3"}}},
                 {.title = "last"}},
      .settings = {{"Seed", "7"}}};
  const std::string html = gruve::report_html(report);
  const nlohmann::json songs = data_of(html)["songs"];
  REQUIRE(songs.size() == 3);
  CHECK(rows_of(songs[0]["notes"], 5).size() == 35);
  CHECK(rows_of(songs[1]["notes"], 5) == std::vector<std::vector<int>>{{0, 500, 60, 80, 0}});
  CHECK(songs[1]["duration"] == 65'000);
  CHECK(songs[2]["notes"].empty());

  CHECK(count_of(html, "type=\"radio\"") == 3);
  CHECK(count_of(html, " checked>") == 1);
  CHECK(count_of(html, "<section class=\"piece\">") == 1);
  CHECK(count_of(html, "<section class=\"piece\" hidden>") == 2);
  CHECK(html.find("<span>first</span><span class=\"about\">0:10 · 35 notes</span>") < html.find("a &amp; b"));
  CHECK(count_of(html, "<span>a &amp; b</span><span class=\"about\">1:05 · 1 note</span>") == 1);
  CHECK(count_of(html, "<span>last</span><span class=\"about\">0:00 · 0 notes</span>") == 1);
  CHECK(count_of(html, "hidden><h2>a &amp; b</h2>") == 1);
  CHECK(count_of(html, "<th scope=\"row\">Tokens</th><td>321</td>") == 1);
  CHECK(count_of(html, "<th scope=\"row\">Piece</th><td>2 of 3</td>") == 1);
  CHECK(count_of(html, "<th scope=\"row\">Seed</th>") == 1);

  CHECK(count_of(gruve::report_html(report_of(one)), "type=\"radio\"") == 0);
}

TEST_CASE("A piece of a report can be saved as the MIDI file that it is, and has its verdict in the list",
          "[render][report]") {
  const std::string html =
      gruve::report_html({.pieces = {{.title = "a", .song = chorale(), .verdict = "the <best>"},
                                     {.title = "b", .song = chorale()}}});
  CHECK(count_of(html, " · the &lt;best&gt;</span>") == 1);
  CHECK(count_of(html, "<span class=\"mark\"") == 2);
  const std::string text = data_of(html)["songs"][0]["midi"];
  // Decoded bit by bit.
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<bool> bits;
  for (const char c : text)
    for (int bit = 5; bit >= 0 && c != '='; --bit) bits.push_back((digits.find(c) >> bit & 1) != 0);
  const std::vector<std::byte> expected = gruve::midi_bytes(chorale());
  REQUIRE(text.size() == (expected.size() + 2) / 3 * 4);
  REQUIRE(bits.size() / 8 == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    int byte = 0;
    for (std::size_t bit = 0; bit < 8; ++bit) byte = 2 * byte + (bits[8 * i + bit] ? 1 : 0);
    if (byte != std::to_integer<int>(expected[i])) FAIL("byte " << i);
  }
  CHECK(gruve::internal::base64(std::as_bytes(std::span("f", 1))) == "Zg==");  // RFC 4648, section 10
  CHECK(gruve::internal::base64(std::as_bytes(std::span("fo", 2))) == "Zm8=");
  CHECK(gruve::internal::base64(std::as_bytes(std::span("foobar", 6))) == "Zm9vYmFy");
}

TEST_CASE("A report without a piece is refused, and nothing written", "[render][report]") {
  const auto path = std::filesystem::temp_directory_path() / "gruve_no_report_test.html";
  CHECK_THROWS_WITH(gruve::write_report({.title = "None"}, path), "a report needs at least one piece");
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("A report asks the network for nothing", "[render][report]") {
  const std::string html = gruve::report_html({.pieces = {{.song = chorale()}, {.song = chorale()}},
                                               .curve = gruve::TrainingCurve{{1}, {2}, {1}, {2}}});
  for (const char* const sign :
       {"http:", "https:", "src=", "url(", "@import", "fetch(", "XMLHttpRequest", "import("}) {
    INFO(sign);
    CHECK(count_of(html, sign) == 0);
  }
  CHECK(count_of(html, "href=") == 1);  // the empty icon
  CHECK(html.find("href=\"data:,\"") != std::string::npos);
  CHECK(html.find("default-src 'none'") != std::string::npos);
}

TEST_CASE("No text of a report can become markup or script", "[render][report]") {
  const std::string bad = "</script></title><script>alert('x')</script><!-- \" onload=\"y";
  const gruve::ReportPiece piece{.title = bad, .song = chorale(), .facts = {{bad, bad}}};
  const std::string html =
      gruve::report_html({.title = bad, .subtitle = bad, .pieces = {piece, piece}, .settings = {{bad, bad}}});
  CHECK(count_of(html, "<script") == 2);  // the data and the player
  CHECK(count_of(html, "</script") == 2);
  CHECK(count_of(html, "<!--") == 0);
  CHECK(count_of(html, "\" onload") == 0);
  CHECK(count_of(html, "&lt;script&gt;alert(&#39;x&#39;)") == 3 + 2 + 2 * 4);
  // The title twice and the subtitle; a setting's name and value; those of each piece's fact, and its title
  // in the list and above its table.
}

TEST_CASE("A training curve of steps that no double counts, or too near each other, is drawn in bounded size",
          "[render][report]") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& steps :
       {std::vector{1e16, 1e16 + 8}, {1e7, 1e7 + 2e-9}, {-1e300, 1e300}, {0.0, infinity}, {9e14, 9e14 + 1}})
    for (const std::vector<double>& losses : {std::vector{1.0, 2.0}, {1e300, -1e300}, {1e14, 1e14 + 1e-2}}) {
      const std::string svg = gruve::training_curve_svg({steps, losses, steps, losses});
      CHECK(svg.size() < 30'000);
      CHECK(svg.ends_with("</svg>"));
      CHECK(svg.find("nan") == std::string::npos);
    }
}

TEST_CASE("The training curve shows final and best losses", "[render][report]") {
  gruve::TrainingCurve curve;
  curve.step = {1, 2, 3};
  curve.train_loss = {4, 3, 2.5};
  curve.valid_step = {1, 2, 3};
  curve.valid_loss = {4.5, 3.25, 3.5};
  const std::string html = gruve::report_html({.pieces = {{.song = chorale()}}, .curve = curve});
  CHECK(html.find("train loss 2.5<") != std::string::npos);
  CHECK(html.find("validation loss 3.5, best 3.25 at step 2<") != std::string::npos);
  CHECK(count_of(html, "<circle") == 3);
}

TEST_CASE("The training curve maps losses to its axes", "[render][report]") {
  // x: steps 0 to 10 onto 62 to 804; y: losses 0 to 5, whose axis is 0 to 5, onto 284 to 12.
  const std::string svg = gruve::training_curve_svg({{0, 5, 10}, {5, 2.5, 0}, {}, {}});
  CHECK(svg.find("<path class=\"train\" d=\"M62 12L433 148L804 284\"/>") != std::string::npos);
  CHECK(svg.find("text-anchor=\"end\">5</text>") != std::string::npos);
  CHECK(count_of(svg, "class=\"raw\"") == 0);
}

TEST_CASE("Curves that are empty, constant, not finite or very long are still pictures", "[render][report]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(count_of(gruve::training_curve_svg({}), "<path") == 0);
  CHECK(count_of(gruve::training_curve_svg({{1}, {2}, {}, {}}), "<path") == 1);
  CHECK(count_of(gruve::training_curve_svg({{1, 2, 3}, {2, 2, 2}, {3}, {2}}), "<path") == 2);
  const std::string holes = gruve::training_curve_svg({{1, 2, 3}, {2, nan, INFINITY}, {1, 2}, {nan, 1}});
  CHECK(holes.find("nan") == std::string::npos);
  CHECK(holes.find("inf") == std::string::npos);
  gruve::TrainingCurve longest;
  for (int i = 0; i < 100'000; ++i) {
    longest.step.push_back(i);
    longest.train_loss.push_back(1 + i % 2);
  }
  const std::string svg = gruve::training_curve_svg(longest);
  CHECK(svg.size() < 60'000);
  CHECK(count_of(svg, "class=\"raw\"") == 1);
}

TEST_CASE("A report of an empty song is a page, and is written to its place", "[render][report]") {
  const auto path = std::filesystem::temp_directory_path() / "gruve_report_test.html";
  const gruve::Report report = report_of({});
  gruve::write_report(report, path);
  std::ifstream file(path, std::ios::binary);
  const std::string html{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  CHECK(html == gruve::report_html(report));
  CHECK(data_of(html)["songs"][0]["notes"].empty());
  CHECK(html.find("Key range") == std::string::npos);
  CHECK_THROWS_WITH(gruve::write_report(report, "/nonexistent/report.html"),
                    "/nonexistent/report.html: cannot write: No such file or directory");
}
