// oneDNN's GRU layers with the weights of a gruve model. The layers alone, without embedding, output layer,
// loss and optimiser, which favours oneDNN where it is compared with whole steps. Written for oneDNN 2.x.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include <CLI/CLI.hpp>

#include "bench.hpp"
#include "gruve/core/aligned.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/kernels/training.hpp"
#include "gruve/model/packed_model.hpp"

namespace gruve::bench {

class OnednnGru {
 public:
  OnednnGru(const GruModel<float>& model, const Chunk& chunk, bool trains)
      : model_(model), chunk_(chunk), trains_(trains) {
    const int E = model.config.embedding_size;
    input_ = memory({{chunk.T, chunk.B, E}, type::f32, tag::tnc}, engine_);
    for (std::size_t row = 0; row < chunk.inputs.size(); ++row)
      std::copy_n(
          model.embedding.weight.data() + std::size_t{chunk.inputs[row]} * static_cast<std::size_t>(E), E,
          data(input_) + row * static_cast<std::size_t>(E));
    memory x = input_;
    for (const GruCell<float>& cell : model.gru.layers) x = add_layer(cell, x);
    output_ = x;
    // The gradient of a layer's output is that of the input of the layer above.
    if (trains) {
      doutput_ = memory(output_.get_desc(), engine_);
      Rng rng(3);
      for (std::size_t i = 0; i < elements(doutput_); ++i)
        data(doutput_)[i] = 1e-3f * (2 * rng.uniform() - 1);
      memory dy = doutput_;
      for (auto layer = backward_.rbegin(); layer != backward_.rend(); ++layer) {
        layer->back().second[DNNL_ARG_DIFF_DST_LAYER] = dy;
        dy = layer->back().second[DNNL_ARG_DIFF_SRC_LAYER];
      }
    }
    execute(once_);
  }

  /// All layers forward and, in training, backward. In training the weights change in each step, so their
  /// conversion is part of it. The state is not carried over.
  void run() {
    for (Steps& layer : forward_) execute(layer);
    for (auto layer = backward_.rbegin(); layer != backward_.rend(); ++layer) execute(*layer);
    stream_.wait();
  }

  /// Throws unless the last layer's states and, in training, the gradient of its recurrent weights equal
  /// gruve's, within 1e-4 of the largest.
  void check() {
    run();
    const ModelConfig& config = model_.config;
    const int T = chunk_.T, B = chunk_.B, H = config.hidden_size;
    const std::size_t size = chunk_.inputs.size() * static_cast<std::size_t>(H);
    ThreadPool threads(1);
    PackedModel<float> packed(config);
    packed.assign(model_, threads);
    const auto first = static_cast<std::size_t>(B * H);  // elements of the states before the chunk
    AlignedVector<float> h(first + size), input, gates(4 * size), product(3 * size);
    for (std::size_t l = 0; l < model_.gru.layers.size(); ++l) {
      input.swap(h);
      h.assign(first + size, 0.0f);
      packed.layer_forward(l,
                           {.rows = kernels::all_rows(T, B),
                            .tokens = chunk_.inputs.data(),
                            .h = h.data(),
                            .gates = gates.data()},
                           input.data() + first, product.data());
    }
    compare("states", h.data() + first, data(output_), size);
    if (!trains_) return;

    const auto& table = kernels::active();
    const GruCell<float>& cell = model_.gru.layers.back();
    const auto& training = kernels::training_kernels_of(table);
    AlignedVector<float> weight(training.packed_gru_backward_size(H, ResetGate::after_product));
    training.pack_gru_backward(H, ResetGate::after_product, cell.weight_hh.data(), weight.data());
    AlignedVector<float> dh(first), sums(static_cast<std::size_t>(3 * H));
    training.gru_backward({.rows = kernels::all_rows(T, B),
                           .H = H,
                           .weight_hh = weight.data(),
                           .h = h.data(),
                           .gates = gates.data(),
                           .dout = data(doutput_),
                           .dh = dh.data()});
    AlignedVector<float> dweight(cell.weight_hh.size());
    training.multiply_transposed({.rows = T * B,
                                  .columns = {0, 3 * H},
                                  .a = gates.data(),
                                  .a_stride = std::ptrdiff_t{4} * H,
                                  .N = H,
                                  .b = h.data(),
                                  .b_stride = H,
                                  .c = dweight.data(),
                                  .sums = sums.data()});
    const AlignedVector<float> ours = in_order(dweight.data(), H, H);
    memory theirs({{1, 1, H, 3, H}, type::f32, tag::ldigo}, engine_);
    memory& from = backward_.back().back().second[DNNL_ARG_DIFF_WEIGHTS_ITER];
    reorder(from, theirs).execute(stream_, from, theirs);
    stream_.wait();
    compare("gradient", ours.data(), data(theirs), ours.size());
  }

 private:
  using memory = dnnl::memory;
  using reorder = dnnl::reorder;
  using type = memory::data_type;
  using tag = memory::format_tag;
  using Arguments = std::unordered_map<int, memory>;
  using Steps = std::vector<std::pair<dnnl::primitive, Arguments>>;

  static float* data(const memory& m) { return static_cast<float*>(m.get_data_handle()); }
  static std::size_t elements(const memory& m) { return m.get_desc().get_size() / sizeof(float); }

  memory zeros(const memory::desc& desc) {
    memory result(desc, engine_);
    std::fill_n(static_cast<char*>(result.get_data_handle()), desc.get_size(), char{0});
    return result;
  }

  void execute(Steps& steps) {
    for (auto& [primitive, arguments] : steps) primitive.execute(stream_, arguments);
    stream_.wait();
  }

  // gruve's [3H, K], gates r, z, n, in the order of oneDNN: [K, 3, H], gates z, r, n.
  static AlignedVector<float> in_order(const float* weight, int H, int K) {
    AlignedVector<float> result;
    for (int k = 0; k < K; ++k)
      for (const int gate : {1, 0, 2})
        for (int j = 0; j < H; ++j) result.push_back(weight[std::ptrdiff_t{gate * H + j} * K + k]);
    return result;
  }

  // `from` in the layout `desc`, always by a reorder: packed layouts have a header, and a layer whose
  // weights were written over it skips work and seems fast.
  memory converted(Steps& steps, const memory& from, const memory::desc& desc) {
    if (from.get_desc() == desc) return from;
    memory to(desc, engine_);
    steps.push_back({reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}});
    return to;
  }

  memory weights(const Parameter<float>& weight, int H) {
    memory result({{1, 1, weight.cols(), 3, H}, type::f32, tag::ldigo}, engine_);
    const AlignedVector<float> values = in_order(weight.data(), H, weight.cols());
    std::copy(values.begin(), values.end(), data(result));
    return result;
  }

  memory add_layer(const GruCell<float>& cell, const memory& x) {
    const int T = chunk_.T, B = chunk_.B, H = cell.hidden_size(), K = cell.input_size();
    const auto any = [](const memory::dims& dims) { return memory::desc(dims, type::f32, tag::any); };
    const memory::desc src({T, B, K}, type::f32, tag::tnc), dst({T, B, H}, type::f32, tag::tnc),
        state({1, 1, B, H}, type::f32, tag::ldnc), bias({1, 1, 4, H}, type::f32, tag::ldgo),
        weight_ih = any({1, 1, K, 3, H}), weight_hh = any({1, 1, H, 3, H});
    constexpr auto kDirection = dnnl::rnn_direction::unidirectional_left2right;
    const auto kind = trains_ ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    const dnnl::lbr_gru_forward::primitive_desc forward(
        {kind, kDirection, src, state, weight_ih, weight_hh, bias, dst, state}, engine_);

    memory b(bias, engine_);  // of z, r, the input part of n, the recurrent part of n
    for (int j = 0; j < H; ++j) {
      const float *ih = cell.bias_ih.data() + j, *hh = cell.bias_hh.data() + j;
      const std::array<float, 4> values = {ih[H] + hh[H], ih[0] + hh[0], ih[2 * H], hh[2 * H]};
      for (int gate = 0; gate < 4; ++gate) data(b)[gate * H + j] = values[static_cast<std::size_t>(gate)];
    }
    const memory w_ih = weights(cell.weight_ih, H), w_hh = weights(cell.weight_hh, H), y = zeros(dst);
    Steps& steps = forward_.emplace_back();
    Steps& conversions = trains_ ? steps : once_;
    Arguments arguments = {
        {DNNL_ARG_SRC_LAYER, x},
        {DNNL_ARG_SRC_ITER, zeros(state)},
        {DNNL_ARG_WEIGHTS_LAYER, converted(conversions, w_ih, forward.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER, converted(conversions, w_hh, forward.weights_iter_desc())},
        {DNNL_ARG_BIAS, b},
        {DNNL_ARG_DST_LAYER, y},
        {DNNL_ARG_DST_ITER, zeros(state)}};
    if (trains_) {
      arguments[DNNL_ARG_WORKSPACE] = memory(forward.workspace_desc(), engine_);
      const dnnl::lbr_gru_backward::primitive_desc backward(
          {dnnl::prop_kind::backward, kDirection, src, state, weight_ih, weight_hh, bias, dst, state, src,
           state, weight_ih, weight_hh, bias, dst, state},
          engine_, forward);
      Steps& back = backward_.emplace_back();
      Arguments gradients = arguments;
      gradients[DNNL_ARG_WEIGHTS_LAYER] = converted(back, w_ih, backward.weights_layer_desc());
      gradients[DNNL_ARG_WEIGHTS_ITER] = converted(back, w_hh, backward.weights_iter_desc());
      gradients[DNNL_ARG_DIFF_SRC_LAYER] = zeros(backward.diff_src_layer_desc());
      gradients[DNNL_ARG_DIFF_SRC_ITER] = zeros(backward.diff_src_iter_desc());
      gradients[DNNL_ARG_DIFF_BIAS] = zeros(backward.diff_bias_desc());
      gradients[DNNL_ARG_DIFF_DST_ITER] = zeros(backward.diff_dst_iter_desc());
      // oneDNN adds to the gradients of the weights.
      for (const auto& [name, desc] :
           {std::pair{DNNL_ARG_DIFF_WEIGHTS_LAYER, backward.diff_weights_layer_desc()},
            std::pair{DNNL_ARG_DIFF_WEIGHTS_ITER, backward.diff_weights_iter_desc()}})
        gradients[name] = zeros(desc);
      back.push_back({dnnl::lbr_gru_backward(backward), gradients});
    }
    steps.push_back({dnnl::lbr_gru_forward(forward), arguments});
    return y;
  }

  static void compare(const std::string& what, const float* ours, const float* theirs, std::size_t size) {
    float largest = 0, difference = 0;
    for (std::size_t i = 0; i < size; ++i) {
      largest = std::max(largest, std::abs(ours[i]));
      difference = std::max(difference, std::abs(ours[i] - theirs[i]));
    }
    if (!(difference <= 1e-4f * largest))
      throw std::runtime_error("not equal, not timed: the " + what + " differ by " +
                               std::to_string(difference) + " of " + std::to_string(largest));
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  const GruModel<float>& model_;
  const Chunk& chunk_;
  bool trains_;
  memory input_, output_, doutput_;
  Steps once_;  // what is done before the first run
  std::vector<Steps> forward_, backward_;
};

/// The whole program: compares, says "ready", then measures once for each line that it reads.
///
/// T, B  what the task runs on unless the command line says otherwise
inline int onednn_main(int argc, char** argv, const char* bench, const char* unit, double units_per_second,
                       int T, int B, bool trains) {
  CLI::App app("oneDNN's GRU layers, measured", bench);
  ModelConfig config{.vocab_size = 89, .embedding_size = 128, .hidden_size = 512};
  std::string work;
  int threads = 1, repeats = 3;
  double seconds = 1;
  app.add_option("--work", work, "Not used: the weights come from the same generator");
  app.add_option("--hidden", config.hidden_size);
  app.add_option("--layers", config.num_layers);
  app.add_option("--batch", B);
  app.add_option("--unroll", T);
  app.add_option("--threads", threads);
  app.add_option("--seconds", seconds);
  app.add_option("--repeats", repeats);
  CLI11_PARSE(app, argc, argv);
  try {
    ::setenv("OMP_NUM_THREADS", std::to_string(threads).c_str(), 1);  // before oneDNN's first parallel region
    const GruModel<float> model = random_model(config);
    const Chunk chunk = random_chunk(T, B, config.vocab_size);
    OnednnGru gru(model, chunk, trains);
    gru.check();
    std::puts("ready");
    std::fflush(stdout);
    BenchArguments options;
    options.json = true;
    const dnnl_version_t* version = dnnl_version();
    const std::string name = "onednn-" + std::to_string(version->major) + "." +
                             std::to_string(version->minor) + "." + std::to_string(version->patch) +
                             " lbr_gru, layer alone, fp32 H=" + std::to_string(config.hidden_size) +
                             " L=" + std::to_string(config.num_layers) + " B=" + std::to_string(B) +
                             " T=" + std::to_string(T) + " threads=" + std::to_string(threads);
    for (std::string line; std::getline(std::cin, line);)
      print(options, bench, name, unit,
            scaled(seconds_per_call(repeats, seconds, [&] { gru.run(); }), units_per_second), 0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace gruve::bench
