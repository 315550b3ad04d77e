#include "gruve/model/chunk_pass.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/stepper.hpp"
#include "tolerance.hpp"

using namespace gruve;

namespace {

Chunk random_chunk(int T, int B, int V, std::uint64_t seed, bool with_gaps = true) {
  Rng rng(seed);
  Chunk chunk(T, B);
  for (std::size_t i = 0; i < chunk.inputs.size(); ++i) {
    chunk.inputs[i] = static_cast<Token>(rng.below(static_cast<std::uint32_t>(V)));
    chunk.targets[i] = static_cast<Token>(rng.below(static_cast<std::uint32_t>(V)));
    chunk.reset[i] = with_gaps && rng.below(5) == 0 ? 1 : 0;
    if (with_gaps && rng.below(7) == 0) chunk.targets[i] = kNoToken;
  }
  return chunk;
}

// Any rows that the model has, whatever the features of those tokens would be.
Chunk with_features(Chunk chunk, const ModelConfig& config) {
  Rng rng(12);
  const auto row = [&](int rows) {
    return static_cast<std::uint16_t>(rng.below(static_cast<std::uint32_t>(rows)));
  };
  chunk.feature_begin.assign(1, 0);
  chunk.output_begin.assign(1, 0);
  for (std::size_t at = 0; at < chunk.inputs.size(); ++at) {
    for (std::uint32_t i = rng.below(4); i > 0; --i)
      chunk.feature_rows.push_back(row(config.features.shape.inputs));
    chunk.feature_begin.push_back(static_cast<std::uint32_t>(chunk.feature_rows.size()));
    for (int token = 0; token < config.vocab_size; ++token)
      for (std::uint32_t i = config.features.shape.outputs > 0 ? rng.below(6) : 0; i > 0; --i)
        chunk.output_features.push_back({static_cast<Token>(token), row(config.features.shape.outputs)});
    chunk.output_begin.push_back(static_cast<std::uint32_t>(chunk.output_features.size()));
  }
  return chunk;
}

// Of the input, of the output, and of both.
constexpr FeatureShape kNone = {}, kInputs = {16, 0}, kOutputs = {0, 106}, kBoth = {304, 210};

// The same numbers in every scalar type, larger than initialize() gives so that no gate is in its linear
// part.
template <class Scalar>
GruModel<Scalar> random_model(const ModelConfig& config, std::uint64_t seed) {
  GruModel<Scalar> model(config);
  Rng rng(seed);
  model.for_each_parameter([&](const std::string&, Parameter<Scalar>& parameter) {
    for (std::size_t i = 0; i < parameter.size(); ++i)
      parameter.data()[i] = static_cast<Scalar>(1.4f * (rng.uniform() - 0.5f));
  });
  return model;
}

template <class Scalar>
std::vector<Scalar> flat(const GruModel<Scalar>& model) {
  std::vector<Scalar> values;
  model.for_each_parameter([&](const std::string&, const Parameter<Scalar>& parameter) {
    values.insert(values.end(), parameter.data(), parameter.data() + parameter.size());
  });
  return values;
}

template <class Scalar>
void fill_state(ChunkPass<Scalar>& pass, std::uint64_t seed) {
  Rng rng(seed);
  for (Scalar& h : pass.state()) h = static_cast<Scalar>(rng.uniform() - 0.5f);
}

// All gradients of one chunk, and the state after it, as bytes can be compared.
template <class Scalar>
struct Result {
  std::vector<Scalar> gradient;
  std::vector<Scalar> state;
  double nats;
};

template <class Scalar>
Result<Scalar> run(const ModelConfig& config, const Chunk& chunk, const kernels::Kernels<Scalar>& kernels,
                   int num_threads, const Dropout& dropout = {}) {
  ThreadPool threads(num_threads);
  const auto model = random_model<Scalar>(config, 1);
  GruModel<Scalar> gradient(config);
  ChunkPass<Scalar> pass(config, chunk.T, chunk.B, threads, kernels);
  fill_state(pass, 2);
  pass.assign(model);
  const ChunkLoss loss = pass.backpropagate(chunk, gradient, dropout);
  return {flat(gradient), {pass.state().begin(), pass.state().end()}, loss.nats};
}

double norm(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("The gradient of the loss by every parameter is that of the complex step", "[model][gradient]") {
  using Complex = std::complex<double>;
  const int L = GENERATE(1, 2, 3);
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  const double probability = GENERATE(0.0, 0.4);
  const FeatureShape shape = GENERATE(kNone, kInputs, kOutputs, kBoth);
  if (shape.any() && L == 3) return;  // nothing that two layers don't have
  const ModelConfig config{.vocab_size = 5,
                           .embedding_size = 3,
                           .hidden_size = 4,
                           .num_layers = L,
                           .reset_gate = reset_gate,
                           .features = {.shape = shape}};
  const Chunk chunk = with_features(random_chunk(6, 3, 5, 7), config);
  const Dropout dropout{.probability = probability,
                        .input = shape.inputs > 0 ? probability : 0,
                        .variational = shape == kInputs,
                        .seed = 3,
                        .step = 9};
  const std::vector<double> gradient =
      run<double>(config, chunk, kernels::reference::kKernels<double>, 1, dropout).gradient;

  ThreadPool threads(1);
  ChunkPass<Complex> pass(config, chunk.T, chunk.B, threads);
  GruModel<Complex> model = random_model<Complex>(config, 1);
  GruModel<Complex> ignored(config);
  const double h = 1e-50;
  std::vector<double> truth;
  model.for_each_parameter([&](const std::string&, Parameter<Complex>& parameter) {
    for (std::size_t i = 0; i < parameter.size(); ++i) {
      parameter.data()[i] += Complex(0, h);
      fill_state(pass, 2);
      pass.assign(model);
      const auto tokens = pass.backpropagate(chunk, ignored, dropout).tokens;
      double derivative = 0;
      for (const Complex& loss : pass.losses()) derivative += loss.imag();
      truth.push_back(derivative / h / static_cast<double>(tokens));
      parameter.data()[i] -= Complex(0, h);
    }
  });

  REQUIRE(truth.size() == gradient.size());
  std::vector<double> difference(truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) difference[i] = truth[i] - gradient[i];
  REQUIRE(norm(truth) > 0.1);
  CHECK(norm(difference) < tests::kComplexStep * norm(truth));
}

TEST_CASE("The gradients by an initial state and with one are those of the complex step",
          "[model][gradient]") {
  using Complex = std::complex<double>;
  const ModelConfig config{.vocab_size = 5,
                           .embedding_size = 3,
                           .hidden_size = 4,
                           .num_layers = GENERATE(1, 2),
                           .reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product),
                           .features = {.shape = GENERATE(kNone, kInputs)}};
  Chunk chunk = with_features(random_chunk(6, 3, 5, 7, false), config);
  chunk.reset[0] = chunk.reset[2] = 1;  // the second sequence goes on from an earlier chunk
  ThreadPool threads(2);
  const auto with_state = [&]<class Scalar>(GruModel<Scalar> model) {
    Rng rng(5);
    for (int i = 0; i < config.num_layers * config.hidden_size; ++i)
      model.initial_state.push_back(static_cast<Scalar>(2 * rng.uniform() - 1));
    return model;
  };
  ChunkPass<double> real_pass(config, chunk.T, chunk.B, threads, kernels::reference::kKernels<double>);
  GruModel<double> gradient(config);
  fill_state(real_pass, 2);
  const GruModel<double> real_model = with_state(random_model<double>(config, 1));
  real_pass.assign(real_model);
  real_pass.backpropagate(chunk, gradient);
  std::vector<double> found = gradient.initial_state;
  REQUIRE(found.size() == static_cast<std::size_t>(config.num_layers * config.hidden_size));
  for (const double g : flat(gradient)) found.push_back(g);

  ChunkPass<Complex> pass(config, chunk.T, chunk.B, threads);
  GruModel<Complex> model = with_state(random_model<Complex>(config, 1)), ignored(config);
  const double h = 1e-50;
  std::vector<double> truth;
  const auto differentiate = [&](std::span<Complex> values) {
    for (Complex& value : values) {
      value += Complex(0, h);
      fill_state(pass, 2);
      pass.assign(model);
      const auto tokens = pass.backpropagate(chunk, ignored).tokens;
      double derivative = 0;
      for (const Complex& loss : pass.losses()) derivative += loss.imag();
      truth.push_back(derivative / h / static_cast<double>(tokens));
      value -= Complex(0, h);
    }
  };
  differentiate(model.initial_state);
  REQUIRE(norm(truth) > 0.01);
  model.for_each_parameter([&](const std::string&, Parameter<Complex>& parameter) {
    differentiate({parameter.data(), parameter.size()});
  });
  REQUIRE(truth.size() == found.size());
  std::vector<double> difference(truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) difference[i] = truth[i] - found[i];
  CHECK(norm(difference) < tests::kComplexStep * norm(truth));
}

TEST_CASE("Soft targets have the gradient of targets drawn with their frequencies", "[model][gradient]") {
  const ModelConfig config{.vocab_size = 5,
                           .embedding_size = 3,
                           .hidden_size = 4,
                           .num_layers = 2,
                           .features = {.shape = GENERATE(kNone, kBoth)}};
  const Chunk chunk = with_features(random_chunk(6, 3, 5, 7), config);
  const std::size_t rows = chunk.targets.size();
  std::vector<double> probabilities(5 * rows);
  Rng rng(6);
  for (std::size_t row = 0; row < rows; ++row) {
    double total = 0;
    for (std::size_t v = 0; v < 5; ++v) total += probabilities[5 * row + v] = rng.uniform();
    for (std::size_t v = 0; v < 5; ++v) probabilities[5 * row + v] /= total;
  }
  ThreadPool threads(2);
  ChunkPass<double> pass(config, chunk.T, chunk.B, threads);
  const GruModel<double> model = random_model<double>(config, 1);
  pass.assign(model);
  const auto gradient_of = [&](const Chunk& given, std::span<const double> taught) {
    GruModel<double> gradient(config);
    fill_state(pass, 2);
    const ChunkLoss loss = pass.backpropagate(given, gradient, {}, taught);
    return std::pair(flat(gradient), loss.nats);
  };
  const auto [taught, taught_nats] = gradient_of(chunk, probabilities);
  const auto [plain, plain_nats] = gradient_of(chunk, {});
  CHECK(taught_nats == plain_nats);

  // Of each row p(v) of the gradient with v as the only target.
  std::vector<double> wanted(plain.size());
  const auto tokens = std::count_if(chunk.targets.begin(), chunk.targets.end(),
                                    [](Token target) { return target != kNoToken; });
  for (std::size_t row = 0; row < rows; ++row) {
    if (chunk.targets[row] == kNoToken) continue;
    for (std::size_t v = 0; v < 5; ++v) {
      Chunk single = chunk;
      std::fill(single.targets.begin(), single.targets.end(), kNoToken);
      single.targets[row] = static_cast<Token>(v);
      const auto [gradient, nats] = gradient_of(single, {});
      for (std::size_t i = 0; i < wanted.size(); ++i)
        wanted[i] += probabilities[5 * row + v] * gradient[i] / static_cast<double>(tokens);
    }
  }
  std::vector<double> difference(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) difference[i] = taught[i] - wanted[i];
  REQUIRE(norm(wanted) > 0.1);
  CHECK(norm(difference) < 1e-13 * norm(wanted));
}

TEST_CASE("evaluate() leaves the probabilities of the tokens to come", "[model]") {
  const ModelConfig config{.vocab_size = 5, .embedding_size = 3, .hidden_size = 4};
  const Chunk chunk = random_chunk(6, 3, 5, 7);
  ThreadPool threads(1);
  ChunkPass<double> pass(config, chunk.T, chunk.B, threads);
  const GruModel<double> model = random_model<double>(config, 1);
  pass.assign(model);
  pass.evaluate(chunk);
  for (std::size_t row = 0; row < chunk.targets.size(); ++row) {
    const auto of_row = pass.probabilities().subspan(5 * row, 5);
    const double total = std::accumulate(of_row.begin(), of_row.end(), 0.0);
    if (chunk.targets[row] == kNoToken) {
      CHECK(total == 0);
    } else {
      CHECK(total == Approx(1));
      CHECK(-std::log(of_row[chunk.targets[row]]) == Approx(pass.losses()[row]));
    }
  }
}

TEST_CASE("Every implementation gives the reference's gradient at odd sizes", "[model][kernels]") {
  const int H = GENERATE(1, 3, 17, 40, 64);
  const int B = GENERATE(1, 5, 13);
  const int L = GENERATE(1, 2);
  const ResetGate reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  const FeatureShape shape = GENERATE(kNone, kBoth);
  const ModelConfig config{.vocab_size = 7,
                           .embedding_size = 3,
                           .hidden_size = H,
                           .num_layers = L,
                           .reset_gate = reset_gate,
                           .features = {.shape = shape}};
  const Chunk chunk = with_features(random_chunk(9, B, 7, 5), config);
  const auto truth = run<double>(config, chunk, kernels::reference::kKernels<double>, 1);
  const double size = norm(truth.gradient);
  for (const kernels::Kernels<float>* kernels : kernels::available()) {
    CAPTURE(kernels->name, H, B, L);
    const auto result = run<float>(config, chunk, *kernels, 2);
    std::vector<double> difference(truth.gradient.size());
    for (std::size_t i = 0; i < difference.size(); ++i)
      difference[i] = result.gradient[i] - truth.gradient[i];
    // T steps of products of length H and 3H, L layers, each some 4 roundings more for the gates; a chaotic
    // growth of errors over 9 steps is below a factor of 4.
    const double roundings = 9 * L * 4 * (std::sqrt(H) + 4);
    CHECK(norm(difference) < roundings * 4 * 0x1p-24 * size);
    CHECK(std::abs(result.nats - truth.nats) < roundings * 4 * 0x1p-24 * truth.nats);
  }
}

TEST_CASE("The smallest vocabulary, embedding, batch and chunk work with any hidden size",
          "[model][kernels]") {
  const int H = GENERATE(1, 3, 17, 1000);
  const int T = GENERATE(1, 3);
  const ModelConfig config{
      .vocab_size = 2, .embedding_size = 1, .hidden_size = H, .num_layers = H < 1000 ? 2 : 1};
  const Chunk chunk = random_chunk(T, 1, 2, 5, false);
  const auto truth = run<double>(config, chunk, kernels::reference::kKernels<double>, 1);
  const auto model = random_model<float>(config, 1);
  ThreadPool threads(2);
  for (const kernels::Kernels<float>* kernels : kernels::available()) {
    CAPTURE(kernels->name, H, T);
    const auto result = run<float>(config, chunk, *kernels, 2);
    std::vector<double> difference(truth.gradient.size());
    for (std::size_t i = 0; i < difference.size(); ++i)
      difference[i] = result.gradient[i] - truth.gradient[i];
    // As above; the sums of 1000 random weights are some ten times larger, and their errors with them. Where
    // the model is sure of the token its loss is near zero, but the probability is rounded as a number near
    // one.
    const double roundings = T * config.num_layers * 4 * (std::sqrt(H) + 4);
    const double tolerance = roundings * 4 * 0x1p-24 * (H < 1000 ? 1 : 10);
    CHECK(norm(difference) <= tolerance * std::max(1.0, norm(truth.gradient)));
    CHECK(std::abs(result.nats - truth.nats) <= tolerance * std::max(1.0, truth.nats));

    // The same, a token at a time.
    PackedModel<float> packed(config, *kernels);
    packed.assign(model, threads);
    Stepper stepper(packed);
    Rng rng(2);
    for (float& h : stepper.state()) h = rng.uniform() - 0.5f;  // as fill_state has it
    double nats = 0;
    for (std::size_t t = 0; t < chunk.inputs.size(); ++t) {
      const std::span<const float> logits = stepper.step(chunk.inputs[t]);
      const double other = logits[1 - chunk.targets[t]], own = logits[chunk.targets[t]];
      nats += std::log1p(std::exp(other - own));
    }
    CHECK(std::abs(nats - truth.nats) <= tolerance * std::max(1.0, truth.nats));
  }
}

TEST_CASE("Gradients and state have the same bits for any number of threads", "[model][threads]") {
  const double probability = GENERATE(0.0, 0.3);
  const FeatureShape shape = GENERATE(kNone, kBoth);
  const auto precision = GENERATE(kernels::Precision::fp32, kernels::Precision::bf16);
  // Odd numbers of everything; in bfloat16 one of units for which gates can be kept as tiles.
  const ModelConfig config{.vocab_size = 89,
                           .embedding_size = 20,
                           .hidden_size = precision == kernels::Precision::fp32 ? 100 : 64,
                           .num_layers = 2,
                           .features = {.shape = shape}};
  // More rows than a block of timesteps has with one thread.
  const Chunk chunk = with_features(random_chunk(20, 13, 89, 5), config);
  for (const kernels::Kernels<float>* kernels : kernels::available(precision)) {
    if (std::string_view(kernels->name) == "reference") continue;  // it makes no such promise
    const Dropout dropout{.probability = probability, .seed = 4};
    const auto one = run<float>(config, chunk, *kernels, 1, dropout);
    for (const int threads : {2, 3, 5, 16}) {
      CAPTURE(kernels->name, threads);
      const auto many = run<float>(config, chunk, *kernels, threads, dropout);
      CHECK(std::memcmp(one.gradient.data(), many.gradient.data(), one.gradient.size() * sizeof(float)) == 0);
      CHECK(std::memcmp(one.state.data(), many.state.data(), one.state.size() * sizeof(float)) == 0);
      CHECK(one.nats == many.nats);
    }
  }
}

TEST_CASE("Elements of the input that are dropped throughout teach the first layer nothing", "[model]") {
  const int E = 40;
  const ModelConfig config{
      .vocab_size = 5, .embedding_size = E, .hidden_size = 6, .features = {.shape = kInputs}};
  const Chunk chunk = with_features(random_chunk(7, 1, 5, 3), config);
  ThreadPool threads(1);
  ChunkPass<double> pass(config, 7, 1, threads);
  const auto model = random_model<double>(config, 1);
  pass.assign(model);
  for (const double probability : {0.0, 0.5}) {
    GruModel<double> gradient(config);
    pass.backpropagate(chunk, gradient, {.input = probability, .variational = true, .seed = 8, .step = 2});
    int dropped = 0;
    for (int i = 0; i < E; ++i) {
      const bool layer = (gradient.gru.layers[0].weight_ih.matrix().col(i).array() == 0).all();
      const bool embedding = (gradient.embedding.weight.matrix().col(i).array() == 0).all();
      CHECK(layer == embedding);
      dropped += layer ? 1 : 0;
    }
    CHECK(dropped >= (probability == 0 ? 0 : 8));
    CHECK(dropped <= (probability == 0 ? 0 : 32));
  }
}

TEST_CASE("Variational dropout leaves out the same units at all timesteps of a sequence", "[model]") {
  const int T = 7, B = 3, H = 20;
  const ModelConfig config{.vocab_size = 4, .embedding_size = 3, .hidden_size = H};
  ThreadPool threads(1);
  Chunk chunk = random_chunk(T, B, 4, 3, false);
  std::fill(chunk.targets.begin(), chunk.targets.end(), Token{0});
  const auto model = random_model<double>(config, 1);
  // Where a sequence's targets are the only ones, a unit that is dropped at all timesteps has no gradient.
  for (const bool variational : {false, true}) {
    int dropped = 0, sequences_differ = 0;
    std::vector<bool> first;
    for (std::size_t b = 0; b < B; ++b) {
      Chunk one = chunk;
      for (std::size_t at = 0; at < one.targets.size(); ++at)
        if (at % B != b) one.targets[at] = kNoToken;
      GruModel<double> gradient(config);
      ChunkPass<double> pass(config, T, B, threads);
      pass.assign(model);
      pass.backpropagate(one, gradient,
                         {.probability = 0.5, .variational = variational, .seed = 8, .step = 2});
      std::vector<bool> units;
      for (int unit = 0; unit < H; ++unit) units.push_back(gradient.output.weight.matrix()(1, unit) == 0);
      for (const bool unit : units) dropped += unit ? 1 : 0;
      if (b == 0) first = units;
      sequences_differ += units != first ? 1 : 0;
    }
    // Half of 60 units, or all 7 timesteps of one by chance.
    CHECK(dropped > (variational ? 15 : -1));
    CHECK(dropped < (variational ? 45 : 6));
    if (variational) CHECK(sequences_differ > 0);
  }
}

TEST_CASE("Two chunks with the state carried cost what one chunk of both costs", "[model]") {
  const ModelConfig config{.vocab_size = 9, .embedding_size = 4, .hidden_size = 10, .num_layers = 2};
  const Chunk whole = random_chunk(8, 3, 9, 11);
  ThreadPool threads(1);
  const auto model = random_model<double>(config, 1);
  ChunkPass<double> full(config, 8, 3, threads), half(config, 4, 3, threads);
  full.assign(model);
  half.assign(model);
  const double expected = full.evaluate(whole).nats;
  double nats = 0;
  for (const std::size_t first : {0u, 12u}) {
    Chunk part(4, 3);
    std::copy_n(whole.inputs.begin() + static_cast<long>(first), 12, part.inputs.begin());
    std::copy_n(whole.targets.begin() + static_cast<long>(first), 12, part.targets.begin());
    std::copy_n(whole.reset.begin() + static_cast<long>(first), 12, part.reset.begin());
    nats += half.evaluate(part).nats;
  }
  CHECK(nats == Approx(expected).epsilon(1e-13));
}

TEST_CASE("A reset makes a sequence forget what stood before it", "[model]") {
  const ModelConfig config{.vocab_size = 6, .embedding_size = 4, .hidden_size = 5, .num_layers = 2};
  ThreadPool threads(1);
  const auto model = random_model<float>(config, 1);
  Chunk chunk = random_chunk(5, 1, 6, 3, false);
  chunk.reset = {0, 0, 1, 0, 0};
  const auto last_losses = [&](Token first) {
    chunk.inputs[0] = first;
    ChunkPass<float> pass(config, 5, 1, threads);
    pass.assign(model);
    pass.evaluate(chunk);
    return std::vector<float>(pass.losses().begin(), pass.losses().end());
  };
  const auto a = last_losses(0), b = last_losses(1);
  CHECK(a[0] != b[0]);
  CHECK(a[1] != b[1]);
  for (const std::size_t t : {2u, 3u, 4u}) CHECK(a[t] == b[t]);
}
