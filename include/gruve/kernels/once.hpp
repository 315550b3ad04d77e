#pragma once

/// The fused kernels take seconds to compile. Where GRUVE_COMPILED_KERNELS is defined, that is done once, in
/// the one source file (src/kernels.cpp) that includes the headers with their tables, available*.hpp, and
/// with the optimisation that file is given; else in every source file that uses them.
#if defined(GRUVE_COMPILED_KERNELS)
#define GRUVE_ONCE
#else
#define GRUVE_ONCE inline
#endif
