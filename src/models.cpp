// What else is compiled once (core/once.hpp): JSON, model files and Player. It is apart from the
// kernels, so that a program which needs only those does not link it. As with kernels.cpp, no symbol of it
// leaves the program.

#include "system_headers.hpp"

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif

#include "gruve/core/atomic_file.inc"
#include "gruve/core/json.inc"
#include "gruve/core/mapped_file.inc"
#include "gruve/midi/music.inc"
#include "gruve/midi/read_midi.inc"
#include "gruve/midi/write_midi.inc"
#include "gruve/model/import_model.inc"
#include "gruve/model/model_file.inc"
#include "gruve/model/safetensors.inc"
#include "gruve/piece/live_player.inc"
#include "gruve/piece/player.inc"
#include "gruve/tokens/encoder_json.inc"
#include "gruve/tokens/event_encoder.inc"
#include "gruve/tokens/event_features.inc"
#include "gruve/tokens/event_grammar.inc"
#include "gruve/tokens/music_json.inc"
#include "gruve/tokens/timestep_encoder.inc"
#include "gruve/tokens/timestep_features.inc"

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
