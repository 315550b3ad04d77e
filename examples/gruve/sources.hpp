// The songs that the program's commands train on or evaluate with.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "gruve/corpus/build_corpus.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/any_encoder.hpp"

/// Adds the options of a command that reads MIDI files: the same for all of them.
void add_reading_options(CLI::App& command, gruve::SongOptions& reading);

/// Adds the options of a command that encodes files, with those of reading them.
void add_build_options(CLI::App& command, gruve::BuildOptions& build);

/// The options that encode files with a model's encoder.
gruve::BuildOptions build_options_of(const gruve::AnyEncoder& encoder, const gruve::SongOptions& reading,
                                     int threads);

/// Files that the program itself reads: a recipe, a configuration.
std::vector<std::string>& also_read();

/// Throws Error if a file to be written is also read, however their paths are spelt; also_read() are read
/// too. Empty names are ignored.
void require_not_read(const std::vector<std::string>& outputs, const std::vector<std::string>& inputs);

/// The études if there is no path; one corpus file, mapped; otherwise a corpus built in memory from files and
/// folders.
gruve::Corpus open_corpus(const std::vector<std::string>& paths, const gruve::BuildOptions& options,
                          bool quiet);

/// "24 timesteps per quarter note" and the like.
std::string describe(const gruve::AnyEncoder& encoder);

/// Takes the encoder that fits the files (suggested_encoding()), unless --encoder is given. What is given
/// holds. Returns what was chosen and why, or nothing. Throws Error if a path does not exist.
std::string fit_encoding(const CLI::App& command, const std::vector<std::string>& paths,
                         gruve::BuildOptions& build);

/// The ranges of the measures of a corpus of music, as its file keeps them: measured, if it keeps none. Empty
/// if no song can be measured.
std::string measures_of(const gruve::Corpus& corpus, int threads, bool quiet);
