// What is wrong with a command line, with the nearest right word.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

/// The message for a command line that CLI11 refused with `message`: unknown commands and options are named,
/// with the nearest known one.
std::string usage_error(const CLI::App& app, const std::vector<std::string>& arguments,
                        const std::string& message);

/// Makes every option that takes a number refuse those that are not finite, and negative ones where only
/// whole numbers from 0 are meant, which CLI11 takes modulo 2^64.
void check_numbers(CLI::App& app);

/// The number of letters to be inserted, removed, replaced or swapped with the next to make one word of
/// another. Source: Damerau 1964, "A technique for computer detection and correction of spelling errors".
std::size_t edit_distance(const std::string& a, const std::string& b);
