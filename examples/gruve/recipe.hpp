// Recipes: options of a command in a JSON file, such as {"hidden": 256, "context": ["index", "held"]}.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

/// Replaces `--recipe FILE`, after the name of one of the app's commands, by the options of the file; options
/// that are also among the arguments take precedence over the file's. Throws Error if the file is not a
/// recipe for that command.
std::vector<std::string> with_recipe(const CLI::App& app, const std::vector<std::string>& arguments);
