// "-" as a file's name: the standard input or output.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "gruve/midi/midi_file.hpp"

/// The name in an Error or a table: "standard input" for "-".
std::string input_name(const std::string& path);

/// The bytes of a file, or of the standard input. Throws Error if they can't be read, and if the standard input
/// has more than 256 MiB.
std::vector<std::byte> read_bytes(const std::string& path);

/// read_midi() of a file, or of the standard input.
gruve::MidiFile read_midi_input(const std::string& path, const gruve::MidiOptions& options = {});

/// Writes a file atomically, or to the standard output. Throws Error if it can't be written.
void write_output(const std::string& path, std::span<const std::byte> bytes);
