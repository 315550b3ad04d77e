#include "gruve/core/json.hpp"

#include <string>

#include "catch.hpp"

using gruve::internal::json_fault;
using gruve::internal::json_of;
using gruve::internal::kDeepest;
using gruve::internal::text_of;

TEST_CASE("All kinds of JSON values are read, and written as they were", "[core][json]") {
  for (const char* text :
       {"null", "true", "false", "-7", "7", "-1.5", "18446744073709551615", R"("a\u0001")",
        R"([[],{},[-7,7,-1.5,null,true]])", R"({"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3}})"}) {
    INFO(text);
    CHECK(json_fault(text).empty());
    CHECK(text_of(json_of(text)) == text);
  }
}

TEST_CASE("JSON may be as deep as is said, with a key once in each object", "[core][json]") {
  const auto nested = [](int depth, const std::string& open, const std::string& close) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    if (open != "[") text += '1';
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  // Before the deepest come others that have ended.
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    const std::string before = "[" + nested(40, open, close) + ",";
    CHECK(json_fault(nested(kDeepest, open, close)).empty());
    CHECK(json_fault(before + nested(kDeepest - 1, open, close) + "]").empty());
    CHECK(json_fault(nested(kDeepest + 1, open, close)) == " is nested deeper than 64 levels");
  }
  CHECK(json_fault(std::string(100'000, '[')) == " is nested deeper than 64 levels");
  CHECK(json_fault(R"({"a":1,"b":{"a":2},"a":3})") == " has the key \"a\" twice");
  CHECK(json_fault(R"({"a":{"b":1},"c":{"b":1,"b":1}})") == " has the key \"b\" twice");
  CHECK(json_fault("[1,\n 2,\n  3 4]") == " is not JSON at line 3, column 5");
  CHECK(json_fault("[x") == " is not JSON at line 1, column 2");
  for (const char* text : {"", "[", "{\"a\"}", "01", "nul", "[1,]", "1 2"})
    CHECK(json_fault(text).starts_with(" is not JSON at line 1, column "));
}
