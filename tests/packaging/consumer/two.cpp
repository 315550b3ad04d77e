#include <gruve/midi/write_midi.hpp>

// The same header in a second translation unit.
std::size_t two() { return gruve::midi_bytes({.notes = {{0, 480, 62, 80, 0}}, .length = 480}).size(); }
