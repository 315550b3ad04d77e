#include "help.hpp"

#include <algorithm>
#include <cstddef>
#include <sstream>

namespace {

constexpr std::size_t kColumn = 30, kWidth = 100;

// "  name   text", with the text wrapped beside the names, or below them if they are long.
std::string entry(const std::string& name, const std::string& text) {
  std::string line = "  " + name, out;
  if (line.size() + 2 > kColumn) {
    out = line + "\n";
    line.clear();
  }
  line.resize(kColumn, ' ');
  std::istringstream words(text);
  bool is_first = true;
  for (std::string word; words >> word;) {
    if (!is_first && line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = std::string(kColumn, ' ');
      is_first = true;
    }
    line += (is_first ? "" : " ") + word;
    is_first = false;
  }
  return out + line + "\n";
}

// What is between two marks in the type, which CLI11 writes as "TEXT:{a,b}" and "FLOAT:FLOAT in [0 - 1]".
std::string between(const std::string& type, char begin, char end) {
  const std::size_t from = type.find(begin), to = type.find(end);
  return from == std::string::npos || to == std::string::npos ? "" : type.substr(from + 1, to - from - 1);
}

}  // namespace

std::vector<std::string> choices_of(const CLI::Option& option) {
  std::vector<std::string> words;
  std::istringstream list(between(option.get_type_name(), '{', '}'));
  for (std::string word; std::getline(list, word, ',');) words.push_back(word);
  return words;
}

std::string value_of(const CLI::Option& option) {
  if (option.get_expected_max() == 0) return "";
  std::string text;
  for (const std::string& choice : choices_of(option)) text += (text.empty() ? "" : "|") + choice;
  const std::string type = option.get_type_name();
  if (text.empty()) text = type.starts_with("TEXT") || type.empty() ? "TEXT" : "NUMBER";
  return option.get_expected_min() == 0 ? "[" + text + "]" : text;
}

std::string description_of(const CLI::Option& option) {
  std::string notes;
  const auto note = [&](const std::string& text) { notes += (notes.empty() ? "" : "; ") + text; };
  if (option.get_required()) note("required");
  std::string range = between(option.get_type_name(), '[', ']');
  if (const std::size_t to = range.find(" - "); to != std::string::npos) note(range.replace(to, 3, " to "));
  const std::string value = option.get_default_str();
  if (!value.empty() && value != "[]" && value != "false" && value != "true") note("default " + value);
  return option.get_description() + (notes.empty() ? "" : " [" + notes + "]");
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  std::string name = option->get_name(is_positional);
  name = name.substr(0, name.find(",!"));  // the flag's opposite is in its text
  const std::string value = is_positional ? "" : value_of(*option);
  for (std::size_t at = 0; (at = name.find(',', at)) != std::string::npos; at += 2) name.insert(at + 1, 1, ' ');
  if (!value.empty()) name.append(" ").append(value);
  return entry(name, description_of(*option));
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), command->get_description());
}

std::string HelpFormatter::make_group(std::string group, bool is_positional,
                                      std::vector<const CLI::Option*> options) const {
  // CLI11 puts an empty line between groups, not before the first.
  std::string text = (is_positional || group == "Options" ? "\n" : "") + group + ":\n";
  for (const CLI::Option* const option : options) text += make_option(option, is_positional);
  return text;
}
