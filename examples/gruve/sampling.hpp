// How tokens are drawn, as options of the commands that generate.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "gruve/generate/controls.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/midi/song.hpp"

struct SamplingArguments {
  // With these, pieces are nearer to the songs than with others: docs/results.md.
  gruve::SamplerOptions sampler{.temperature = 0.9f, .return_temperature = 0.8f};
  gruve::ControlOptions controls;  // its scale is set by controls_of()
  std::string scale;
  bool is_within = false;  // whether the measures of each minute must be in ranges
  std::string within;      // those of this corpus; if empty, those that the model keeps
};

/// Adds the options. `options` must outlive the parsing of the command line.
///
/// songs  whose ranges --within takes if it names no others, for the help
void add_sampling(CLI::App& command, SamplingArguments& options,
                  const std::string& songs = "the songs that the model was trained on");

/// Puts them under titles of their own in the help, all but --within.
void group_sampling(CLI::App& command);

/// The controls with the scale. Throws Error if the name of the scale is unknown.
gruve::ControlOptions controls_of(const SamplingArguments& options);
