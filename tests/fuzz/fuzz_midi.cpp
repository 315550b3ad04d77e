// Any bytes as a MIDI file: read in both ways, and what was read is screened, encoded, decoded and written.
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "fuzz.hpp"
#include "gruve/core/error.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/midi/sustain.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/screening.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

using namespace gruve;
using gruve::tests::require;

namespace {

template <class Encoder>
void round_trip(const Encoder& encoder, const Song& song) {
  const std::vector<Token> tokens = encoder.encode(song);
  require(count_violations(encoder, std::span<const Token>(tokens)) == 0, "what is encoded is allowed");
  require(encoder.encode(encoder.decode(tokens)) == tokens, "what is decoded is encoded alike");
}

void use(MidiFile midi) {
  for (const Note& note : midi.song.notes) {
    require(0 <= note.start && note.start <= note.end && note.end <= midi.song.length,
            "a note within its song");
    require(0 <= note.pitch && note.pitch <= 127 && 1 <= note.velocity && note.velocity <= 127,
            "a note's numbers");
  }
  for (std::size_t i = 1; i < midi.song.notes.size(); ++i)
    require(!earlier(midi.song.notes[i], midi.song.notes[i - 1]), "notes in order");
  apply_sustain(midi.song);
  // A short grid keeps a hostile length cheap.
  for (const bool drop : {false, true}) {
    const ScreeningOptions options = {
        .steps_per_quarter = 4, .drop_out_of_range = drop, .drop_too_short = drop, .max_quarters = 500};
    const Screening screening = screen(midi.song, options);
    if (!screening.accepted()) continue;
    if (!drop)
      require(screen(screening.song, options).song == screening.song, "what is screened stays as it is");
    round_trip(TimestepEncoder({.steps_per_quarter = 4}), screening.song);
    round_trip(EventEncoder({.steps_per_quarter = 4, .velocities = true, .tempos = true}), screening.song);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  for (const bool repair : {false, true}) {
    tests::reset_peak_memory();
    try {
      MidiFile midi = parse_midi(bytes, "fuzz.mid", {.repair = repair});
      require(tests::peak_memory() <= 64 * size + (std::size_t{1} << 20), "memory of the file's order");
      use(std::move(midi));
    } catch (const Error& error) {
      require(!error.byte() || *error.byte() <= size, "an error within the file");
    }
  }
  return 0;
}
