// Takes the places of the C library's functions for memory and locks in the whole test program, and has the
// kernel hand over each system call of a watched thread (Syscall User Dispatch). In a file of its own, since
// the compiler must not see through these functions.
#include "realtime.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#define GRUVE_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define GRUVE_SANITIZED
#endif
#endif

// A sanitizer has functions of its own in these places.
#if defined(__linux__) && defined(__GLIBC__) && !defined(GRUVE_SANITIZED)
#define GRUVE_WATCHES_LIBRARY
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <ctime>
#endif

#if defined(__linux__) && defined(__x86_64__) && !defined(GRUVE_SANITIZED)
#define GRUVE_WATCHES_KERNEL
#include <signal.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include <cstdint>
#endif

namespace {

using gruve::tests::RealtimeCounts;

constinit thread_local bool watched = false;
constinit thread_local RealtimeCounts counts_of_thread;

}  // namespace

#if defined(GRUVE_WATCHES_LIBRARY)

// The C library's own functions, which it exports under these names too.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) noexcept {
  counts_of_thread.memory += watched;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  counts_of_thread.memory += watched;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
  counts_of_thread.memory += watched;
  return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  counts_of_thread.memory += watched;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  counts_of_thread.memory += watched;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  counts_of_thread.memory += watched;
  void* found = __libc_memalign(alignment, size);
  if (found == nullptr) return ENOMEM;
  *memory = found;
  return 0;
}
void free(void* memory) noexcept {
  counts_of_thread.memory += watched && memory != nullptr;
  __libc_free(memory);
}
}

namespace {

// The next definition of a function behind the one in this program; of several versions that which programs
// are linked with today.
template <class Function>
Function* next(const char* name, std::atomic<void*>& known) {
  if (known.load(std::memory_order_relaxed) == nullptr) {
    // A name without that version makes dlvsym allocate a message.
    const bool was_watched = watched;
    watched = false;
    void* found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
    if (found == nullptr) found = dlsym(RTLD_NEXT, name);
    watched = was_watched;
    known.store(found, std::memory_order_relaxed);
  }
  return reinterpret_cast<Function*>(known.load(std::memory_order_relaxed));
}

}  // namespace

// A function that may wait, of the C library or of that of C++, which counts before it goes on to the real
// one.
#define GRUVE_COUNTED(name, parameters, arguments, exception) \
  extern "C" int name parameters exception {                  \
    static constinit std::atomic<void*> known = nullptr;      \
    counts_of_thread.locks += watched;                        \
    return next<int parameters>(#name, known) arguments;      \
  }
GRUVE_COUNTED(pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex), noexcept)
GRUVE_COUNTED(pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex), noexcept)
GRUVE_COUNTED(pthread_mutex_timedlock, (pthread_mutex_t * mutex, const timespec* until), (mutex, until),
              noexcept)
GRUVE_COUNTED(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock), noexcept)
GRUVE_COUNTED(pthread_rwlock_tryrdlock, (pthread_rwlock_t * lock), (lock), noexcept)
GRUVE_COUNTED(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock), noexcept)
GRUVE_COUNTED(pthread_rwlock_trywrlock, (pthread_rwlock_t * lock), (lock), noexcept)
GRUVE_COUNTED(pthread_spin_lock, (pthread_spinlock_t * lock), (lock), noexcept)
GRUVE_COUNTED(pthread_spin_trylock, (pthread_spinlock_t * lock), (lock), noexcept)
GRUVE_COUNTED(pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t* mutex), (condition, mutex), )
GRUVE_COUNTED(pthread_cond_timedwait,
              (pthread_cond_t * condition, pthread_mutex_t* mutex, const timespec* until),
              (condition, mutex, until), )
GRUVE_COUNTED(sem_wait, (sem_t * semaphore), (semaphore), )
GRUVE_COUNTED(sem_trywait, (sem_t * semaphore), (semaphore), noexcept)
GRUVE_COUNTED(__cxa_guard_acquire, (long long* guard), (guard), )
#undef GRUVE_COUNTED

#endif

#if defined(GRUVE_WATCHES_KERNEL)

namespace {

constexpr int kDispatch = 59, kDispatchOff = 0,
              kDispatchOn = 1;    // PR_SET_SYSCALL_USER_DISPATCH and its modes
constexpr int kIsDispatched = 2;  // SYS_USER_DISPATCH, of siginfo_t::si_code
constexpr char kAllow = 0, kBlock = 1;

// What the kernel reads at each system call of this thread.
constinit thread_local volatile char selector = kAllow;
// Where a signal handler returns to: the code that makes the system call rt_sigreturn, which must not be
// handed over.
void* volatile restorer = nullptr;

extern "C" void count_system_call(int, siginfo_t* info, void* context) {
  if (info->si_code != kIsDispatched) {  // install() wants to know the way back
    restorer = __builtin_return_address(0);
    return;
  }
  selector = kAllow;
  ++counts_of_thread.system_calls;
  greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  register long r10 __asm__("r10") = registers[REG_R10];
  register long r8 __asm__("r8") = registers[REG_R8];
  register long r9 __asm__("r9") = registers[REG_R9];
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(long{info->si_syscall}), "D"(registers[REG_RDI]), "S"(registers[REG_RSI]),
                     "d"(registers[REG_RDX]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  registers[REG_RAX] = result;
  selector = kBlock;
}

// Whether the kernel hands system calls over.
bool install() {
  struct sigaction action = {};
  action.sa_sigaction = count_system_call;
  action.sa_flags = SA_SIGINFO;
  if (sigaction(SIGSYS, &action, nullptr) != 0 || raise(SIGSYS) != 0 || restorer == nullptr) return false;
  const bool works = prctl(kDispatch, kDispatchOn, restorer, 16UL, &selector) == 0;
  if (works) prctl(kDispatch, kDispatchOff, 0UL, 0UL, 0UL);
  return works;
}

bool watches_kernel() {
  static const bool works = install();
  return works;
}

void begin_system_calls() {
  if (!watches_kernel()) return;
  prctl(kDispatch, kDispatchOn, restorer, 16UL, &selector);
  selector = kBlock;
}

void end_system_calls() {
  selector = kAllow;
  if (watches_kernel()) prctl(kDispatch, kDispatchOff, 0UL, 0UL, 0UL);
}

}  // namespace

#else

namespace {
[[maybe_unused]] bool watches_kernel() { return false; }
void begin_system_calls() {}
void end_system_calls() {}
}  // namespace

#endif

namespace gruve::tests {

bool guard_sees_memory_and_locks() {
#if defined(GRUVE_WATCHES_LIBRARY)
  return true;
#else
  return false;
#endif
}

bool guard_sees_system_calls() { return watches_kernel(); }

RealtimeGuard::RealtimeGuard() {
  static const bool said = [] {
    if (!guard_sees_memory_and_locks())
      std::fputs("SKIPPED: memory and locks are not counted: not glibc, or a sanitizer is there\n", stderr);
    if (!guard_sees_system_calls())
      std::fputs("SKIPPED: system calls are not counted: no Syscall User Dispatch, or a sanitizer is there\n",
                 stderr);
    return true;
  }();
  static_cast<void>(said);
  begin_system_calls();
  counts_of_thread = {};
  watched = true;
}

RealtimeGuard::~RealtimeGuard() {
  watched = false;
  end_system_calls();
}

RealtimeCounts RealtimeGuard::counts() const noexcept { return counts_of_thread; }

long realtime_calls(long usual) {
  const char* asked = std::getenv("GRUVE_REALTIME_CALLS");
  return asked != nullptr ? std::atol(asked) : usual;
}

}  // namespace gruve::tests
