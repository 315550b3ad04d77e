// The commands of the program. Each adds its options to the app and runs as the subcommand's callback; what
// it throws becomes one line on stderr and exit code 1.
#pragma once

#include <CLI/CLI.hpp>

void add_compose(CLI::App& app);
void add_inspect(CLI::App& app);
void add_prepare(CLI::App& app);
void add_train(CLI::App& app);
void add_generate(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_bench(CLI::App& app);
