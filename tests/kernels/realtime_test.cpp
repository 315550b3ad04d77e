// What one token of one sequence, or of many, takes of the kernels: no memory, no lock, no system call.
#include "realtime.hpp"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "arrays.hpp"
#include "catch.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/kernels/precisions.hpp"

using namespace gruve;
using namespace gruve::kernels;
using gruve::tests::counted;
using gruve::tests::random;
using gruve::tests::realtime_calls;
using gruve::tests::RealtimeCounts;
using gruve::tests::size;

namespace {

const std::string& static_that_needs_a_lock() {
  static const std::string text(100, 'x');
  return text;
}

}  // namespace

TEST_CASE("The real-time guard counts memory, locks and system calls, of its own thread alone",
          "[realtime]") {
  if (tests::guard_sees_memory_and_locks()) {
    CHECK(counted([] {
            void* volatile memory = std::malloc(10);
            std::free(memory);
          }) == RealtimeCounts{.memory = 2});
    // Eigen takes its memory from malloc, past operator new.
    CHECK(counted([] {
            Eigen::VectorXf x = Eigen::VectorXf::Zero(100);
            const volatile float* first = x.data();
            static_cast<void>(*first);
          }) == RealtimeCounts{.memory = 2});
    std::mutex mutex;
    CHECK(counted([&] { const std::lock_guard lock(mutex); }) == RealtimeCounts{.locks = 1});
    const RealtimeCounts of_static = counted([] { static_that_needs_a_lock(); });
    CHECK(of_static.locks == 1);
    CHECK(of_static.memory >= 1);
    CHECK(counted([] { static_that_needs_a_lock(); }) == RealtimeCounts{});
  } else {
    WARN("memory and locks are not counted in this program");
  }
#if defined(__linux__)
  if (tests::guard_sees_system_calls()) {
    long id = 0;
    CHECK(counted([&] { id = syscall(SYS_getpid); }) == RealtimeCounts{.system_calls = 1});
    CHECK(id == getpid());
    CHECK(counted([] {
            for (int i = 0; i < 3; ++i) std::this_thread::yield();
          }) == RealtimeCounts{.system_calls = 3});
  } else {
    WARN("system calls are not counted in this program");
  }
#endif
  CHECK(counted([] {}) == RealtimeCounts{});
  // What is done outside of the guard, or by another thread, does not count.
  std::thread other([] { const std::vector<int> memory(1000); });
  other.join();
  CHECK(counted([] {}) == RealtimeCounts{});
}

TEST_CASE("A step, a product of a row and the choice of a token take no memory, no lock and no system call",
          "[kernels][realtime]") {
  const Precision precision = GENERATE(Precision::fp32, Precision::bf16, Precision::int8);
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  const bool descending = GENERATE(false, true);
  for (const int H : {1, 24, 65}) {
    const int N = 2 * H + 1;
    const auto weight = random(size(3 * H, H), 1), bias = random(size(3 * H), 2),
               input = random(size(3 * H), 3);
    for (const Kernels<float>* kernels : available(precision)) {
      CAPTURE(kernels->name, H);
      AlignedVector<float> h(size(H)), out(size(H)), scratch(size(3 * H)), logits(size(N));
      AlignedVector<float> packed(kernels->packed_gru_size(H, reset_gate)),
          product(kernels->packed_size(H, N));
      kernels->pack_gru(H, reset_gate, weight.data(), packed.data());
      kernels->pack(H, N, weight.data(), 1, H, product.data());
      const auto call = [&] {
        kernels->gru_step({.H = H,
                           .units = {0, H},
                           .descending = descending,
                           .reset_gate = reset_gate,
                           .input_product = input.data(),
                           .weight_hh = packed.data(),
                           .bias_hh = bias.data(),
                           .h = h.data(),
                           .out = out.data(),
                           .scratch = scratch.data()});
        kernels->multiply_vector({.K = H,
                                  .N = N,
                                  .columns = {0, N},
                                  .a = out.data(),
                                  .b = product.data(),
                                  .bias = bias.data(),
                                  .c = logits.data()});
        kernels->argmax(N, logits.data());
        kernels->softmax(N, 0.9f, logits.data());
      };
      CHECK(counted([&] {
              for (long i = 0; i < realtime_calls(200); ++i) call();
            }) == RealtimeCounts{});
    }
  }
}

TEST_CASE("A timestep of many sequences takes no memory, no lock and no system call", "[kernels][realtime]") {
  const Precision precision = GENERATE(Precision::fp32, Precision::bf16, Precision::int8);
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  for (const int B : {1, 5, 40}) {
    // The reference takes the second one in blocks.
    for (const int H : {17, 300}) {
      const auto weight = random(size(3 * H, H), 1), bias = random(size(3 * H), 2);
      for (const Kernels<float>* kernels : available(precision)) {
        CAPTURE(kernels->name, H, B);
        AlignedVector<float> h(size(2 * B, H)), gates(size(B, 4 * H));
        AlignedVector<float> packed(kernels->packed_gru_size(H, reset_gate)),
            product(kernels->packed_size(H, 3 * H));
        kernels->pack_gru(H, reset_gate, weight.data(), packed.data());
        kernels->pack(H, 3 * H, weight.data(), 1, H, product.data());
        const auto call = [&] {
          kernels->multiply({.rows = all_rows(1, B),
                             .K = H,
                             .N = 3 * H,
                             .a = h.data(),
                             .a_stride = H,
                             .b = product.data(),
                             .bias = bias.data(),
                             .c = gates.data(),
                             .c_stride = std::ptrdiff_t{4} * H});
          kernels->gru_forward({.rows = all_rows(1, B),
                                .H = H,
                                .reset_gate = reset_gate,
                                .input_product = gates.data(),
                                .input_stride = std::ptrdiff_t{4} * H,
                                .weight_hh = packed.data(),
                                .bias_hh = bias.data(),
                                .h = h.data(),
                                .gates = gates.data()});
        };
        call();  // Eigen reads the sizes of the caches once
        CHECK(counted([&] {
                for (long i = 0; i < realtime_calls(20); ++i) call();
              }) == RealtimeCounts{});
      }
    }
  }
}
