#pragma once

/// Some of the library takes seconds to compile: the fused kernels, the model file, Player and LivePlayer.
/// Where GRUVE_COMPILED_KERNELS is defined, that is done once, in the one source file (src/kernels.cpp) that
/// includes kernels/available*.hpp and the .inc files of model and piece, and with the optimisation that file
/// is given; else in every source file that uses them.
#if defined(GRUVE_COMPILED_KERNELS)
#define GRUVE_ONCE
#else
#define GRUVE_ONCE inline
#endif
