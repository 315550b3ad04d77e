// What the program says of itself, made from its options alone: groups and examples of the help, a man page,
// completion for shells, variables of the environment.
#pragma once

#include <initializer_list>
#include <string>

#include <CLI/CLI.hpp>

/// Puts options of a command under a title in its help.
void group(CLI::App& command, const std::string& title, std::initializer_list<const char*> options);

/// Ends a command's help with examples, a line each.
void add_examples(CLI::App& command, std::initializer_list<const char*> lines);

/// Adds the commands `man` and `completion`. `app` must outlive the parsing.
void add_manual(CLI::App& app);

/// The variable that gives an option: GRUVE_TOP_K for --top-k.
std::string variable_of(const CLI::Option& option);

/// Lets each option with a name be given by its variable. What is given on the command line or in a file
/// counts instead.
void use_variables(CLI::App& app);

/// Removes the variables again, so that the help does not repeat them at each option.
void hide_variables(CLI::App& app);
