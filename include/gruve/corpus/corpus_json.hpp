#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"

namespace gruve::inline v0_1::internal {

// The members of a JSON object as their texts, which are checked as parse_json() checks them: so a large one
// that is only kept or passed on takes no more memory than its text. Throws Error as parse_json() does, and
// if the text is no object.
inline std::map<std::string, std::string_view> members_of(std::string_view text, const std::string& file,
                                                          const std::string& what, std::uint64_t at) {
  if (text.starts_with("\xEF\xBB\xBF")) throw Error(file, at, what + " begins with a byte-order mark");
  if (text.find('\0') != std::string_view::npos) throw Error(file, at, what + " holds a NUL byte");
  JsonCheck check;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &check))
    throw Error(file, at, what + check.wrong);

  // From here on it is JSON: brackets are in pairs, and a quote ends where no backslash is before it.
  std::size_t i = 0;
  const auto skip_space = [&] { i = (std::min)(text.find_first_not_of(" \t\r\n", i), text.size()); };
  const auto skip_string = [&] {
    for (++i; text[i] != '"'; ++i)
      if (text[i] == '\\') ++i;
    ++i;
  };
  std::map<std::string, std::string_view> members;
  skip_space();
  if (text[i] != '{') throw Error(file, at, what + " is not a JSON object");
  for (++i; skip_space(), text[i] != '}';) {
    const std::size_t name = i;
    skip_string();
    const std::string key = nlohmann::json::parse(text.substr(name, i - name)).get<std::string>();
    i = text.find(':', i) + 1;
    skip_space();
    const std::size_t begin = i;
    for (int depth = 0; depth > 0 || (text[i] != ',' && text[i] != '}');) {
      if (text[i] == '"') {
        skip_string();
        continue;
      }
      if (text[i] == '[' || text[i] == '{') ++depth;
      if (text[i] == ']' || text[i] == '}') --depth;
      ++i;
    }
    members.emplace(key, text.substr(begin, text.find_last_not_of(" \t\r\n", i - 1) + 1 - begin));
    if (text[i] == ',') ++i;
  }
  return members;
}

}  // namespace gruve::inline v0_1::internal
