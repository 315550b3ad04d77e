#include "config_file.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

// Whether a quote that one of a line's values begins with has no other end than the line's or a comment's
// beginning. A quote inside a value, such as an apostrophe, is none.
bool has_open_quote(std::string_view values) {
  values = values.substr(0, values.find('#'));
  bool begins = true;  // a value
  for (std::size_t i = 0; i < values.size(); ++i) {
    const char c = values[i];
    if (begins && (c == '"' || c == '\'' || c == '`')) {
      std::size_t end = values.find(c, i + 1);
      while (end != std::string_view::npos && values[end - 1] == '\\') end = values.find(c, end + 1);
      if (end == std::string_view::npos) return true;
      i = end;
    }
    begins = c == ' ' || c == ',' || c == '[';
  }
  return false;
}

}  // namespace

void check_config_file(const CLI::App& app, const std::string& path) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  const gruve::MappedFile file(path);
  std::string_view rest(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  if (rest.size() > kMost)
    throw gruve::Error(path, "has " + std::to_string(rest.size()) + " bytes, expected at most " +
                                 std::to_string(kMost) + " of a file of options");
  bool in_list = false;  // that goes on from the line before
  for (int number = 1; !rest.empty(); ++number) {
    const std::string_view line = trimmed(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    const auto fail = [&](const std::string& reason) {
      throw gruve::Error(path, "line " + std::to_string(number) + ": " + reason);
    };
    const auto require_command = [&](std::string_view name) {
      const auto is_named = [&](const CLI::App* command) { return command->get_name() == name; };
      if (app.get_subcommands(is_named).empty())
        fail("there is no command " + gruve::internal::shown_text(name));
    };
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (in_list) {
      if (has_open_quote(line)) fail("a quote is not closed");
      in_list = line.back() != ']';
      continue;
    }
    if (line[0] == '[') {
      const std::string_view name = trimmed(line.substr(1, std::min(line.find(']'), line.size()) - 1));
      if (line.back() != ']') fail("a section is not closed");
      if (name != "default") require_command(name);
      continue;
    }
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view name = trimmed(line.substr(0, equals));
    if (const std::size_t dot = name.find('.'); dot != std::string_view::npos) {
      require_command(name.substr(0, dot));
      if (name.find('.', dot + 1) != std::string_view::npos)
        fail("there is no option " + gruve::internal::shown_text(name));
    }
    if (equals == line.size()) continue;
    const std::string_view values = trimmed(line.substr(equals + 1));
    if (has_open_quote(values)) fail("a quote is not closed");
    in_list = values.size() > 1 && values[0] == '[' && values.back() != ']';
  }
}
