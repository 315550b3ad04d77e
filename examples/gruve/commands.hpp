// The commands of the program. Each adds its options to the app and runs as the subcommand's callback; what
// it throws becomes one line on stderr and exit code 1, or that of its class below.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "gruve/core/error.hpp"
#include "gruve/kernels/kernels.hpp"

/// A training that a signal ended: exit code 128 and the signal's number, as of a program that dies of it.
struct Interrupted : gruve::Error {
  Interrupted(int number, const std::string& reason) : Error(reason), signal(number) {}
  int signal;
};

/// Options that no input makes right: exit code 2.
struct Usage : gruve::Error {
  using Error::Error;
};

/// A training that diverged: exit code 3.
struct Diverged : gruve::Error {
  using Error::Error;
};

/// A name or a text of a file as a terminal may show it: its control characters are written as \x1b.
inline std::string shown(std::string_view text) { return gruve::internal::printable(text, 4096); }

/// A check of an option: what is wrong with its text is what check(text) throws as Error.
template <class Check>
auto checked_by(Check check) {
  return [check](const std::string& text) {
    try {
      check(text);
      return std::string();
    } catch (const gruve::Error& error) {
      return std::string(error.what());
    }
  };
}

void add_compose(CLI::App& app);
void add_inspect(CLI::App& app);
void add_prepare(CLI::App& app);
void add_train(CLI::App& app);
void add_tune(CLI::App& app);
void add_generate(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_judge(CLI::App& app);
void add_measure(CLI::App& app);
void add_listen(CLI::App& app);
void add_convert(CLI::App& app);
void add_import(CLI::App& app);
void add_export(CLI::App& app);
void add_bench(CLI::App& app);

/// --precision; what it sets must outlive the parsing.
inline CLI::Option* add_precision(CLI::App& command, gruve::kernels::Precision& precision,
                                  const std::string& help, const std::vector<std::string>& names) {
  return command
      .add_option_function<std::string>(
          "--precision",
          [&precision](const std::string& name) { precision = *gruve::kernels::precision_from_name(name); },
          help)
      ->check(CLI::IsMember(names))
      ->default_str("fp32");
}
