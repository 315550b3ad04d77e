#pragma once

#include <atomic>
#include <memory>

namespace gruve::inline v0_2 {

/// Passes objects from a thread that may allocate to one that may not, such as an audio thread. The object
/// that the audio thread replaces is returned to the first thread and destroyed there. Neither waits for the
/// other.
///
///   Handover<Model> handover;
///   handover.offer(std::make_unique<Model>(…));   // the producer, at any time
///   handover.take(current);                       // the audio thread, where it can change models
///
/// offer() and collect() are for one thread at a time, take() and is_waiting() for one other. All are
/// wait-free, except for the destruction of objects in offer() and collect().
template <class T>
class Handover {
 public:
  Handover() = default;
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() {
    delete offered_.load();
    delete returned_.load();
  }

  /// Offers an object; replaces one that was offered and not taken yet. Destroys a returned object.
  void offer(std::unique_ptr<T> next) {
    collect();
    delete offered_.exchange(next.release(), std::memory_order_acq_rel);
  }

  /// Destroys the returned object, if there is one.
  void collect() { delete returned_.exchange(nullptr, std::memory_order_acq_rel); }

  /// Replaces `current` by the offered object, and returns the old one to the other thread. Returns false,
  /// and changes nothing, if nothing is offered or if the object returned before is not collected yet.
  bool take(std::unique_ptr<T>& current) noexcept {
    // Only this thread stores to returned_, so it remains null.
    if (!is_waiting() || returned_.load(std::memory_order_acquire) != nullptr) return false;
    T* const next = offered_.exchange(nullptr, std::memory_order_acq_rel);
    if (next == nullptr) return false;
    returned_.store(current.release(), std::memory_order_release);
    current.reset(next);
    return true;
  }

  /// Whether an object is offered.
  bool is_waiting() const noexcept { return offered_.load(std::memory_order_acquire) != nullptr; }

 private:
  static_assert(std::atomic<T*>::is_always_lock_free);

  std::atomic<T*> offered_ = nullptr;
  std::atomic<T*> returned_ = nullptr;
};

}  // namespace gruve::inline v0_2
