// The kernels for float, compiled once (core/once.hpp). No symbol of them leaves the program
// or the shared object that it is linked into, whatever the flags are: two plug-ins in one process, perhaps
// of different versions, each keep to their own.

#include "system_headers.hpp"

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif

// Eigen is to leave it to operator new to throw where memory is out: so nothing here holds the address of one
// of the C++ library's tables, and even an object that was compiled without -fPIC links into a shared object.
#pragma push_macro("__EXCEPTIONS")
#undef __EXCEPTIONS
#include <Eigen/Core>
#pragma pop_macro("__EXCEPTIONS")

#include "gruve/kernels/available.hpp"
#include "gruve/kernels/available_precisions.hpp"
#include "gruve/kernels/available_training.hpp"

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
