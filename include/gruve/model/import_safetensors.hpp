#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/model/array_text.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/imported_network.hpp"
#include "gruve/model/safetensors.hpp"

namespace gruve::inline v0_2 {

namespace internal {

// An array's name in a PyTorch module: "model.gru.weight_ih_l0" is "weight_ih" of the layer 0 of "model.gru".
struct GruArrayName {
  std::string module;  // with its last dot
  std::string array;   // weight_ih, weight_hh, bias_ih or bias_hh
  std::string layer;   // "_l0"; empty in a torch.nn.GRUCell
};

inline std::optional<GruArrayName> gru_array_name(const std::string& name) {
  const std::size_t dot = name.rfind('.'), from = dot == std::string::npos ? 0 : dot + 1;
  for (const char* const array : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) {
    if (!std::string_view(name).substr(from).starts_with(array)) continue;
    const std::string layer = name.substr(from + std::string_view(array).size());
    if (layer.empty() || layer.starts_with("_l")) return GruArrayName{name.substr(0, from), array, layer};
  }
  return std::nullopt;
}

// Whether the module that has an array is named like one of the words: "decoder" of "model.decoder.weight".
template <std::size_t N>
bool is_named_like(const std::string& name, const std::array<std::string_view, N>& words) {
  const std::size_t end = name.rfind('.');
  const std::size_t begin =
      end == std::string::npos || end == 0 ? std::string::npos : name.rfind('.', end - 1);
  std::string module = name.substr(begin == std::string::npos ? 0 : begin + 1,
                                   end == std::string::npos ? end : end - (begin + 1));
  std::transform(module.begin(), module.end(), module.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return module.find(word) != std::string::npos; });
}

inline constexpr std::array<std::string_view, 5> kEmbeddingWords = {"emb", "encoder", "tok", "wte", "lookup"};
inline constexpr std::array<std::string_view, 9> kOutputWords = {"out",  "fc",   "dec",   "head",   "lin",
                                                                 "proj", "pred", "logit", "classif"};

// Finds the arrays of a network among those of a file, by their shapes first and then by their names.
class SafetensorsImport {
 public:
  SafetensorsImport(const SafetensorsImport&) = delete;
  SafetensorsImport& operator=(const SafetensorsImport&) = delete;
  SafetensorsImport(const SafetensorsFile& file, const Features& features, ResetGate reset_gate)
      : file_(&file), features_(features), reset_gate_(reset_gate) {}

  ImportedNetwork read() {
    find_gru();
    find_embedding_and_output();
    const ModelConfig config =
        imported_config(file_->path(), rows_of(embedding_) - features_.shape.inputs, input_size_,
                        hidden_size_, num_layers_, reset_gate_, features_);
    check(config);
    ImportedNetwork imported{.network = GruModel<float>(config), .metadata = file_->metadata()};
    imported.network.for_each_parameter([&](const std::string& name, Parameter<float>& parameter) {
      if (const std::string& from = sources_.at(name); !from.empty()) {
        const auto values = file_->tensor(from, parameter.shape());
        std::copy(values.begin(), values.end(), parameter.data());
      }
    });
    for (const auto& [name, view] : file_->tensors())
      if (name == "initial_state" || name.ends_with(".initial_state")) {
        imported.network.initial_state =
            imported_state(file_->tensor(name, {config.num_layers, config.hidden_size}), file_->path());
        used_.insert(name);
      }
    note_sources(imported.notes);
    return imported;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    internal::raise(Error(file_->path(), reason + "; there are " + file_->listed()));
  }

  int rows_of(const std::string& name) const { return file_->tensors().at(name).shape.front(); }

  // The one GRU of the file: its module, its sizes and the names of its arrays.
  void find_gru() {
    std::set<std::string> modules;
    std::vector<std::string> shown;
    for (const auto& [name, view] : file_->tensors())
      if (const auto array = gru_array_name(name); array && modules.insert(array->module).second)
        shown.push_back(shown_text(array->module + array->array + array->layer));
    if (modules.empty()) fail("has no GRU: none of its arrays is named weight_ih_l0");
    if (modules.size() > 1)
      internal::raise(Error(file_->path(), "has " + std::to_string(modules.size()) +
                                               " GRUs, expected one: " + listed_names(shown)));
    const std::string& module = *modules.begin();
    const bool is_cell = file_->tensors().contains(module + "weight_ih");
    const auto layer_name = [&](int layer) { return is_cell ? "" : "_l" + std::to_string(layer); };
    for (const auto& [name, view] : file_->tensors())
      if (name.starts_with(module) && name.ends_with("_reverse"))
        internal::raise(
            Error(file_->path(), "the array " + shown_text(name) +
                                     " is of a GRU that reads in both directions, expected one direction"));
    while (file_->tensors().contains(module + "weight_ih" + layer_name(num_layers_)) &&
           (num_layers_ == 0 || !is_cell))
      ++num_layers_;
    if (num_layers_ == 0) fail("the array " + shown_text(module + "weight_ih_l0") + " is missing");
    const std::string first = module + "weight_hh" + layer_name(0);
    const auto recurrent = file_->tensors().find(first);
    if (recurrent == file_->tensors().end()) fail("the array " + shown_text(first) + " is missing");
    const std::vector<int>& shape = recurrent->second.shape;
    const std::vector<int>& input = file_->tensors().at(module + "weight_ih" + layer_name(0)).shape;
    if (shape.size() != 2 || shape[0] != 3LL * shape[1])
      internal::raise(
          Error(file_->path(),
                "the array " + shown_text(first) + " has the shape " + shape_text(shape) +
                    ", expected [3H, H] of a GRU" +
                    (shape.size() == 2 && shape[0] == 4LL * shape[1] ? ": it is that of an LSTM" : "")));
    if (input.size() != 2)
      internal::raise(Error(file_->path(), "the array " + shown_text(module + "weight_ih" + layer_name(0)) +
                                               " has the shape " + shape_text(input) + ", expected [3H, E]"));
    hidden_size_ = shape[1];
    input_size_ = input[1];
    for (int l = 0; l < num_layers_; ++l)
      for (const char* const array : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) {
        const std::string name = module + array + layer_name(l);
        const bool may_lack = std::string_view(array).starts_with("bias") && !file_->tensors().contains(name);
        sources_["gru." + std::string(array) + "_l" + std::to_string(l)] = may_lack ? "" : name;
        if (!may_lack) used_.insert(name);
      }
    for (const auto& [name, view] : file_->tensors())
      if (const auto array = gru_array_name(name); array && !used_.contains(name))
        fail("the array " + shown_text(name) + " is of a layer that the others do not lead to: of " +
             std::to_string(num_layers_) + " layers from " +
             shown_text(module + "weight_ih" + layer_name(0)));
  }

  // The matrices of so many columns that are of no GRU.
  std::vector<std::string> matrices(int columns) const {
    std::vector<std::string> names;
    for (const auto& [name, view] : file_->tensors())
      if (view.shape.size() == 2 && view.shape[1] == columns && view.shape[0] > 0 && !used_.contains(name))
        names.push_back(name);
    return names;
  }

  // Keeps those that satisfy a condition, if any does.
  template <class Condition>
  static void prefer(std::vector<std::string>& names, Condition&& condition) {
    if (std::any_of(names.begin(), names.end(), condition))
      std::erase_if(names, [&](const std::string& name) { return !condition(name); });
  }

  std::string the_one(const std::vector<std::string>& names, const std::string& what) const {
    if (names.size() == 1) return names.front();
    std::vector<std::string> shown;
    for (const std::string& name : names) shown.push_back(shown_text(name));
    internal::raise(Error(file_->path(), "several arrays may be the " + what + ": " + listed_names(shown) +
                                             "; rename it to " + what + ".weight"));
  }

  void find_embedding_and_output() {
    const int gap = features_.shape.outputs - features_.shape.inputs;
    std::vector<std::string> embeddings = matrices(input_size_), outputs = matrices(hidden_size_);
    if (embeddings.empty())
      fail("has no embedding: none of its other arrays has the shape [V, " + std::to_string(input_size_) +
           ']');
    prefer(embeddings, [](const std::string& name) { return name == "embedding.weight"; });
    prefer(embeddings, [](const std::string& name) { return is_named_like(name, kEmbeddingWords); });
    prefer(embeddings, [](const std::string& name) { return !is_named_like(name, kOutputWords); });
    // Those that another matrix has the rows for.
    std::map<int, int> with_rows;
    for (const std::string& output : outputs) ++with_rows[rows_of(output)];
    const int itself = gap == 0 && input_size_ == hidden_size_ ? 1 : 0;
    prefer(embeddings, [&](const std::string& name) { return with_rows[rows_of(name) + gap] > itself; });
    embedding_ = the_one(embeddings, "embedding");
    std::erase(outputs, embedding_);
    prefer(outputs, [](const std::string& name) { return name == "output.weight"; });
    prefer(outputs, [&](const std::string& name) { return rows_of(name) == rows_of(embedding_) + gap; });
    prefer(outputs, [](const std::string& name) { return is_named_like(name, kOutputWords); });
    if (outputs.empty() && (input_size_ != hidden_size_ || features_.any()))
      fail("has no output layer: none of its other arrays has the shape [V, " + std::to_string(hidden_size_) +
           ']');
    const std::string output = outputs.empty() ? embedding_ : the_one(outputs, "output");
    sources_["embedding.weight"] = embedding_;
    sources_["output.weight"] = output;
    sources_["output.bias"] = output_bias(output, rows_of(embedding_) + gap);
    used_.insert({embedding_, output, sources_["output.bias"]});
  }

  // Beside the weight, or of a tied output the only vector of its size; empty if there is none.
  std::string output_bias(const std::string& weight, int size) const {
    if (weight.ends_with("weight")) {
      const std::string beside = weight.substr(0, weight.size() - 6) + "bias";
      if (file_->tensors().contains(beside)) return beside;
    }
    std::vector<std::string> names;
    for (const auto& [name, view] : file_->tensors())
      if (name.ends_with("bias") && view.shape == std::vector{size} && !used_.contains(name))
        names.push_back(name);
    return weight == embedding_ && names.size() == 1 ? names.front() : "";
  }

  // Every array has its shape, before anything of the model's size is allocated.
  void check(const ModelConfig& config) const {
    const int E = config.embedding_size, H = config.hidden_size;
    file_->tensor(embedding_, {config.embedding_rows(), E});
    file_->tensor(sources_.at("output.weight"), {config.output_rows(), H});
    const auto vector = [&](const std::string& name, int size) {
      if (!sources_.at(name).empty()) file_->tensor(sources_.at(name), {size});
    };
    vector("output.bias", config.output_rows());
    for (int l = 0; l < config.num_layers; ++l) {
      const std::string layer = "_l" + std::to_string(l);
      file_->tensor(sources_.at("gru.weight_ih" + layer), {3 * H, l == 0 ? E : H});
      file_->tensor(sources_.at("gru.weight_hh" + layer), {3 * H, H});
      vector("gru.bias_ih" + layer, 3 * H);
      vector("gru.bias_hh" + layer, 3 * H);
    }
  }

  void note_sources(std::vector<std::string>& notes) const {
    std::vector<std::string> zeros, others;
    for (const auto& [name, from] : sources_) {
      if (from.empty())
        zeros.push_back(name);
      else if (name == "output.weight" && from == embedding_)
        notes.push_back("no output layer: " + shown_text(from) + " is embedding and output");
      else if (from != name && (name == "embedding.weight" || name == "output.weight" ||
                                name == "gru.weight_ih_l0" || name == "output.bias"))
        notes.push_back(name + " is " + shown_text(from));
    }
    for (const auto& [name, view] : file_->tensors())
      if (!used_.contains(name) && !is_scale(name)) others.push_back(shown_text(name));
    for (const auto& [name, reason] : file_->left_out())
      others.push_back(shown_text(name) + " (" + reason + ')');
    if (!zeros.empty()) notes.push_back("zero, since the file has none: " + listed_names(zeros));
    if (!others.empty())
      notes.push_back("left out, the network computes without them: " + listed_names(others));
  }

  // Of a matrix in 8 bits.
  bool is_scale(const std::string& name) const {
    return name.ends_with(".scale") && used_.contains(name.substr(0, name.size() - 6));
  }

  const SafetensorsFile* file_;
  Features features_;
  ResetGate reset_gate_;
  std::string embedding_ = {};
  int input_size_ = 0, hidden_size_ = 0, num_layers_ = 0;
  std::map<std::string, std::string> sources_ = {};  // the file's name of each parameter; empty for zeros
  std::set<std::string> used_ = {};
};

}  // namespace internal

// clang-format off
/// The network of a safetensors file that another program wrote, such as a `state_dict` of PyTorch. Sizes are those of
/// the arrays, and what an array is follows from its shape and its name:
///
///   GRU        …weight_ih_l0 [3H, E], …weight_hh_l0 [3H, H], …bias_ih_l0 and …bias_hh_l0 [3H], deeper layers _l1, …;
///              or those of one torch.nn.GRUCell, without _l0
///   embedding  [V, E]; of several the one whose module is named like embedding, emb, encoder, tok, wte or lookup
///   output     [V, H] with its bias [V]; of several the one named like output, fc, decoder, head, linear, projection
///              or classifier; the embedding if there is none and E = H
///
/// What a module is in (`model.`, `module.`, `_orig_mod.`) does not matter. Biases that are missing are zero. Notes name
/// what was taken for what and the arrays that were left out.
///
/// features    that the model has: C more rows of the embedding and R more of the output layer
/// reset_gate  the variant, which no array shows; PyTorch has only this one
///
/// Throws Error if an array is missing (with those that there are), is ambiguous, has another shape or has values that
/// are not finite, before it allocates the network.
// clang-format on
inline ImportedNetwork import_safetensors(const SafetensorsFile& file, const Features& features = {},
                                          ResetGate reset_gate = ResetGate::after_product) {
  return internal::SafetensorsImport(file, features, reset_gate).read();
}

}  // namespace gruve::inline v0_2
