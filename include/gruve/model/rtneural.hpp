#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/model/array_text.hpp"
#include "gruve/model/gate_order.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/imported_network.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// A layer of an RTNeural file: its arrays as matrices [rows, cols], of a vector one row.
struct RtneuralLayer {
  struct Matrix {
    std::size_t rows = 0, cols = 0;
    std::vector<float> values = {};
  };
  std::string name;  // as an Error has it: "layer 2 (gru)"
  std::string type;
  std::vector<Matrix> weights;
};

class RtneuralImport {
 public:
  RtneuralImport(const nlohmann::json& json, const std::string& file) : json_(&json), file_(&file) {}

  ImportedNetwork read() {
    const std::vector<RtneuralLayer> layers = read_layers();
    std::size_t first = layers.front().type == "dense" ? 1 : 0, last = layers.size() - 1;
    if (last <= first || layers[last].type != "dense")
      fail("has " + listed_types(layers) +
           ", expected a dense layer for the embedding or none, gru layers and a "
           "dense layer");
    for (std::size_t i = first; i < last; ++i)
      if (layers[i].type != "gru")
        fail(layers[i].name +
             " is between gru layers, expected only the first and the last layer to be dense");
    const std::size_t V = in_size(), H = layers[last].weights[0].rows;
    if (layers[last].weights[0].cols != V)
      fail("has " + std::to_string(V) + " inputs and " + std::to_string(layers[last].weights[0].cols) +
           " outputs, expected as many: one of each for a token");
    // Without an embedding the first kernel's rows are the tokens' own: x W with x or W the identity.
    const std::size_t E = first == 1 ? layers[0].weights[0].cols : (std::min)(V, 3 * H);
    const ModelConfig config = imported_config(
        *file_, static_cast<std::int64_t>(V), static_cast<std::int64_t>(E), static_cast<std::int64_t>(H),
        static_cast<std::int64_t>(last - first), ResetGate::after_product);
    std::size_t input = first == 1 ? E : V;
    if (first == 1) require(layers[0], {{{V, E}, {1, E}}});
    for (std::size_t i = first; i < last; ++i, input = H)
      require(layers[i], {{{input, 3 * H}, {H, 3 * H}, {2, 3 * H}}});
    require(layers[last], {{{H, V}, {1, V}}});
    ImportedNetwork imported{.network = GruModel<float>(config)};
    GruModel<float>& network = imported.network;
    for (std::size_t i = first; i < last; ++i) {
      const auto& weights = layers[i].weights;
      GruCell<float>& cell = network.gru.layers[i - first];
      const std::span<const float> biases = weights[2].values;
      if (i > 0) set_kernel(cell.weight_ih, weights[0], layers[i].name);
      set_kernel(cell.weight_hh, weights[1], layers[i].name);
      set(cell.bias_ih, with_gates_exchanged(biases.first(3 * H)), layers[i].name);
      set(cell.bias_hh, with_gates_exchanged(biases.last(3 * H)), layers[i].name);
    }
    set_embedding(network, layers.front());
    set(network.output.weight, transposed(layers[last].weights[0].values, H, V), layers[last].name);
    set(network.output.bias, layers[last].weights[1].values, layers[last].name);
    if (const auto found = json_->find("metadata"); found != json_->end() && found->is_object())
      for (const auto& [name, text] : found->items())
        if (text.is_string()) imported.metadata[name] = text.get<std::string>();
    if (first == 0) imported.notes.push_back("no embedding: the rows of the first kernel are used as one");
    return imported;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const { internal::raise(Error(*file_, reason)); }

  void set(Parameter<float>& parameter, std::span<const float> values, const std::string& what) const {
    fill(parameter, values, *file_, what);
  }

  // A kernel [I, 3H], gates z, r, n.
  void set_kernel(Parameter<float>& parameter, const RtneuralLayer::Matrix& kernel,
                  const std::string& what) const {
    set(parameter, with_gates_exchanged(transposed(kernel.values, kernel.rows, kernel.cols)), what);
  }

  void set_embedding(GruModel<float>& network, const RtneuralLayer& layer) const {
    const RtneuralLayer::Matrix& kernel = layer.weights[0];
    Parameter<float>& embedding = network.embedding.weight;
    Parameter<float>& weight_ih = network.gru.layers.front().weight_ih;
    if (layer.type == "dense") {
      set(embedding, kernel.values, layer.name);
      embedding.matrix().rowwise() +=
          Eigen::Map<const Eigen::RowVectorXf>(layer.weights[1].values.data(), embedding.cols());
      require_finite({embedding.data(), embedding.size()}, *file_, layer.name);
    } else if (static_cast<std::size_t>(embedding.cols()) == kernel.rows) {
      embedding.matrix().setIdentity();
      set_kernel(weight_ih, kernel, layer.name);
    } else {
      set(embedding,
          transposed(with_gates_exchanged(transposed(kernel.values, kernel.rows, kernel.cols)), kernel.cols,
                     kernel.rows),
          layer.name);
      weight_ih.matrix().setIdentity();
    }
  }

  std::size_t in_size() const {
    const auto shape = json_->find("in_shape");
    if (shape == json_->end() || !shape->is_array() || shape->empty() || !shape->back().is_number_unsigned())
      fail("in_shape is not a list that ends in the number of inputs");
    return shape->back().get<std::size_t>();
  }

  std::vector<RtneuralLayer> read_layers() const {
    const auto list = json_->is_object() ? json_->find("layers") : json_->end();
    if (!json_->is_object() || list == json_->end() || !list->is_array() || list->empty())
      fail("not a file of RTNeural: it has no list of layers");
    constexpr std::size_t kMostLayers = 1026;
    if (list->size() > kMostLayers) fail("has more than 1026 layers");
    std::vector<RtneuralLayer> layers;
    for (const nlohmann::json& each : *list) layers.push_back(read_layer(each, layers.size()));
    return layers;
  }

  RtneuralLayer read_layer(const nlohmann::json& json, std::size_t index) const {
    RtneuralLayer layer{
        .name = "layer " + std::to_string(index), .type = text_in(json, "type"), .weights = {}};
    layer.name += " (" + printable(layer.type, 30) + ')';
    if (layer.type == "time-distributed-dense") layer.type = "dense";
    if (layer.type != "dense" && layer.type != "gru")
      fail(layer.name + " is not represented, expected dense or gru");
    const std::string activation = text_in(json, "activation");
    if (!activation.empty() && !(layer.type == "gru" && activation == "tanh") && activation != "linear")
      fail(layer.name + " has the activation " + shown_text(activation) + ", which is not represented");
    const auto weights = json.find("weights");
    const std::size_t arrays = layer.type == "gru" ? 3 : 2;
    if (weights == json.end() || !weights->is_array() || weights->size() != arrays)
      fail(layer.name + " has not " + std::to_string(arrays) + " arrays of weights" +
           (layer.type == "gru" ? ": kernel, recurrent kernel and bias" : ": kernel and bias"));
    for (const nlohmann::json& array : *weights) layer.weights.push_back(read_matrix(array, layer.name));
    return layer;
  }

  static std::string text_in(const nlohmann::json& json, const char* key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>() : "";
  }

  RtneuralLayer::Matrix read_matrix(const nlohmann::json& array, const std::string& name) const {
    RtneuralLayer::Matrix matrix;
    const auto read_row = [&](const nlohmann::json& row) {
      if (!row.is_array() || row.empty() || (matrix.rows > 0 && row.size() != matrix.cols))
        fail(name + " has weights that are not a matrix: rows of one length");
      matrix.cols = row.size();
      ++matrix.rows;
      for (const nlohmann::json& value : row) {
        if (!value.is_number()) fail(name + " has a weight that is not a number");
        matrix.values.push_back(value.get<float>());
      }
    };
    if (array.is_array() && !array.empty() && array.front().is_array())
      for (const nlohmann::json& row : array) read_row(row);
    else
      read_row(array);
    return matrix;
  }

  void require(const RtneuralLayer& layer,
               const std::vector<std::pair<std::size_t, std::size_t>>& shapes) const {
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const auto& [rows, cols] = shapes[i];
      if (const auto& is = layer.weights[i]; is.rows != rows || is.cols != cols)
        fail(layer.name + " has weights of the shape " + shape_text(std::array{is.rows, is.cols}) +
             ", expected " + shape_text(std::array{rows, cols}));
    }
  }

  static std::string listed_types(const std::vector<RtneuralLayer>& layers) {
    std::vector<std::string> types;
    for (const RtneuralLayer& layer : layers) types.push_back(layer.type);
    return "the layers " + listed_names(types);
  }

  const nlohmann::json* json_;
  const std::string* file_;
};

// Writes JSON part by part: a value for each number would take ten times the memory.
class RtneuralText {
 public:
  void add(std::string_view text) { text_ += text; }

  // Opens a layer of so many outputs, up to its weights.
  void layer(std::string_view type, std::string_view activation, int size) {
    text_ += std::string(is_first_ ? "" : ",") + "\n{\"type\":\"" + std::string(type) +
             "\",\"activation\":\"" + std::string(activation) + "\",\"shape\":[null,null," +
             std::to_string(size) + "],\"weights\":[";
    is_first_ = false;
  }

  void row(std::span<const float> values) {
    char separator = '[';
    for (const float value : values) {
      std::array<char, 32> digits;
      text_ += separator;
#if defined(__cpp_lib_to_chars)
      // The shortest that give the same float.
      text_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
#else
      // libc++ 13 has it for whole numbers only. Nine digits give the same float, too.
      const int size = std::snprintf(digits.data(), digits.size(), "%.9g", static_cast<double>(value));
      text_.append(digits.data(), static_cast<std::size_t>(size));
#endif
      separator = ',';
    }
    text_ += ']';
  }

  // [rows, cols].
  void matrix(std::span<const float> values, std::size_t cols) {
    for (std::size_t at = 0; at < values.size(); at += cols) {
      text_ += at == 0 ? '[' : ',';
      row(values.subspan(at, cols));
    }
    text_ += ']';
  }

  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_ = {};
  bool is_first_ = true;
};

}  // namespace internal

// clang-format off
/// The network of a JSON file of RTNeural: gru layers and a dense layer of logits, before them a dense layer that is the
/// embedding, or none. Its inputs are one for each token, of which one is 1 and the others 0, so there are as many as
/// outputs. Without a dense layer before them the first kernel [V, 3H] is used as the embedding, so E becomes the smaller of V
/// and 3H, and the other matrix the identity.
///
/// Throws Error, with the layer, if the file is damaged, has other layers or activations, or if sizes do not fit.
// clang-format on
inline ImportedNetwork import_rtneural(std::string_view json, const std::string& name = "RTNeural model") {
  const internal::JsonTree tree = internal::parse_json(json, name, "the text");
  return internal::RtneuralImport(*tree, name).read();
}

/// The same of a file.
inline ImportedNetwork import_rtneural(const std::filesystem::path& path) {
  const MappedFile file(path);
  return import_rtneural({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()},
                         internal::utf8(path));
}

// clang-format off
/// Writes a network as a JSON file of RTNeural: a dense layer [V, E] that is the embedding, the gru layers and a dense layer
/// [H, V] of logits. Its input is a vector [V] that is 1 at the token and 0 elsewhere.
///
/// The encoder's grammar is not in it. Throws Error if the network has features, an initial state or the reset gate before
/// the product, none of which RTNeural has, or if the file cannot be written.
///
/// metadata  texts that the file has in addition under "metadata", which RTNeural does not read
// clang-format on
inline void export_rtneural(const GruModel<float>& network, const std::filesystem::path& path,
                            const std::map<std::string, std::string>& metadata = {}) {
  const ModelConfig& config = network.config;
  internal::require_plain(config, internal::utf8(path), "RTNeural");
  if (!network.initial_state.empty())
    internal::raise(
        Error(internal::utf8(path), "the model begins in a state that it has learnt, RTNeural in zeros"));
  if (config.reset_gate == ResetGate::before_product)
    internal::raise(
        Error(internal::utf8(path), "the model's reset gate is before the product, RTNeural's is after it"));
  const auto V = static_cast<std::size_t>(config.vocab_size),
             E = static_cast<std::size_t>(config.embedding_size),
             H = static_cast<std::size_t>(config.hidden_size);
  const auto values = [](const Parameter<float>& parameter) {
    return std::span<const float>(parameter.data(), parameter.size());
  };
  internal::RtneuralText out;
  out.add("{\"in_shape\":[null,null," + std::to_string(V) + "],\"layers\":[");
  out.layer("dense", "", config.embedding_size);
  out.matrix(values(network.embedding.weight), E);
  out.add(",");
  out.row(std::vector<float>(E));
  out.add("]}");
  for (const GruCell<float>& cell : network.gru.layers) {
    const auto I = static_cast<std::size_t>(cell.input_size());
    out.layer("gru", "tanh", config.hidden_size);
    out.matrix(internal::transposed(internal::with_gates_exchanged(values(cell.weight_ih)), 3 * H, I), 3 * H);
    out.add(",");
    out.matrix(internal::transposed(internal::with_gates_exchanged(values(cell.weight_hh)), 3 * H, H), 3 * H);
    out.add(",[");
    out.row(internal::with_gates_exchanged(values(cell.bias_ih)));
    out.add(",");
    out.row(internal::with_gates_exchanged(values(cell.bias_hh)));
    out.add("]]}");
  }
  out.layer("dense", "", config.vocab_size);
  out.matrix(internal::transposed(values(network.output.weight), V, H), V);
  out.add(",");
  out.row(values(network.output.bias));
  out.add("]}\n],\"metadata\":" + internal::text_of(nlohmann::json(metadata)) + "}\n");
  write_file(path, out.text());
}

}  // namespace gruve::inline v0_2
