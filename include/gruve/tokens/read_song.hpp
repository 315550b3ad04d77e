#pragma once

#include <filesystem>
#include <type_traits>
#include <utility>

#include "gruve/core/error.hpp"
#include "gruve/core/system_files.hpp"
#include "gruve/midi/midi_file.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/sustain.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/screening.hpp"
#include "gruve/tokens/token_encoder.hpp"

namespace gruve::inline v0_2 {

/// How the music of a MIDI file is read: for a corpus, as a primer, to be looked at.
struct SongOptions {
  MidiOptions midi{};            // how the bytes are read
  bool sustain = false;          // whether the pedal lengthens notes: apply_sustain()
  ScreeningOptions screening{};  // which songs are accepted, and how notes are changed
};

/// The rules for the songs of an encoder: on its grid, and with drums if it has channels
/// (EventOptions::channels).
///
/// options  the other rules
template <MusicEncoder Encoder>
ScreeningOptions screening_for(const Encoder& encoder, ScreeningOptions options) {
  options.steps_per_quarter = encoder.steps_per_quarter();
  const EventEncoder* events = nullptr;
  if constexpr (std::is_same_v<Encoder, EventEncoder>)
    events = &encoder;
  else if constexpr (requires { encoder.template get_if<EventEncoder>(); })
    events = encoder.template get_if<EventEncoder>();
  options.keep_drums = options.keep_drums || (events != nullptr && events->options().channels);
  return options;
}

/// The music of a MIDI file as it is encoded, and the verdict on it: apply_sustain(), then screen(). Throws
/// Error as screen() does.
inline Screening screen(MidiFile midi, const SongOptions& options) {
  if (options.sustain) apply_sustain(midi.song);
  return screen(std::move(midi.song), options.screening);
}

/// The music of a MIDI file as it is encoded. Throws Error if the file can't be read, or if a rule refuses
/// it.
inline Song read_song(const std::filesystem::path& path, const SongOptions& options = {}) {
  Screening screening = screen(read_midi(path, options.midi), options);
  if (!screening.accepted()) internal::raise(Error(internal::utf8(path), screening.detail));
  return std::move(screening.song);
}

}  // namespace gruve::inline v0_2
