#include "gruve/render/markup.hpp"

#include <cmath>
#include <string>

#include "catch.hpp"

TEST_CASE("Markup characters become entities", "[render][markup]") {
  CHECK(gruve::escape_markup("a < b && c > \"d\" 'e'") ==
        "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;");
  CHECK(gruve::escape_markup("</script>") == "&lt;/script&gt;");
  CHECK(gruve::escape_markup("") == "");
}

TEST_CASE("Valid UTF-8 stays as it is", "[render][markup]") {
  const std::string text = "Étude in C♯ \xF0\x9F\x8E\xB9 \xF4\x8F\xBF\xBD";  // two, three and four bytes
  CHECK(gruve::escape_markup(text) == text);
}

TEST_CASE("What XML may not hold becomes U+FFFD", "[render][markup]") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(gruve::escape_markup(std::string("a\0b\x1F\x7F\t\n", 7)) == "a" + bad + "b" + bad + bad + "\t\n");
  CHECK(gruve::escape_markup("\x80") == bad);                                // a continuation byte alone
  CHECK(gruve::escape_markup("\xC3") == bad);                                // cut off
  CHECK(gruve::escape_markup("\xC3<") == bad + "&lt;");                      // cut off before markup
  CHECK(gruve::escape_markup("\xC0\xAF") == bad + bad);                      // overlong
  CHECK(gruve::escape_markup("\xED\xA0\x80") == bad + bad + bad);            // a surrogate
  CHECK(gruve::escape_markup("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // above U+10FFFF
  CHECK(gruve::escape_markup("\xEF\xBF\xBF") == bad + bad + bad);            // U+FFFF
}

TEST_CASE("Decimals have no zeros at the end and are always a number", "[render][markup]") {
  CHECK(gruve::decimal(12.5) == "12.5");
  CHECK(gruve::decimal(12) == "12");
  CHECK(gruve::decimal(100, 0) == "100");
  CHECK(gruve::decimal(0.126, 2) == "0.13");
  CHECK(gruve::decimal(-0.001, 2) == "0");
  CHECK(gruve::decimal(NAN) == "0");
  CHECK(gruve::decimal(INFINITY) == "0");
}

TEST_CASE("Times and keys are named as musicians name them", "[render][markup]") {
  CHECK(gruve::clock_time(0) == "0:00");
  CHECK(gruve::clock_time(185.2) == "3:05");
  CHECK(gruve::clock_time(3723) == "1:02:03");
  CHECK(gruve::pitch_name(60) == "C4");
  CHECK(gruve::pitch_name(69) == "A4");
  CHECK(gruve::pitch_name(21) == "A0");
  CHECK(gruve::pitch_name(108) == "C8");
  CHECK(gruve::pitch_name(0) == "C-1");
}
