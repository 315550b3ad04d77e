// gruve bench sample: the time of drawing a token, compared with the step that gives its logits.
#include <span>
#include <string>
#include <vector>

#include "bench.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/generate/sampler.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"

namespace gruve::bench {

/// The time of drawing one token of V, with each kind of options, from the logits of an untrained model: they
/// are flat, so that every option leaves many candidates. Also as a fraction of the time of the model's step.
void bench_sample(const BenchArguments& options) {
  ThreadPool threads(options.threads);
  PackedModel<float> packed(options.model, kernels::active(options.precision));
  packed.assign(random_model(options.model), threads);
  Stepper stepper(packed, &threads);
  const int V = options.model.vocab_size;
  Token token = 0;
  const Series step = seconds_per_call(options.repeats, options.seconds / 5, [&] {
    stepper.step(token);
    token = static_cast<Token>((token + 1) % V);
  });
  const std::span<const float> output = stepper.step(token);
  const std::vector<float> logits(output.begin(), output.end());
  const std::string config = config_of(options, sizes_of(options, "V=" + std::to_string(V)));
  print(options, "sample", config + ": a step", "us", scaled(step, 1e6), 0);
  const auto measure = [&](const std::string& name, const SamplerOptions& draws) {
    Sampler sampler(V, draws, 1);
    const Series seconds = seconds_per_call(options.repeats, options.seconds / 5,
                                            [&] { sampler.sample(logits, [](Token) { return true; }); });
    print(options, "sample", config + ": " + name, "us", scaled(seconds, 1e6), 0);
    print(options, "sample_share", config + ": " + name, "of step", scaled(seconds, 1 / step.median), 0);
  };
  measure("plain", {});
  measure("top-k 40", {.top_k = 40});
  measure("top-p 0.9", {.top_p = 0.9f});
  measure("min-p 0.05", {.min_p = 0.05f});
  measure("entropy", {.entropy = {.min_entropy = 3, .max_entropy = 4}});
}

}  // namespace gruve::bench
