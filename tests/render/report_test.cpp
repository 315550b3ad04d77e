#include "gruve/render/report.hpp"

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "chorale.hpp"
#include "count_of.hpp"

namespace {

nlohmann::json song_data(const std::string& html) {
  const std::string_view begin = "<script id=\"song\" type=\"application/json\">";
  const std::size_t from = html.find(begin) + begin.size();
  return nlohmann::json::parse(html.substr(from, html.find("</script>", from) - from));
}

}  // namespace

TEST_CASE("A report holds the notes in seconds and the piece in numbers", "[render][report]") {
  const std::string html = gruve::report_html({.title = "Chorale", .song = chorale()});
  const nlohmann::json song = song_data(html);
  CHECK(song["duration"] == 10.0);
  CHECK(song["notes"].size() == 35);
  CHECK(song["notes"][0] == nlohmann::json::parse("[0, 2, 48, 64, 0]"));  // 3 quarters at 90 bpm
  CHECK(song["bars"].size() == 5);
  CHECK(song["bars"][4] == nlohmann::json::parse("[8, 5]"));
  CHECK(song["colors"].size() == 12);
  CHECK(html.find("<th scope=\"row\">Key range</th><td>C2 to G5</td>") != std::string::npos);
  CHECK(html.find("<th scope=\"row\">Length</th><td>0:10</td>") != std::string::npos);
  CHECK(html.find("<th scope=\"row\">Notes per second</th><td>3.5</td>") != std::string::npos);
  CHECK(html.find("<th scope=\"row\">Tempo</th><td>90 bpm</td>") != std::string::npos);
  CHECK(html.find("<th scope=\"row\">Metre</th><td>3/4</td>") != std::string::npos);
}

TEST_CASE("A report asks the network for nothing", "[render][report]") {
  const std::string html =
      gruve::report_html({.song = chorale(), .curve = gruve::TrainingCurve{{1}, {2}, {1}, {2}}});
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
  const std::string html =
      gruve::report_html({.title = bad, .subtitle = bad, .song = chorale(), .settings = {{bad, bad}}});
  CHECK(count_of(html, "<script") == 2);  // the data and the player
  CHECK(count_of(html, "</script") == 2);
  CHECK(count_of(html, "<!--") == 0);
  CHECK(count_of(html, "\" onload") == 0);
  CHECK(count_of(html, "&lt;script&gt;alert(&#39;x&#39;)") == 5);  // title twice, subtitle, name and value
}

TEST_CASE("The training curve shows final and best losses", "[render][report]") {
  gruve::TrainingCurve curve;
  curve.step = {1, 2, 3};
  curve.train_loss = {4, 3, 2.5};
  curve.valid_step = {1, 2, 3};
  curve.valid_loss = {4.5, 3.25, 3.5};
  const std::string html = gruve::report_html({.song = chorale(), .curve = curve});
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
  const gruve::Report report{.title = "Nothing"};
  gruve::write_report(report, path);
  std::ifstream file(path, std::ios::binary);
  const std::string html{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  CHECK(html == gruve::report_html(report));
  CHECK(song_data(html)["notes"].empty());
  CHECK(html.find("Key range") == std::string::npos);
  CHECK_THROWS_WITH(gruve::write_report(report, "/nonexistent/report.html"),
                    "/nonexistent/report.html: cannot write: No such file or directory");
}
