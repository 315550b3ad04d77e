// Recipes: options of a command in a JSON file, {"hidden": 256, "context": ["index", "held"], "variational": true}.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

/// The arguments with `--recipe FILE`, behind the name of one of the app's commands, replaced by the options
/// that stand in the file; what is among the arguments besides counts instead. Throws Error on a file that is
/// no recipe for that command.
std::vector<std::string> with_recipe(const CLI::App& app, const std::vector<std::string>& arguments);
