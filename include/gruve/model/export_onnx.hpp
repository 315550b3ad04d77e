#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/model/gate_order.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/imported_network.hpp"
#include "gruve/model/protobuf.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// Writes the parts of a graph. The numbers of fields are those of onnx.proto.
class OnnxGraph {
 public:
  static constexpr std::int64_t kFloat = 1, kInt64 = 7;

  struct Attribute {
    std::string_view name;
    std::int64_t value;
  };

  void node(std::string_view op, const std::vector<std::string>& inputs,
            const std::vector<std::string>& outputs, const std::vector<Attribute>& attributes = {}) {
    ProtoWriter node;
    for (const std::string& input : inputs) node.text(1, input);
    for (const std::string& output : outputs) node.text(2, output);
    node.text(3, outputs.front());
    node.text(4, op);
    for (const Attribute& each : attributes) {
      ProtoWriter attribute;
      attribute.text(1, each.name);
      attribute.integer(3, each.value);
      attribute.integer(20, 2);  // INT
      node.message(5, attribute);
    }
    graph_.message(1, node);
  }

  void array(std::string_view name, const std::vector<std::int64_t>& shape, std::span<const float> values) {
    ProtoWriter tensor = head(name, shape, kFloat);
    tensor.floats(9, values);
    graph_.message(5, tensor);
  }

  void integer_array(std::string_view name, std::int64_t value) {
    ProtoWriter tensor = head(name, {1}, kInt64);
    tensor.integer(7, value);
    graph_.message(5, tensor);
  }

  // Sizes that are texts are known when the graph runs.
  void input(std::string_view name, std::int64_t type, const std::vector<std::string>& shape) {
    graph_.message(11, value_info(name, type, shape));
  }
  void output(std::string_view name, const std::vector<std::string>& shape) {
    graph_.message(12, value_info(name, kFloat, shape));
  }

  const ProtoWriter& finish() {
    graph_.text(2, "gruve");
    return graph_;
  }

 private:
  static ProtoWriter head(std::string_view name, const std::vector<std::int64_t>& shape, std::int64_t type) {
    ProtoWriter tensor;
    for (const std::int64_t size : shape) tensor.integer(1, size);
    tensor.integer(2, type);
    tensor.text(8, name);
    return tensor;
  }

  static ProtoWriter value_info(std::string_view name, std::int64_t type,
                                const std::vector<std::string>& shape) {
    ProtoWriter sizes, tensor, kind, info;
    for (const std::string& size : shape) {
      ProtoWriter dimension;
      if (size.front() >= '0' && size.front() <= '9')
        dimension.integer(1, std::stoll(size));
      else
        dimension.text(2, size);
      sizes.message(1, dimension);
    }
    tensor.integer(1, type);
    tensor.message(2, sizes);
    kind.message(1, tensor);
    info.text(1, name);
    info.message(2, kind);
    return info;
  }

  ProtoWriter graph_ = {};
};

inline ProtoWriter onnx_graph(const GruModel<float>& network) {
  const ModelConfig& config = network.config;
  const std::int64_t V = config.vocab_size, E = config.embedding_size, H = config.hidden_size,
                     L = config.num_layers;
  const auto values = [](const Parameter<float>& parameter) {
    return std::span<const float>(parameter.data(), parameter.size());
  };
  OnnxGraph graph;
  const std::vector<std::string> state = {std::to_string(L), "batch", std::to_string(H)};
  graph.input("tokens", OnnxGraph::kInt64, {"timesteps", "batch"});
  graph.input("state_in", OnnxGraph::kFloat, state);
  graph.array("embedding.weight", {V, E}, values(network.embedding.weight));
  graph.integer_array("axis_1", 1);
  graph.node("Gather", {"embedding.weight", "tokens"}, {"embedding"}, {{"axis", 0}});
  std::vector<std::string> states_in = {"state_in"}, states_out = {"state_out"};
  if (L > 1) {
    states_in.clear();
    states_out.clear();
    for (std::int64_t l = 0; l < L; ++l) {
      states_in.push_back("state_in_l" + std::to_string(l));
      states_out.push_back("state_out_l" + std::to_string(l));
    }
    graph.node("Split", {"state_in"}, states_in, {{"axis", 0}});
  }
  std::string x = "embedding";
  for (std::size_t l = 0; l < network.gru.layers.size(); ++l) {
    const GruCell<float>& cell = network.gru.layers[l];
    const std::string layer = "_l" + std::to_string(l);
    const std::string W = "gru.W" + layer, R = "gru.R" + layer, B = "gru.B" + layer;
    graph.array(W, {1, 3 * H, cell.input_size()}, with_gates_exchanged(values(cell.weight_ih)));
    graph.array(R, {1, 3 * H, H}, with_gates_exchanged(values(cell.weight_hh)));
    std::vector<float> biases = with_gates_exchanged(values(cell.bias_ih));
    const std::vector<float> recurrent = with_gates_exchanged(values(cell.bias_hh));
    biases.insert(biases.end(), recurrent.begin(), recurrent.end());
    graph.array(B, {1, 6 * H}, biases);
    graph.node("GRU", {x, W, R, B, "", states_in[l]}, {"states" + layer, states_out[l]},
               {{"hidden_size", H}, {"linear_before_reset", config.reset_gate == ResetGate::after_product}});
    x = "out" + layer;
    graph.node("Squeeze", {"states" + layer, "axis_1"}, {x});  // the axis of directions
  }
  if (L > 1) graph.node("Concat", states_out, {"state_out"}, {{"axis", 0}});
  graph.array(
      "output.kernel", {H, V},
      transposed(values(network.output.weight), static_cast<std::size_t>(V), static_cast<std::size_t>(H)));
  graph.array("output.bias", {V}, values(network.output.bias));
  graph.node("MatMul", {x, "output.kernel"}, {"product"});
  graph.node("Add", {"product", "output.bias"}, {"logits"});
  graph.output("logits", {"timesteps", "batch", std::to_string(V)});
  graph.output("state_out", state);
  if (!network.initial_state.empty()) {
    graph.array("initial_state.values", {L, 1, H}, network.initial_state);
    graph.node("Identity", {"initial_state.values"}, {"initial_state"});
    graph.output("initial_state", {std::to_string(L), "1", std::to_string(H)});
  }
  return graph.finish();
}

}  // namespace internal

// clang-format off
/// Writes a network as an ONNX graph (operator set 17) that runs in ONNX Runtime and others:
///
///   tokens         int64 [timesteps, batch]     input
///   state_in       float [L, batch, H]          input: zeros, or initial_state for each sequence, at its beginning
///   logits         float [timesteps, batch, V]  output, of the token after each one
///   state_out      float [L, batch, H]          output, to be the next state_in
///   initial_state  float [L, 1, H]              output, only of a network that has learnt one
///
/// The encoder's grammar, which masks logits, is not in the graph. Throws Error if the network has features, since its input
/// would be more than tokens, or if the file would exceed the format's 2 GiB or cannot be written.
///
/// metadata  texts that the file has in addition, by name
// clang-format on
inline void export_onnx(const GruModel<float>& network, const std::filesystem::path& path,
                        const std::map<std::string, std::string>& metadata = {}) {
  internal::require_plain(network.config, internal::utf8(path), "an ONNX graph");
  internal::ProtoWriter model, operators;
  model.integer(1, 8);  // the format's version
  model.text(2, "gruve");
  operators.text(1, "");
  operators.integer(2, 17);
  model.message(8, operators);
  model.message(7, internal::onnx_graph(network));
  for (const auto& [name, text] : metadata) {
    internal::ProtoWriter entry;
    entry.text(1, name);
    entry.text(2, text);
    model.message(14, entry);
  }
  if (model.bytes().size() > static_cast<std::size_t>((std::numeric_limits<std::int32_t>::max)()))
    internal::raise(Error(internal::utf8(path), "would have " + std::to_string(model.bytes().size()) +
                                             " bytes, expected at most 2147483647 of an ONNX file"));
  write_file(path, model.bytes());
}

}  // namespace gruve::inline v0_2
