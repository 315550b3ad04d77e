#include <gruve/midi/write_midi.hpp>

// Writes a song of one note.
int main() {
  const gruve::Song song{.notes = {{0, 480, 60, 80, 0}}, .length = 480};
  return gruve::midi_bytes(song).empty() ? 1 : 0;
}
