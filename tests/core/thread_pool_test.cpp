#include "gruve/core/thread_pool.hpp"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "catch.hpp"

using gruve::ThreadPool;

TEST_CASE("Each index is worked on once, for any number of threads", "[core][threads]") {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (const std::size_t count : {0u, 1u, 2u, 7u, 1000u}) {
      std::vector<std::atomic<int>> calls(count);
      pool.for_each(count, [&](std::size_t i) { ++calls[i]; });
      for (const auto& call : calls) REQUIRE(call == 1);
    }
  }
}

TEST_CASE("Work of two threads is done when for_each returns, round after round", "[core][threads]") {
  ThreadPool pool(2);
  std::vector<long> values(100);
  for (long round = 1; round <= 2000; ++round) {
    pool.for_each(values.size(), [&](std::size_t i) { values[i] += static_cast<long>(i); });
    REQUIRE(std::accumulate(values.begin(), values.end(), 0L) == round * 4950);
  }
}

TEST_CASE("A pool of one works in the calling thread, in order", "[core][threads]") {
  ThreadPool pool(1);
  std::vector<std::size_t> order;
  const auto caller = std::this_thread::get_id();
  pool.for_each(5, [&](std::size_t i) {
    CHECK(std::this_thread::get_id() == caller);
    order.push_back(i);
  });
  CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
}

TEST_CASE("An exception of a task is thrown where for_each was called, and the pool still works",
          "[core][threads]") {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    CHECK_THROWS_WITH(pool.for_each(100,
                                    [](std::size_t i) {
                                      if (i == 40) throw std::runtime_error("task 40");
                                    }),
                      "task 40");
    std::atomic<int> calls = 0;
    pool.for_each(100, [&](std::size_t) { ++calls; });
    CHECK(calls == 100);
  }
}
