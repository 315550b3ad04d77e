#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace gruve {

/// A fixed set of threads for work that is split by index. The calling thread takes part, so a pool of one
/// has no thread of its own. What index does which work never depends on timing; results must not depend on
/// the thread.
class ThreadPool {
 public:
  /// threads  at least 1 is used; 0 means as many as the machine has
  explicit ThreadPool(int threads = 0) {
    if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }

  ~ThreadPool() {
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  /// Calls task(i) once for every i in [0, count), several at a time, and returns when all have returned. The
  /// first exception that a task throws is thrown here, after the others have ended. Not to be called from a
  /// task.
  template <class Task>
  void for_each(std::size_t count, Task&& task) {
    if (workers_.empty() || count <= 1) {
      for (std::size_t i = 0; i < count; ++i) task(i);
      return;
    }
    const Call call = [](const void* context, std::size_t i) {
      (*static_cast<std::remove_reference_t<Task>*>(const_cast<void*>(context)))(i);
    };
    run(count, call, std::addressof(task));
  }

 private:
  // A task as a plain function and what it is called on: unlike std::function it never allocates.
  using Call = void (*)(const void* context, std::size_t i);

  void run(std::size_t count, Call call, const void* context) {
    {
      const std::lock_guard lock(mutex_);
      call_ = call;
      context_ = context;
      count_ = count;
      next_ = 0;
      busy_ = workers_.size();
      error_ = nullptr;
      ++round_;
    }
    wake_.notify_all();
    drain(count, call, context);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    if (error_) std::rethrow_exception(error_);
  }

  void drain(std::size_t count, Call call, const void* context) {
    try {
      for (std::size_t i = next_++; i < count; i = next_++) call(context, i);
    } catch (...) {
      next_ = count;
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  void work() {
    std::size_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stops_ || round_ != seen; });
      if (stops_) return;
      seen = round_;
      const Call call = call_;
      const void* context = context_;
      const std::size_t count = count_;
      lock.unlock();
      drain(count, call, context);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  Call call_ = nullptr;
  const void* context_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::size_t busy_ = 0;
  std::size_t round_ = 0;
  std::exception_ptr error_;
  bool stops_ = false;
};

}  // namespace gruve
