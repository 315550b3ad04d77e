#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/model/array_text.hpp"
#include "gruve/model/gate_order.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/imported_network.hpp"
#include "gruve/model/onnx_file.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// An array of a graph, with its numbers.
struct OnnxArray {
  std::string_view name = {};
  std::vector<std::int64_t> shape = {};
  std::vector<float> values = {};
};

// Finds embedding, GRU layers and output layer in a graph, from its outputs to its inputs.
class OnnxImport {
 public:
  OnnxImport(const OnnxImport&) = delete;
  OnnxImport& operator=(const OnnxImport&) = delete;
  explicit OnnxImport(const OnnxFile& file) : file_(&file) {
    for (std::size_t i = 0; i < file.nodes().size(); ++i) {
      const OnnxNode& node = file.nodes()[i];
      for (const std::string_view output : node.outputs)
        if (!output.empty() && !producers_.emplace(output, i).second)
          fail("two nodes have the output " + shown_text(output));
      if (is_constant(node)) constants_.insert(node.outputs.front());
    }
  }

  ImportedNetwork read() {
    find_output_layer();
    find_layers();
    const std::int64_t H = layers_.front()->integer("hidden_size", 0);
    const auto reset_gate = layers_.front()->integer("linear_before_reset", 0) != 0
                                ? ResetGate::after_product
                                : ResetGate::before_product;
    const OnnxArray embedding = matrix(embedding_->input(0), "the embedding");
    const ModelConfig config = imported_config(file_->path(), embedding.shape[0], embedding.shape[1], H,
                                               static_cast<std::int64_t>(layers_.size()), reset_gate);
    const std::vector<std::array<OnnxArray, 3>> arrays = arrays_of_layers(config);
    const OnnxArray weight = output_weight(config);
    ImportedNetwork imported{.network = GruModel<float>(config), .metadata = file_->metadata()};
    GruModel<float>& network = imported.network;
    fill(network.embedding.weight, embedding.values, file_->path(), shown(embedding));
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto& [W, R, B] = arrays[l];
      GruCell<float>& cell = network.gru.layers[l];
      fill(cell.weight_ih, with_gates_exchanged(W.values), file_->path(), shown(W));
      fill(cell.weight_hh, with_gates_exchanged(R.values), file_->path(), shown(R));
      if (B.values.empty()) continue;
      const std::span<const float> biases = B.values;
      fill(cell.bias_ih, with_gates_exchanged(biases.first(biases.size() / 2)), file_->path(), shown(B));
      fill(cell.bias_hh, with_gates_exchanged(biases.last(biases.size() / 2)), file_->path(), shown(B));
    }
    fill(network.output.weight, weight.values, file_->path(), shown(weight));
    if (!bias_.empty()) {
      const OnnxArray bias = array(bias_, "the bias of the output layer");
      fill(network.output.bias, bias.values, file_->path(), shown(bias));
    } else {
      imported.notes.push_back("zero, since the graph has none: output.bias");
    }
    read_initial_state(network);
    imported.notes.insert(imported.notes.end(), notes_.begin(), notes_.end());
    return imported;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const { internal::raise(Error(file_->path(), reason)); }

  static std::string shown(const OnnxArray& array) { return "the array " + shown_text(array.name); }

  // The node that has an output; null for inputs and arrays of the graph. A node's inputs must come from
  // nodes before it, as the format demands, so that no search runs in a circle.
  const OnnxNode* producer(std::string_view output, const OnnxNode* user = nullptr) const {
    const auto found = producers_.find(output);
    if (found == producers_.end()) return nullptr;
    const OnnxNode* const node = &file_->nodes()[found->second];
    if (user != nullptr && node >= user)
      fail("the node " + user->shown() + " uses an output of a later one, " + node->shown());
    return node;
  }

  static bool is_one_of(const OnnxNode& node, std::initializer_list<std::string_view> ops) {
    return (node.domain.empty() || node.domain == "ai.onnx") &&
           std::find(ops.begin(), ops.end(), node.op) != ops.end();
  }

  // What changes the axes or the type of an array, not what it says of a timestep.
  static bool is_passage(const OnnxNode& node) {
    return is_one_of(node, {"Identity", "Squeeze", "Unsqueeze", "Transpose", "Reshape", "Flatten", "Dropout",
                            "Cast", "Slice"});
  }

  // Whether a node gives an array that does not depend on the graph's inputs, made of others by their axes
  // alone, as torch.onnx leaves it to the reader to put the gates of large arrays in order.
  bool is_constant(const OnnxNode& node) const {
    if (node.outputs.size() != 1) return false;
    if (is_one_of(node, {"Constant"})) {
      const OnnxAttribute* const value = node.attribute("value");
      return value != nullptr && value->tensor.has_value();
    }
    return is_one_of(node, {"Identity", "Transpose", "Slice", "Concat", "Squeeze", "Unsqueeze"}) &&
           std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](std::string_view input) { return input.empty() || is_array(input); });
  }

  // Whether array() gives it.
  bool is_array(std::string_view name) const {
    return file_->initializers().contains(name) || constants_.contains(name);
  }

  // The array of the file with a name; null if it has to be computed.
  const OnnxTensor* stored(std::string_view name) const {
    if (const auto found = file_->initializers().find(name); found != file_->initializers().end())
      return &found->second;
    const OnnxNode* const node = producer(name);
    return node != nullptr && constants_.contains(name) && node->op == "Constant"
               ? &*node->attribute("value")->tensor
               : nullptr;
  }

  // An array, computed where it must be.
  OnnxArray array(std::string_view name, const std::string& what, int depth = 0) const {
    constexpr int kDeepestArray = 8;
    if (!is_array(name) || depth > kDeepestArray)
      fail(what + ", " + shown_text(name) + ", is not an array of the graph; there are " + file_->listed());
    const OnnxTensor* const tensor = stored(name);
    OnnxArray array{name, {}, {}};
    if (tensor != nullptr) {
      array.shape = tensor->shape;
      array.values = file_->values(*tensor);
    } else {
      const OnnxNode& node = *producer(name);
      array =
          computed(node, [&](std::size_t input) { return this->array(node.input(input), what, depth + 1); });
      array.name = name;
    }
    // Else a small file could ask for a large network.
    if ((num_values_ += 1 + array.values.size()) > 4 * file_->size() + 4096)
      fail("the graph uses its arrays so often that the network would be larger than the file");
    return array;
  }

  // What a constant node gives. All but Transpose is along the first axis.
  template <class Input>
  OnnxArray computed(const OnnxNode& node, Input&& input) const {
    OnnxArray array = input(0);
    const auto refuse = [&] { fail("the node " + node.shown() + " is of a kind that is not represented"); };
    const std::int64_t axis = first_integer(node, node.op == "Slice" ? 3 : 1, "axes", 0);
    const std::size_t rows = array.shape.empty() ? 0 : static_cast<std::size_t>(array.shape.front());
    if (node.op == "Transpose") {
      if (array.shape.size() != 2) refuse();
      const auto cols = static_cast<std::size_t>(array.shape[1]);
      array.values = transposed(array.values, rows, cols);
      std::swap(array.shape[0], array.shape[1]);
    } else if (node.op == "Unsqueeze") {
      if (axis != 0) refuse();
      array.shape.insert(array.shape.begin(), 1);
    } else if (node.op == "Squeeze") {
      if (axis != 0 || rows != 1) refuse();
      array.shape.erase(array.shape.begin());
    } else if (node.op == "Slice") {
      const auto most = static_cast<std::int64_t>(rows);
      const std::int64_t begin = first_integer(node, 1, "starts", -1),
                         end = first_integer(node, 2, "ends", -1);
      if (axis != 0 || rows == 0 || begin < 0 || end < begin || first_integer(node, 4, "steps", 1) != 1)
        refuse();
      const std::size_t width = array.values.size() / rows;
      const auto from = static_cast<std::ptrdiff_t>(width * static_cast<std::size_t>((std::min)(begin, most)));
      const auto to = static_cast<std::ptrdiff_t>(width * static_cast<std::size_t>((std::min)(end, most)));
      array.values = {array.values.begin() + from, array.values.begin() + to};
      array.shape.front() = (std::min)(end, most) - (std::min)(begin, most);
    } else if (node.op == "Concat") {
      if (node.integer("axis", 0) != 0 || array.shape.empty()) refuse();
      for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        const OnnxArray next = input(i);
        if (next.shape.size() != array.shape.size() ||
            !std::equal(next.shape.begin() + 1, next.shape.end(), array.shape.begin() + 1))
          refuse();
        array.shape.front() += next.shape.front();
        array.values.insert(array.values.end(), next.values.begin(), next.values.end());
      }
    }
    return array;
  }

  // The first number of an input or, in older operator sets, of an attribute.
  std::int64_t first_integer(const OnnxNode& node, std::size_t input, std::string_view attribute,
                             std::int64_t otherwise) const {
    std::vector<std::int64_t> integers;
    if (const OnnxTensor* const tensor = stored(node.input(input)))
      integers = OnnxFile::integers(*tensor);
    else if (const OnnxAttribute* const found = node.attribute(attribute))
      integers = found->integers;
    if (integers.size() > 1) fail("the node " + node.shown() + " is of a kind that is not represented");
    return integers.empty() ? otherwise : integers.front();
  }

  OnnxArray matrix(std::string_view name, const std::string& what) const {
    OnnxArray found = array(name, what);
    if (found.shape.size() != 2)
      fail(what + ", " + shown_text(name) + ", has the shape " + shape_text(found.shape) +
           ", expected two sizes");
    return found;
  }

  OnnxArray array(std::string_view name, const std::string& what,
                  const std::vector<std::int64_t>& shape) const {
    OnnxArray found = array(name, what);
    if (found.shape != shape)
      fail(what + ", " + shown_text(name) + ", has the shape " + shape_text(found.shape) + ", expected " +
           shape_text(shape));
    return found;
  }

  // The product with a matrix from which an output of the graph is made, with the name of its bias; null if
  // it is made otherwise.
  const OnnxNode* product_of(std::string_view output, std::string_view& bias, bool& is_normalised) const {
    const OnnxNode* node = producer(output);
    while (node != nullptr) {
      if (is_one_of(*node, {"MatMul"})) return is_array(node->input(1)) ? node : nullptr;
      if (is_one_of(*node, {"Gemm"})) {
        if (!is_array(node->input(1))) return nullptr;
        if (!node->input(2).empty() && !std::exchange(bias, node->input(2)).empty()) return nullptr;
        return node;
      }
      std::size_t next = 0;
      if (is_one_of(*node, {"Add"}) && bias.empty()) {
        next = is_array(node->input(0)) ? 1 : 0;
        if (!is_array(node->input(1 - next))) return nullptr;
        bias = node->input(1 - next);
      } else if (is_one_of(*node, {"Softmax", "LogSoftmax"})) {
        is_normalised = true;
      } else if (!is_passage(*node)) {
        return nullptr;
      }
      node = producer(node->input(next), node);
    }
    return nullptr;
  }

  // The GRU or the embedding that an array comes from unchanged. Throws Error on another node in between.
  const OnnxNode* source_of(std::string_view name, const OnnxNode* user, const std::string& what) const {
    const OnnxNode* node = producer(name, user);
    while (node != nullptr) {
      const bool is_gather = is_one_of(*node, {"Gather"});
      if (is_one_of(*node, {"GRU"}) || (is_gather && is_array(node->input(0)))) return node;
      if (!is_gather && !is_passage(*node))
        fail("the node " + node->shown() + " is before " + what +
             ", where only an embedding or a GRU layer is represented");
      node = producer(node->input(0), node);
    }
    fail("the input of " + what + " comes from the graph's inputs, expected from an embedding of tokens");
  }

  void find_output_layer() {
    std::string_view logits;
    for (const std::string_view output : file_->outputs()) {
      std::string_view bias;
      bool is_normalised = false;
      const OnnxNode* const product = product_of(output, bias, is_normalised);
      if (product == nullptr) {
        others_.push_back(output);
      } else if (product_ == nullptr) {
        product_ = product;
        bias_ = bias;
        logits = output;
        if (is_normalised)
          notes_.push_back("the softmax of " + shown_text(output) + ": logits do without it");
      } else if (product_ != product) {
        fail("the graph has two output layers, " + shown_text(logits) + " and " + shown_text(output) +
             ", expected one");
      }
    }
    if (product_ == nullptr)
      fail(file_->nodes().empty()
               ? "the graph has no nodes"
               : "no output of the graph is a product with a matrix (MatMul or Gemm), as logits are");
    if (product_->op == "Gemm" && (product_->integer("transA", 0) != 0 || !is_one(*product_, "alpha") ||
                                   (!bias_.empty() && !is_one(*product_, "beta"))))
      fail("the node " + product_->shown() + " has a factor or a transposed input");
  }

  static bool is_one(const OnnxNode& node, std::string_view attribute) {
    const OnnxAttribute* const found = node.attribute(attribute);
    return found == nullptr || found->number == 1;
  }

  void find_layers() {
    const OnnxNode* node = source_of(product_->input(0), product_, "the output layer");
    while (node->op == "GRU") {
      check_layer(*node);
      if (layers_.size() == kMostLayers)
        fail("the graph has more than " + std::to_string(kMostLayers) + " GRU layers");
      layers_.push_back(node);
      node = source_of(node->input(0), node, "the layer " + node->shown());
    }
    if (layers_.empty()) fail("no GRU layer is between the embedding and the output layer");
    std::reverse(layers_.begin(), layers_.end());
    embedding_ = node;
    if (embedding_->integer("axis", 0) != 0)
      fail("the node " + embedding_->shown() + " has the axis " +
           std::to_string(embedding_->integer("axis", 0)) + ", expected 0");
    for (const std::string_view output : others_)
      if (!is_state(output)) notes_.push_back("left out: the graph's output " + shown_text(output));
  }

  // The state after the last timestep, or the one in which sequences begin.
  bool is_state(std::string_view output) const {
    if (output == "initial_state") return true;
    const OnnxNode* node = producer(output);
    while (node != nullptr && (is_passage(*node) || is_one_of(*node, {"Concat"})))
      node = producer(node->input(0), node);
    return node != nullptr && node->op == "GRU";
  }

  void check_layer(const OnnxNode& node) const {
    const auto refuse = [&](const std::string& what) { fail("the node " + node.shown() + " has " + what); };
    const OnnxAttribute* const direction = node.attribute("direction");
    if (direction != nullptr && direction->text != "forward")
      refuse("the direction " + shown_text(direction->text) + ", expected forward");
    if (const OnnxAttribute* const clip = node.attribute("clip"); clip != nullptr)
      refuse("the attribute clip, which is not represented");
    if (const OnnxAttribute* const activations = node.attribute("activations"); activations != nullptr)
      if (activations->texts != std::vector<std::string_view>{"Sigmoid", "Tanh"})
        refuse("other activations than Sigmoid and Tanh");
    check_initial_state(node);
  }

  // Sequences begin in zeros, or in what the program gives: the graph's input.
  void check_initial_state(const OnnxNode& layer) const {
    std::string_view name = layer.input(5);
    const OnnxNode* user = &layer;
    while (!name.empty()) {
      if (is_array(name)) {
        const auto values = array(name, "the initial state").values;
        if (std::all_of(values.begin(), values.end(), [](float x) { return x == 0; })) return;
        fail("the node " + layer.shown() + " begins in the state " + shown_text(name) +
             ", which is not zero; expected an input of the graph");
      }
      const OnnxNode* const node = producer(name, user);
      if (node == nullptr) return;  // an input
      if (is_one_of(*node, {"ConstantOfShape"})) return;
      if (!is_passage(*node) && !is_one_of(*node, {"Expand", "Split", "Gather"}))
        fail("the node " + layer.shown() + " begins in a state of the node " + node->shown() +
             ", expected zeros or an input of the graph");
      name = node->input(0);
      user = node;
    }
  }

  // W, R and B of each layer, of the shapes that they must have.
  std::vector<std::array<OnnxArray, 3>> arrays_of_layers(const ModelConfig& config) {
    std::vector<std::array<OnnxArray, 3>> arrays;
    const std::int64_t H = config.hidden_size;
    const std::int64_t variant = layers_.front()->integer("linear_before_reset", 0);
    for (const OnnxNode* const layer : layers_) {
      if (layer->integer("hidden_size", 0) != H || layer->integer("linear_before_reset", 0) != variant)
        fail("the node " + layer->shown() +
             " has another hidden_size or linear_before_reset than the first layer");
      const std::int64_t input = arrays.empty() ? config.embedding_size : H;
      const std::string of = " of " + layer->shown();
      arrays.push_back({array(layer->input(1), "the input weight" + of, {1, 3 * H, input}),
                        array(layer->input(2), "the recurrent weight" + of, {1, 3 * H, H}), OnnxArray()});
      if (!layer->input(3).empty())
        arrays.back()[2] = array(layer->input(3), "the bias" + of, {1, 6 * H});
      else
        notes_.push_back("zero, since the graph has none: the biases of layer " +
                         std::to_string(arrays.size() - 1));
    }
    return arrays;
  }

  // [V, H].
  OnnxArray output_weight(const ModelConfig& config) const {
    OnnxArray weight = matrix(product_->input(1), "the output layer's weight");
    const bool is_transposed = product_->op == "Gemm" && product_->integer("transB", 0) != 0;
    const std::int64_t V = config.vocab_size, H = config.hidden_size;
    const std::vector<std::int64_t> expected =
        is_transposed ? std::vector<std::int64_t>{V, H} : std::vector<std::int64_t>{H, V};
    if (weight.shape != expected)
      fail("the output layer's weight, " + shown_text(weight.name) + ", has the shape " +
           shape_text(weight.shape) + ", expected " + shape_text(expected));
    if (!is_transposed)
      weight.values = transposed(weight.values, static_cast<std::size_t>(H), static_cast<std::size_t>(V));
    return weight;
  }

  // Of a graph that export_onnx() wrote.
  void read_initial_state(GruModel<float>& network) const {
    if (std::find(others_.begin(), others_.end(), "initial_state") == others_.end()) return;
    const OnnxArray state = array("initial_state", "the initial state",
                                  {network.config.num_layers, 1, network.config.hidden_size});
    require_finite(state.values, file_->path(), shown(state));
    network.initial_state = imported_state(state.values, file_->path());
  }

  static constexpr std::size_t kMostLayers = 1024;

  const OnnxFile* file_;
  std::map<std::string_view, std::size_t> producers_ = {};
  std::set<std::string_view> constants_ = {};  // outputs of nodes that give an array
  mutable std::uint64_t num_values_ = 0;  // of all arrays that were made, and one for each
  const OnnxNode* product_ = nullptr;     // of the output layer
  const OnnxNode* embedding_ = nullptr;   // a Gather
  std::string_view bias_ = {};                 // of the output layer
  std::vector<const OnnxNode*> layers_ = {};   // from the input to the output
  std::vector<std::string_view> others_ = {};  // outputs that are no logits
  std::vector<std::string> notes_ = {};
};

}  // namespace internal

// clang-format off
/// The network of an ONNX file: the rows of an array that Gather takes, GRU layers, and a product with a matrix (MatMul or
/// Gemm, and Add of a bias), as torch.onnx and export_onnx() write them. It is found from the graph's outputs backwards.
/// Nodes in between may change axes, not values; a softmax after the logits is left out. Arrays may be in a file beside
/// it, as torch.onnx writes them. Both values of linear_before_reset are represented.
///
/// Throws Error with the byte, the node or the array if the file is damaged, if the graph has something else (a second
/// direction, other activations, another operation), if sizes do not fit or values are not finite. At most 10,000 nodes
/// and arrays; the memory taken is of the order of the file.
// clang-format on
inline ImportedNetwork import_onnx(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const internal::OnnxFile onnx(file.bytes(), internal::utf8(path), folder);
  return internal::OnnxImport(onnx).read();
}

/// The same from the bytes of a file; `name` is used in place of the file's name in an Error. Arrays must be
/// in it.
inline ImportedNetwork import_onnx(std::span<const std::byte> bytes,
                                   const std::string& name = "ONNX in memory") {
  const internal::OnnxFile onnx(bytes, name);
  return internal::OnnxImport(onnx).read();
}

}  // namespace gruve::inline v0_2
