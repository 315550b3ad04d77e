#include "gruve/model/packed_model.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/batch_stepper.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/model/stepper.hpp"

#if defined(__unix__) && !defined(NDEBUG)
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#define GRUVE_TESTS_ASSERTIONS
#endif

using namespace gruve;

namespace {

GruModel<float> packed_test_model() {
  GruModel<float> model({.vocab_size = 10, .embedding_size = 3, .hidden_size = 4, .num_layers = 2});
  initialize(model, 1);
  return model;
}

#if defined(GRUVE_TESTS_ASSERTIONS)
// Whether a call ends the program by an assertion.
template <class Call>
bool is_asserted(Call&& call) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // not Catch's report of it
    if (std::freopen("/dev/null", "w", stderr) == nullptr) std::_Exit(2);
    call();
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
#endif

}  // namespace

TEST_CASE("An initial state of another size than the layers is refused, and nothing is changed",
          "[model][packed]") {
  GruModel<float> model = packed_test_model();
  model.initial_state.assign(8, 0.5f);
  PackedModel<float> packed(model);
  ThreadPool threads(1);
  for (const std::size_t wrong : {1u, 7u, 9u}) {
    model.initial_state.assign(wrong, 0.25f);
    const std::string message = "an initial state of " + std::to_string(wrong) +
                                " numbers for 2 layers of 4 units, expected 8 or none";
    CHECK(tests::error_of([&] { packed.assign(model, threads); }) == message);
    CHECK(tests::error_of([&] { const PackedModel<float> other(model); }) == message);
    CHECK(tests::error_of([&] { ChunkPass<float>(model.config, 2, 1, threads).assign(model); }) == message);
  }
  CHECK(std::vector<float>(packed.initial_state().begin(), packed.initial_state().end()) ==
        std::vector<float>(8, 0.5f));
}

#if defined(GRUVE_TESTS_ASSERTIONS)
TEST_CASE("A token outside the vocabulary is an assertion, and so are more tokens than sequences",
          "[model][stepper]") {
  const GruModel<float> model = packed_test_model();
  const PackedModel<float> packed(model);
  ThreadPool threads(1);
  Stepper stepper(packed);
  BatchStepper batch(packed, 2, threads);
  CHECK_FALSE(is_asserted([&] { stepper.step(9); }));
  CHECK(is_asserted([&] { stepper.step(10); }));
  CHECK(is_asserted([&] { stepper.step(65'535); }));
  const std::vector<Token> sound = {0, 9}, outside = {0, 10}, too_many = {0, 1, 2};
  CHECK_FALSE(is_asserted([&] { batch.step(sound); }));
  CHECK(is_asserted([&] { batch.step(outside); }));
  CHECK(is_asserted([&] { batch.step(too_many); }));
}
#endif
