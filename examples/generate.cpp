// Usage: example_generate MODEL OUT [SEED] — writes a new piece of any model: MIDI of a model of music, text
// of a model of text.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/player.hpp"

int main(int argc, char** argv) try {
  if (argc < 3) throw gruve::Error("usage: example_generate MODEL OUT [SEED]");
  const auto seed = static_cast<std::uint64_t>(argc > 3 ? std::atoll(argv[3]) : 1);
  gruve::Player player(gruve::load(argv[1]));
  if (player.encoder().is_music()) {
    const gruve::Song song = player.generate({.bars = 8, .sampler = {.temperature = 0.9f}, .seed = seed});
    gruve::write_midi(song, argv[2]);
    std::printf("%s: %zu notes, %.1f s\n", argv[2], song.notes.size(), gruve::duration_seconds(song));
  } else {
    const auto text = player.generate_as<gruve::CharEncoder>(
        {.tokens = 500, .sampler = {.temperature = 0.8f}, .seed = seed});
    gruve::write_file(argv[2], text);
    std::printf("%s: %zu characters\n", argv[2], text.size());
  }
} catch (const gruve::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
