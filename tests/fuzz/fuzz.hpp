// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace gruve::tests {

/// Ends the program, as a fuzzer expects it, where something does not hold.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// The most bytes that operator new had given out at once since the last reset, beyond what it had then.
std::size_t peak_memory();
void reset_peak_memory();

}  // namespace gruve::tests
