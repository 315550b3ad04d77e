// The options of `gruve generate`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "gruve/kernels/kernels.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/read_song.hpp"
#include "sampling.hpp"

struct GenerateArguments : SamplingArguments {
  std::vector<std::string> models;
  std::string style;
  std::string out;
  std::string primer;
  std::string wav;
  std::string svg;
  std::string report;
  std::optional<double> seconds;
  std::optional<int> bars;
  std::optional<std::size_t> tokens;
  std::optional<double> tempo;
  gruve::SongOptions reading;
  bool builtin_tone = false;
  bool whole_bars = false;
  bool whole_primer = false;
  std::string metre;
  std::string form;
  std::uint64_t seed = 1;
  int count = 1;
  int best_of = 0;  // pieces generated for each one kept; 0 if it is not given
  bool livelier = false;
  bool calmer = false;
  bool louder = false;
  bool softer = false;
  int threads = 0;
  gruve::kernels::Precision precision = gruve::kernels::Precision::fp32;
  bool json = false;
};

/// The metre of a text such as "3/4". Throws Error on any other.
gruve::TimeSignature metre_of(const std::string& text);

/// Adds the options. `options` must outlive the parsing of the command line.
void add_generate_options(CLI::App& command, GenerateArguments& options);
