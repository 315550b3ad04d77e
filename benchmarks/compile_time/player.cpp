// A program that loads any model, generates eight bars and writes them, by the front door.
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/player.hpp"

int main(int, char** argv) {
  gruve::Player player(gruve::load(argv[1]));
  gruve::write_midi(player.generate({.bars = 8}), argv[2]);
}
