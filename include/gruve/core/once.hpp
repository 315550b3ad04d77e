#pragma once

/// Much of the library takes seconds to compile: the fused kernels, JSON, MIDI, encoders, model files, Player, corpora,
/// Trainer. Where GRUVE_COMPILED_KERNELS is defined, that is done once, in src/kernels.cpp, src/models.cpp and
/// src/training.cpp, which include kernels/available*.hpp and the .inc files, and with the optimisation that these
/// files are given; else in every source file that uses them.
#if defined(GRUVE_COMPILED_KERNELS)
#define GRUVE_ONCE
#else
#define GRUVE_ONCE inline
#endif
