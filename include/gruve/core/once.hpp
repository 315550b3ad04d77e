#pragma once

/// Some of the library takes seconds to compile: the fused kernels, the readers and writers of JSON and of model files,
/// Player and LivePlayer, the judge's statistics. Where GRUVE_COMPILED_KERNELS is defined, that is done once, in
/// src/kernels.cpp and src/models.cpp, which include kernels/available*.hpp and the .inc files, and with the
/// optimisation that these files are given; else in every source file that uses them.
#if defined(GRUVE_COMPILED_KERNELS)
#define GRUVE_ONCE
#else
#define GRUVE_ONCE inline
#endif
