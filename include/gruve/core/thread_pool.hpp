#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include "gruve/core/platform.hpp"

// Where libstdc++ has no futex (MinGW), a training was seen to sleep for ever in its std::atomic::wait().
#if defined(__GLIBCXX__) && !defined(_GLIBCXX_HAVE_LINUX_FUTEX)
#define GRUVE_WAITS_BY_MUTEX
#endif

namespace gruve::inline v0_2 {

/// A fixed number of threads for work that is split by index. The calling thread takes part, so a pool of
/// size 1 creates no thread. Which work belongs to an index never depends on timing; a task's result must not
/// depend on the thread that runs it.
///
/// An idle thread polls for some microseconds before it sleeps, so that tasks of microseconds in quick
/// succession, such as the layers of a step, are worth splitting too. No call allocates. One thread at a time
/// may call for_each or for_each_thread.
class ThreadPool {
 public:
  /// threads  the size of the pool; 0 or less: as many as the machine has. Where the system starts no more,
  ///          those that it did start
  explicit ThreadPool(int threads = 0) {
    if (threads <= 0) threads = all_threads();
    workers_.reserve(static_cast<std::size_t>((std::max)(threads - 1, 0)));
#if defined(__cpp_exceptions)
    try {
      start(threads);
    } catch (const std::system_error&) {
    } catch (...) {
      stop();
      throw;
    }
#else
    start(threads);
#endif
  }

  ~ThreadPool() { stop(); }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// The number of threads, the calling one included.
  int size() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  /// Calls task(i) once for every i in [0, count), several concurrently, and returns when all have returned.
  /// If tasks throw, rethrows the first exception after all threads have stopped; tasks that had not begun
  /// are then skipped. Not to be called from a task.
  template <class Task>
  void for_each(std::size_t count, Task&& task) {
    if (workers_.empty() || count <= 1) {
      for (std::size_t i = 0; i < count; ++i) task(i);
      return;
    }
    run(count, false, call_of<Task>, std::addressof(task));
  }

  /// Calls task(i) once on each thread, i in [0, size()), always the same i on the same thread, so that data
  /// that a task reads repeatedly stays in that core's cache. Otherwise as for_each.
  template <class Task>
  void for_each_thread(Task&& task) {
    if (workers_.empty()) return task(std::size_t{0});
    run(workers_.size() + 1, true, call_of<Task>, std::addressof(task));
  }

 private:
  void start(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(static_cast<std::size_t>(i)); });
  }

  void stop() noexcept {
    stops_ = true;
    ++round_;
    notify(round_);
    for (auto& worker : workers_) worker.join();
  }

  static int all_threads() noexcept {
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
    return 1;  // the processor has more, but the program may have no other
#else
    return static_cast<int>(std::thread::hardware_concurrency());
#endif
  }

  // A task as a plain function with its context: unlike std::function it never allocates.
  using Call = void (*)(const void* context, std::size_t i);

  template <class Task>
  static void call_of(const void* context, std::size_t i) {
    (*static_cast<std::remove_reference_t<Task>*>(const_cast<void*>(context)))(i);
  }

  void run(std::size_t count, bool one_each, Call call, const void* context) {
    call_ = call;
    context_ = context;
    count_ = count;
    one_each_ = one_each;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    error_ = nullptr;
    ++round_;
    notify(round_);
    take_part(0);
    for (int busy = busy_; busy != 0; busy = busy_) wait_for_change(busy_, busy);
    if (error_) std::rethrow_exception(error_);
  }

  void take_part(std::size_t thread) {
#if defined(__cpp_exceptions)
    try {
      take(thread);
    } catch (...) {
      next_ = count_;
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
#else
    take(thread);
#endif
  }

  void take(std::size_t thread) {
    if (one_each_) return call_(context_, thread);
    for (std::size_t i = next_++; i < count_; i = next_++) call_(context_, i);
  }

  void work(std::size_t thread) {
    int seen = 0;
    for (;;) {
      wait_for_change(round_, seen);
      seen = round_;
      if (stops_) return;
      take_part(thread);
      if (--busy_ == 0) notify(busy_);
    }
  }

  void wait_for_change(const std::atomic<int>& value, int old) {
    for (int i = 0; i < 200; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      if (i >= 50) {
        std::this_thread::yield();  // for threads that have work, if there are fewer cores than threads
        continue;
      }
#if defined(GRUVE_HAS_VECTORS) && defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
#if defined(GRUVE_WAITS_BY_MUTEX)
    std::unique_lock lock(change_mutex_);
    changed_.wait(lock, [&] { return value.load(std::memory_order_acquire) != old; });
#else
    value.wait(old, std::memory_order_acquire);
#endif
  }

  void notify([[maybe_unused]] std::atomic<int>& value) {
#if defined(GRUVE_WAITS_BY_MUTEX)
    { const std::lock_guard lock(change_mutex_); }  // nobody is between its look at the value and its sleep
    changed_.notify_all();
#else
    value.notify_all();
#endif
  }

  std::vector<std::thread> workers_ = {};
  // Written by run() between rounds only.
  Call call_ = nullptr;
  const void* context_ = nullptr;
  std::size_t count_ = 0;
  bool one_each_ = false;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<int> busy_ = 0;   // threads that have not finished the round
  std::atomic<int> round_ = 0;  // number of the current or last round
  std::mutex error_mutex_ = {};
  std::exception_ptr error_ = {};
  std::atomic<bool> stops_ = false;
#if defined(GRUVE_WAITS_BY_MUTEX)
  std::mutex change_mutex_ = {};
  std::condition_variable changed_ = {};
#endif
};

}  // namespace gruve::inline v0_2
