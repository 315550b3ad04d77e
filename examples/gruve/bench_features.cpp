// gruve bench features: a token of the real-time generator with all features, compared with one without any.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/event_features.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "gruve/tokens/timestep_features.hpp"

namespace gruve::bench {

namespace {

// A model's generator and its seconds per token.
template <class Encoder>
struct Measured {
  PackedModel<float> packed;
  Generator<Encoder> generator;
  std::vector<double> seconds = {};

  Measured(const BenchArguments& options, const ModelConfig& config, const Encoder& encoder,
           ThreadPool& threads)
      : packed(config, kernels::active(options.precision)),
        generator((packed.assign(random_model(config), threads), packed), encoder, {}, 1, 0,
                  options.threads > 1 ? &threads : nullptr) {}
};

// The time of Generator::next() without features and with all of `names`, in turns. The models are untrained:
// every grammatical token is about equally likely, so that all features are in use.
template <class Encoder, class Names>
void measure(const BenchArguments& options, const std::string& format, const Encoder& encoder,
             const Names& names) {
  std::string all;
  for (const std::string_view name : names) all += (all.empty() ? "" : ",") + std::string(name);
  ThreadPool threads(options.threads);
  ModelConfig config = options.model;
  config.vocab_size = encoder.vocab_size();
  Measured<Encoder> without(options, config, encoder, threads);
  config.features = AnyEncoder(encoder).features(all);
  Measured<Encoder> with(options, config, encoder, threads);

  constexpr int kTokens = 2000;  // of a turn
  std::vector<double> ratios;
  const auto turn = [](Measured<Encoder>& each) {
    return seconds_of([&] {
             for (int i = 0; i < kTokens; ++i) each.generator.next();
           }) /
           kTokens;
  };
  turn(without), turn(with);
  double spent = 0;
  while (static_cast<int>(ratios.size()) < options.repeats || spent < options.seconds) {
    without.seconds.push_back(turn(without));
    with.seconds.push_back(turn(with));
    ratios.push_back(with.seconds.back() / without.seconds.back());
    spent += kTokens * (with.seconds.back() + without.seconds.back());
  }
  const FeatureShape& shape = config.features.shape;
  const std::string sizes = sizes_of(options, "V=" + std::to_string(config.vocab_size));
  const std::string name = config_of(options, format + " " + sizes);
  print(options, "token", name, "us", scaled(Series(without.seconds), 1e6), 0);
  const std::string rows = std::to_string(shape.inputs) + " + " + std::to_string(shape.outputs) + " rows";
  print(options, "token", name + ": all features, " + rows, "us", scaled(Series(with.seconds), 1e6), 0);
  print(options, "token_ratio", name + ": with all features to without", "times", Series(ratios), 0);
}

}  // namespace

/// A token of the event format, whose options are those of the étude recipe and the demo, and one of the
/// timestep format.
void bench_features(const BenchArguments& options) {
  measure(options, "events",
          EventEncoder({.steps_per_quarter = 4, .velocities = true, .tempos = true, .form = true}),
          kEventFeatures);
  measure(options, "timesteps", TimestepEncoder(), kTimestepFeatures);
}

}  // namespace gruve::bench
