// What else is compiled once (core/once.hpp): the reading of model files, and Player. It is apart from the
// kernels, so that a program which needs only those does not link it. As with kernels.cpp, no symbol of it
// leaves the program.

#include "system_headers.hpp"

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif

#include "gruve/model/import_model.inc"
#include "gruve/model/model_file.inc"
#include "gruve/piece/live_player.inc"
#include "gruve/piece/player.inc"

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
