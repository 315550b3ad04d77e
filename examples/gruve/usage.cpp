#include "usage.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({replaced, d[i - 1][j] + 1, d[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

namespace {

// ", did you mean WORD?" if one of the words is near.
std::string nearest_word(const std::string& word, const std::vector<std::string>& words) {
  std::string best;
  std::size_t least = 1 + word.size() / 3;
  for (const std::string& each : words)
    if (const std::size_t distance = edit_distance(word, each); distance <= least) {
      if (distance == least && !best.empty()) continue;
      least = distance;
      best = each;
    }
  return best.empty() ? "" : "; did you mean " + best + "?";
}

}  // namespace

void check_numbers(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    for (CLI::Option* option : command->get_options([](const CLI::Option*) { return true; })) {
      if (option->get_type_name().find("FLOAT") != std::string::npos)
        option->check([](const std::string& text) {
          double value = 0;
          return CLI::detail::lexical_cast(text, value) && !std::isfinite(value)
                     ? text + " is not a finite number"
                     : std::string();
        });
      if (option->get_type_name().find("INT") != std::string::npos)
        option->check([](const std::string& text) {  // which CLI11 would take for the largest number
          const std::string_view digits = std::string_view(text).substr(text.starts_with("-") ? 1 : 0);
          std::uint64_t value = 0;
          return std::from_chars(digits.data(), digits.data() + digits.size(), value).ec ==
                         std::errc::result_out_of_range
                     ? text + " is too large a number"
                     : std::string();
        });
      if (option->get_type_name().find("UINT") != std::string::npos)
        option->check([](const std::string& text) {
          return text.starts_with("-") ? text + " is negative, expected a whole number from 0"
                                       : std::string();
        });
    }
}

std::string usage_error(const CLI::App& app, const std::vector<std::string>& arguments,
                        const std::string& message) {
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    commands.push_back(command->get_name());
  if (arguments.empty()) return "which command? gruve --help lists them";
  const std::string unread = "INI was not able to parse ";
  if (message.starts_with(unread)) {
    // "generate.temperatur"
    const std::string whole = message.substr(unread.size());
    std::vector<std::string> options;
    for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; }))
      if (whole.starts_with(each->get_name() + "."))
        for (const CLI::Option* option : each->get_options([](const CLI::Option*) { return true; }))
          for (const std::string& long_name : option->get_lnames()) options.push_back(long_name);
    return "has " + whole + ", which is no option" +
           nearest_word(whole.substr(whole.find_last_of('.') + 1), options);
  }
  const std::string& name = arguments.front();
  const auto known = std::find(commands.begin(), commands.end(), name);
  if (known == commands.end())
    return name.starts_with("-") ? message : "no command " + name + nearest_word(name, commands);
  const CLI::App* command = app.get_subcommand(name);
  std::vector<std::string> options;
  for (const CLI::App* each : {command, &app})
    for (const CLI::Option* option : each->get_options([](const CLI::Option*) { return true; }))
      for (const std::string& long_name : option->get_lnames()) options.push_back("--" + long_name);
  for (const std::string& argument : arguments) {
    if (!argument.starts_with("--") || argument == "--") continue;
    const std::string option = argument.substr(0, argument.find('='));
    if (std::find(options.begin(), options.end(), option) == options.end())
      return name + " has no option " + option + nearest_word(option, options);
  }
  // CLI11 has the largest double as the end of the range of a positive number.
  const std::size_t range = message.find(" not in range 0.000000 to 17976931348623157");
  return range == std::string::npos ? message : message.substr(0, range) + " is not a positive number";
}
