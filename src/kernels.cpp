// The kernels for float, compiled once (once.hpp). No symbol of theirs leaves the program or the shared object
// that they are linked into, whatever the flags are: two plug-ins in one process, perhaps of different
// versions, each keep to their own.

// The system's functions are others' and stay visible: all headers that declare them come before the pragma.
#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iosfwd>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "gruve/kernels/isa/target.hpp"  // immintrin.h

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
