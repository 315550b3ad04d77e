// Where the program's commands get the songs to train on or to judge by.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "gruve/corpus/build_corpus.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/any_encoder.hpp"

/// The options of a command that makes tokens of files.
void add_build_options(CLI::App& command, gruve::BuildOptions& build);

/// The études where there is no path; a corpus file mapped; else a corpus built in memory of files and
/// folders.
gruve::Corpus open_corpus(const std::vector<std::string>& paths, const gruve::BuildOptions& options,
                          bool quiet);

/// "24 timesteps per quarter note" and the like.
std::string describe(const gruve::AnyEncoder& encoder);
