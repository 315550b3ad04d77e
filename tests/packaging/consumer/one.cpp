#include <gruve/midi/write_midi.hpp>

std::size_t two();

int main() {
  const gruve::Song song{.notes = {{0, 480, 60, 80, 0}}, .length = 480};
  return gruve::midi_bytes(song).size() == two() ? 0 : 1;
}
