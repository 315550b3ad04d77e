// The kernels for float, and what else is compiled once (core/once.hpp). No symbol of it leaves the program
// or the shared object that it is linked into, whatever the flags are: two plug-ins in one process, perhaps
// of different versions, each keep to their own.

// The system's functions are others' and stay visible: all headers that declare them come before the pragma.
#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <clocale>
#include <cmath>
#include <complex>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <filesystem>
#include <forward_list>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <istream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <numbers>
#include <numeric>
#include <optional>
#include <ostream>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <valarray>
#include <variant>
#include <vector>

#if defined(__SSE2__)
#include <immintrin.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#endif

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
#include "gruve/model/model_file.inc"
#include "gruve/piece/live_player.inc"
#include "gruve/piece/player.inc"

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
