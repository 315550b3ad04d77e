#pragma once

#include <filesystem>

#include "gruve/core/once.hpp"
#include "gruve/corpus/corpus.hpp"

namespace gruve::inline v0_2 {

/// Whether a path is a file whose name ends in .json.
GRUVE_ONCE bool is_polyphonic_json(const std::filesystem::path& path);

/// Reads a polyphonic data set into a corpus in memory, in the JSON form in which those of
/// Boulanger-Lewandowski et al. 2012 (arXiv:1206.6392) are distributed:
///
///   {"train": […], "valid": […], "test": […]}
///
/// Each is a list of sequences, a sequence is a list of timesteps, and a timestep is the list of the MIDI
/// keys (21 to 108) that sound in it. The splits are the file's own. The files do not distinguish held keys
/// from repeated ones: a key that sounds in consecutive timesteps is read as one held note.
///
/// Throws Error with the number of the sequence if the file does not have this form, or is nested deeper than
/// 64 levels.
///
/// steps_per_quarter  timesteps per quarter note; it affects only the tempo of decoded songs
GRUVE_ONCE Corpus read_polyphonic_json(const std::filesystem::path& path, int steps_per_quarter = 4);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/polyphonic_json.inc"
#endif
