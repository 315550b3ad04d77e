// Pieces as sound: the best synthesizer there is, one loudness, and the format that a file's name asks for.
#pragma once

#include <string>

#include "gruve/midi/song.hpp"
#include "gruve/render/wav.hpp"

/// A sound, and what played it.
struct PlayedSong {
  gruve::Sound sound;
  std::string synth;  // "FluidSynth with FluidR3_GM.sf2", "the built-in piano"
};

/// Plays a song with FluidSynth where it is installed with a sound font, otherwise with the built-in
/// instrument, at a loudness of -18 LUFS. Throws Error as synthesize() and find_sound_font() do.
PlayedSong play(const gruve::Song& song, bool builtin_tone);

/// Throws Error if the name's extension is none of .wav, .flac, .ogg, or of a format that this build has not.
void require_sound_format(const std::string& path);

/// Writes a sound in the format of the name's extension. Throws Error as require_sound_format() does, or if
/// the file can't be written.
void write_sound(const gruve::Sound& sound, const std::string& path);
