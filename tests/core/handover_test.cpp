#include "gruve/core/handover.hpp"

#include <atomic>
#include <memory>
#include <thread>

#include "catch.hpp"

using namespace gruve;

namespace {

// Knows in which thread it is destroyed, and whether its fields belong together.
struct Counted {
  explicit Counted(long n, std::atomic<long>* alive, std::thread::id home)
      : number(n), twice(2 * n), count(alive), owner(home) {
    ++*count;
  }
  ~Counted() {
    --*count;
    if (std::this_thread::get_id() != owner) *count += 1000;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  long number, twice;
  std::atomic<long>* count;
  std::thread::id owner;
};

}  // namespace

TEST_CASE("What is offered is taken once, and what it replaces comes back", "[core][handover]") {
  std::atomic<long> alive = 0;
  {
    const auto make = [&](long n) {
      return std::make_unique<Counted>(n, &alive, std::this_thread::get_id());
    };
    Handover<Counted> handover;
    std::unique_ptr<Counted> current = make(1);
    CHECK_FALSE(handover.take(current));
    handover.offer(make(2));
    CHECK(handover.is_waiting());
    REQUIRE(handover.take(current));
    CHECK(current->number == 2);
    CHECK_FALSE(handover.take(current));
    CHECK(alive == 2);  // 1 waits to be collected
    // A second one in its place, before 1 was collected: that is done by offer().
    handover.offer(make(3));
    CHECK(alive == 2);
    handover.offer(make(4));  // 3 is destroyed, nobody took it
    CHECK(alive == 2);
    REQUIRE(handover.take(current));
    CHECK(current->number == 4);
    handover.collect();
    CHECK(alive == 1);
    // What is returned and not collected blocks the next, and nothing is lost.
    handover.offer(make(5));
    REQUIRE(handover.take(current));
    std::unique_ptr<Counted> other = make(6);
    CHECK_FALSE(handover.take(other));
  }
  CHECK(alive == 0);
}

TEST_CASE("Two threads hand objects over, each whole and none destroyed by the consumer",
          "[core][handover]") {
  std::atomic<long> alive = 0;
  constexpr long kOffers = 20'000;
  long taken = 0, last = 0;
  bool whole = true, rising = true;
  {
    const auto home = std::this_thread::get_id();
    Handover<Counted> handover;
    auto current = std::make_unique<Counted>(0, &alive, home);
    std::atomic<bool> done = false;
    std::thread consumer([&] {
      for (bool ends = false; !ends;) {
        ends = done;
        if (!handover.take(current)) continue;
        ++taken;
        whole = whole && current->twice == 2 * current->number;
        rising = rising && current->number > last;
        last = current->number;
      }
    });
    for (long n = 1; n <= kOffers; ++n) {
      handover.offer(std::make_unique<Counted>(n, &alive, home));
      if (n % 16 == 0) std::this_thread::yield();
    }
    // The last one is taken once its place is free.
    while (handover.is_waiting()) handover.collect();
    done = true;
    consumer.join();
  }
  CHECK(whole);
  CHECK(rising);
  CHECK(taken > 0);
  CHECK(last == kOffers);
  CHECK(alive == 0);
}
