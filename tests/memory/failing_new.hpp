#pragma once

#include <atomic>

namespace gruve::tests {

// Calls of operator new so far, and the number of the one that fails; none if it is −1.
extern std::atomic<long> allocations, fails_at;

}  // namespace gruve::tests
