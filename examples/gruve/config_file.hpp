// The file of --config, checked before it is read.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

/// Throws Error with the line if the file of --config is not one that is read as it is meant: a regular file
/// of at most 1 MiB, whose sections are commands of the app and whose quotes are closed.
void check_config_file(const CLI::App& app, const std::string& path);
