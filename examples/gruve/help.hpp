// The layout of the help: names, what they take, then the text with range and default, wrapped.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override;
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

/// What an option takes, in a word: NUMBER, TEXT, or its choices; nothing for a flag.
std::string value_of(const CLI::Option& option);

/// The words that an option takes, if there are only some.
std::vector<std::string> choices_of(const CLI::Option& option);

/// The description of an option, with its range and its default.
std::string description_of(const CLI::Option& option);
