// How tokens are drawn, as options of the commands that generate.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "gruve/generate/controls.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/midi/song.hpp"

struct SamplingArguments {
  gruve::SamplerOptions sampler;
  gruve::ControlOptions controls;  // its metre and scale are set by controls_of()
  std::string scale;
  std::string within;  // a corpus whose minutes those of pieces must be like: see within.hpp
};

/// What is set must outlive the parsing.
void add_sampling(CLI::App& command, SamplingArguments& options);

/// The controls for music in a metre. Throws Error where the scale is none.
gruve::ControlOptions controls_of(const SamplingArguments& options, const gruve::TimeSignature& metre);
