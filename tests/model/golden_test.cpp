// PyTorch's and Keras's numbers (tests/golden/README.md) against ours.
#include <cmath>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "golden/golden.hpp"
#include "gruve/model/chunk_pass.hpp"
#include "gruve/train/optimizer.hpp"

using namespace gruve;

namespace {

// ‖found − expected‖ / ‖expected‖
template <class Scalar>
double distance(const Scalar* found, const std::vector<double>& expected) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = static_cast<double>(found[i]) - expected[i];
    error += difference * difference;
    norm += expected[i] * expected[i];
  }
  return std::sqrt(error / norm);
}

template <class Scalar>
GruModel<Scalar> read_model(const golden::Case& from, ResetGate reset_gate) {
  GruModel<Scalar> model({.vocab_size = from.settings["vocab_size"],
                          .embedding_size = from.settings["embedding_size"],
                          .hidden_size = from.settings["hidden_size"],
                          .num_layers = from.settings["num_layers"],
                          .reset_gate = reset_gate});
  model.for_each_parameter([&](const std::string& name, Parameter<Scalar>& parameter) {
    const auto values = from.values<Scalar>(name);
    REQUIRE(values.size() == parameter.size());
    std::copy(values.begin(), values.end(), parameter.data());
  });
  return model;
}

// Double: the frameworks' own sums differ by some 1e-15; 1e-12 is the promise. Float: 2⁻²⁴ times the square
// root of the some thousand roundings of a chunk, times 20 for steps that build on each other.
template <class Scalar>
constexpr double kTolerance = std::is_same_v<Scalar, double> ? 1e-12 : 20 * 32 * 0x1p-24;

template <class Scalar>
std::vector<const kernels::Kernels<Scalar>*> all_kernels() {
  if constexpr (std::is_same_v<Scalar, float>)
    return kernels::available();
  else
    return {&kernels::reference::kKernels<Scalar>};
}

// Twenty steps of truncated backpropagation through time over the file's token streams.
template <class Scalar>
void check_training(const std::string& file, const std::string& name,
                    const kernels::Kernels<Scalar>& kernels) {
  CAPTURE(file, name, kernels.name);
  const golden::Case start = golden::load(file, "start"), truth = golden::load(file, name);
  const nlohmann::json& settings = truth.settings;
  const bool is_keras = file == "keras_training";
  const bool before = is_keras && !settings["reset_after"].get<bool>();
  auto model = read_model<Scalar>(start, before ? ResetGate::before_product : ResetGate::after_product);
  GruModel<Scalar> gradient(model.config);
  OptimizerOptions options{.kind = *optimizer_from_name(settings["optimizer"].get<std::string>())};
  if (settings.contains("momentum")) options.momentum = settings["momentum"];
  if (settings.contains("alpha")) options.alpha = settings["alpha"];
  if (settings.contains("epsilon")) options.epsilon = settings["epsilon"];
  ThreadPool threads(1);
  Optimizer<Scalar> optimizer(options, model, gradient);
  const int T = 6, B = 3;
  ChunkPass<Scalar> pass(model.config, T, B, threads, kernels);
  const auto stream = start.values<Token>("stream");  // [B, 20 T + 1]
  const std::size_t length = start["stream"].shape[1];
  const auto losses = truth.values("losses");
  for (std::size_t step = 0; step < losses.size(); ++step) {
    Chunk chunk(T, B);
    for (std::size_t t = 0; t < 6; ++t) {
      for (std::size_t b = 0; b < 3; ++b) {
        chunk.inputs[t * 3 + b] = stream[b * length + step * 6 + t];
        chunk.targets[t * 3 + b] = stream[b * length + step * 6 + t + 1];
      }
    }
    pass.assign(model);
    CAPTURE(step);
    CHECK(std::abs(pass.backpropagate(chunk, gradient).mean() / losses[step] - 1) < kTolerance<Scalar>);
    // Keras has one bias where the reset comes before the product.
    if (before) gradient.gru.layers[0].bias_hh.matrix().setZero();
    const double scale = is_keras ? 1.0 : std::min(1.0, 1.0 / (optimizer.gradient_norm(threads) + 1e-6));
    optimizer.update(settings["learning_rate"].get<double>(), scale, threads);
  }
  model.for_each_parameter([&](const std::string& parameter_name, Parameter<Scalar>& parameter) {
    if (!truth.tensors.contains(parameter_name) || (before && parameter_name == "gru.bias_hh_l0")) return;
    CAPTURE(parameter_name);
    CHECK(distance(parameter.data(), truth.values(parameter_name)) < kTolerance<Scalar>);
  });
}

}  // namespace

TEMPLATE_TEST_CASE("Loss, logits' loss and all gradients of a model equal PyTorch's", "[model][golden]",
                   double, float) {
  const golden::Case truth = golden::load("torch_model", "model");
  const auto model = read_model<TestType>(truth, ResetGate::after_product);
  GruModel<TestType> gradient(model.config);
  ThreadPool threads(1);
  Chunk chunk(6, 3);
  chunk.inputs = truth.values<Token>("tokens");
  chunk.targets = truth.values<Token>("targets");
  for (const auto* kernels : all_kernels<TestType>()) {
    CAPTURE(kernels->name);
    ChunkPass<TestType> pass(model.config, 6, 3, threads, *kernels);
    pass.assign(model);
    CHECK(std::abs(pass.backpropagate(chunk, gradient).mean() / truth.values("loss")[0] - 1) <
          kTolerance<TestType>);
    gradient.for_each_parameter([&](const std::string& name, Parameter<TestType>& parameter) {
      CAPTURE(name);
      CHECK(distance(parameter.data(), truth.values("d" + name)) < kTolerance<TestType>);
    });
  }
}

TEMPLATE_TEST_CASE("Twenty training losses equal PyTorch's with each optimiser", "[train][golden]", double,
                   float) {
  for (const char* name : {"sgd", "adam", "rmsprop"})
    for (const auto* kernels : all_kernels<TestType>())
      check_training<TestType>("torch_training", name, *kernels);
}

// Keras's Adam adds epsilon before the bias correction, PyTorch's and ours behind it; with an epsilon of
// 1e-30 they agree.
TEMPLATE_TEST_CASE("Twenty training losses equal Keras's for both reset variants", "[train][golden]", double,
                   float) {
  for (const char* name : {"reset_after_tiny_epsilon", "reset_before_tiny_epsilon"})
    for (const auto* kernels : all_kernels<TestType>())
      check_training<TestType>("keras_training", name, *kernels);
}

TEST_CASE("A GRU cell steps as PyTorch's and Keras's layers do, for both reset variants", "[nn][golden]") {
  const std::string file = GENERATE("torch_gru", "keras_gru");
  const std::string name =
      file == "torch_gru" ? GENERATE("one_layer", "two_layers") : GENERATE("reset_after", "reset_before");
  const golden::Case truth = golden::load(file, name);
  const int L = truth.settings["num_layers"];
  const auto B = static_cast<int>(truth["x"].shape[1]), T = static_cast<int>(truth["x"].shape[0]);
  const auto E = static_cast<int>(truth["x"].shape[2]), H = static_cast<int>(truth["out"].shape[2]);
  Gru<double> gru(
      E, H, L,
      truth.settings["reset_after"].get<bool>() ? ResetGate::after_product : ResetGate::before_product);
  Gru<double>::for_each_parameter(gru, [&](const std::string& parameter_name, Parameter<double>& parameter) {
    const auto values = truth.values(parameter_name);
    std::copy(values.begin(), values.end(), parameter.data());
  });
  const auto x = truth.values("x"), h0 = truth.values("h0");
  std::vector<double> out(truth["out"].values.size());
  for (int b = 0; b < B; ++b) {
    std::vector<Eigen::VectorXd> h;
    for (int l = 0; l < L; ++l)
      h.push_back(Eigen::Map<const Eigen::VectorXd>(h0.data() + (l * B + b) * H, H));
    for (int t = 0; t < T; ++t) {
      Eigen::VectorXd input = Eigen::Map<const Eigen::VectorXd>(x.data() + (t * B + b) * E, E);
      for (std::size_t l = 0; l < gru.layers.size(); ++l) {
        gru.layers[l].step(input, h[l]);
        input = h[l];
      }
      Eigen::Map<Eigen::VectorXd>(out.data() + (t * B + b) * H, H) = input;
    }
  }
  CHECK(distance(out.data(), truth.values("out")) < kTolerance<double>);
}

// The layer's own gradients, by the kernels that ChunkPass uses: dx from the gradient of the input product.
TEST_CASE("Gradients of a GRU layer by its input and its first state equal PyTorch's and Keras's",
          "[kernels][golden]") {
  const std::string file = GENERATE("torch_gru", "keras_gru");
  const std::string name = file == "torch_gru" ? "one_layer" : GENERATE("reset_after", "reset_before");
  const golden::Case truth = golden::load(file, name);
  const ResetGate reset_gate =
      truth.settings["reset_after"].get<bool>() ? ResetGate::after_product : ResetGate::before_product;
  const auto T = static_cast<int>(truth["x"].shape[0]), B = static_cast<int>(truth["x"].shape[1]);
  const auto E = static_cast<int>(truth["x"].shape[2]), H = static_cast<int>(truth["out"].shape[2]);
  const auto& kernels = kernels::reference::kKernels<double>;
  const auto x = truth.values("x"), w_ih = truth.values("weight_ih_l0"), w_hh = truth.values("weight_hh_l0");
  const auto b_ih = truth.values("bias_ih_l0"), b_hh = truth.values("bias_hh_l0"),
             dout = truth.values("dout");
  const auto count = [&](int width) { return static_cast<std::size_t>(T * B * width); };

  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> X(x.data(), T * B, E), W(w_ih.data(), 3 * H, E);
  const Matrix product =
      (X * W.transpose()).rowwise() + Eigen::Map<const Eigen::RowVectorXd>(b_ih.data(), 3 * H);
  std::vector<double> h(count(H) + static_cast<std::size_t>(B * H)), gates(count(4 * H));
  const auto h0 = truth.values("h0");
  std::copy(h0.begin(), h0.end(), h.begin());
  kernels.gru_forward({.rows = kernels::all_rows(T, B),
                       .H = H,
                       .reset_gate = reset_gate,
                       .input_product = product.data(),
                       .input_stride = 3 * H,
                       .weight_hh = w_hh.data(),
                       .bias_hh = b_hh.data(),
                       .h = h.data(),
                       .gates = gates.data()});
  CHECK(distance(h.data() + B * H, truth.values("out")) < kTolerance<double>);

  auto dh = truth.values("dh_n");
  kernels::training_kernels_of(kernels).gru_backward({.rows = kernels::all_rows(T, B),
                                                      .H = H,
                                                      .reset_gate = reset_gate,
                                                      .weight_hh = w_hh.data(),
                                                      .h = h.data(),
                                                      .gates = gates.data(),
                                                      .dout = dout.data(),
                                                      .dh = dh.data()});
  CHECK(distance(dh.data(), truth.values("dh0")) < kTolerance<double>);
  const Eigen::Map<const Matrix> D(gates.data(), T * B, 4 * H);
  const int n_column = reset_gate == ResetGate::after_product ? 3 * H : 2 * H;
  const Matrix dx = D.leftCols(2 * H) * W.topRows(2 * H) + D.middleCols(n_column, H) * W.bottomRows(H);
  CHECK(distance(dx.data(), truth.values("dx")) < kTolerance<double>);
}
