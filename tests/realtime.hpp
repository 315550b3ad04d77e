// An instrument that sees what code for a real-time thread must not do.
#pragma once

#include <ostream>

namespace gruve::tests {

/// What a thread did while a RealtimeGuard watched it.
struct RealtimeCounts {
  // Calls of malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign, and of free but for null.
  long memory = 0;
  // Of mutexes, read-write locks, spin locks, condition variables, semaphores, and the locks of local statics
  // that are not initialised yet.
  long locks = 0;
  // Of the kernel, whoever makes them.
  long system_calls = 0;

  bool operator==(const RealtimeCounts&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const RealtimeCounts& counts) {
    return out << counts.memory << " calls for memory, " << counts.locks << " of locks, "
               << counts.system_calls << " of the kernel";
  }
};

/// Watches the thread that makes it until it goes. Not to be nested.
class RealtimeGuard {
 public:
  RealtimeGuard();
  ~RealtimeGuard();
  RealtimeGuard(const RealtimeGuard&) = delete;
  RealtimeGuard& operator=(const RealtimeGuard&) = delete;

  RealtimeCounts counts() const noexcept;
};

/// What f() does.
template <class F>
RealtimeCounts counted(F&& f) {
  const RealtimeGuard guard;
  f();
  return guard.counts();
}

/// What the guard can see in this program. A count of what it can't see stays 0, and the first guard says so
/// on stderr.
bool guard_sees_memory_and_locks();
bool guard_sees_system_calls();

/// How many calls of a function a test makes: `usual`, or what the environment variable GRUVE_REALTIME_CALLS
/// says.
long realtime_calls(long usual);

}  // namespace gruve::tests
