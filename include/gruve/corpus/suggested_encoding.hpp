#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "gruve/core/once.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/read_song.hpp"

namespace gruve::inline v0_2 {

/// How files may be encoded, and why.
struct SuggestedEncoding {
  EncoderKind encoder = EncoderKind::event;  // of the files
  EventOptions event{.form = true};          // of EncoderKind::event
  std::string reason{};                      // one line: what was looked at and what follows
};

/// An encoder that fits files, by their names and by up to 64 of the MIDI files, evenly chosen.
///
/// - Only text files, or only files of ids: their encoder. Otherwise MIDI files, as events.
/// - Velocity tokens, if half of the songs are struck with eight velocities or more.
/// - Tempo tokens, if half of the songs change their tempo, or if their tempos are a fifth apart or more.
/// - Tokens for channels and programs, if half of the songs have drums or several programs.
/// - Tokens for the sustain pedal, if half of the songs press it four times or more, unless it lengthens
/// notes
///   (SongOptions::sustain).
/// - Tokens for the form: trials say that they cost nothing and that pieces return to their parts
///   (docs/results.md).
///
/// The grid stays that of EventOptions: a coarser one where it suffices costs and gains nothing
/// (docs/results.md).
///
/// Throws Error if one of `paths` does not exist.
GRUVE_ONCE SuggestedEncoding suggested_encoding(std::span<const std::filesystem::path> paths,
                                                SongOptions options = {});

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/corpus/suggested_encoding.inc"
#endif
