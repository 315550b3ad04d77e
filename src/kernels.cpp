#include "gruve/kernels/available.hpp"
#include "gruve/model/model_file.inc"
#include "gruve/piece/player.inc"
#include "gruve/piece/live_player.inc"
