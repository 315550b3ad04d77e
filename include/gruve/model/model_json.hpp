#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/model/array_text.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/safetensors.hpp"
#include "gruve/tokens/encoder_json.hpp"

/// A model's configuration as JSON and its parameters as named arrays, as model files and checkpoints have
/// them.
namespace gruve::inline v0_2::internal {

inline nlohmann::json to_json(const ModelConfig& config) {
  return internal::JsonObject<>()
      .add("vocab_size", config.vocab_size)
      .add("embedding_size", config.embedding_size)
      .add("hidden_size", config.hidden_size)
      .add("num_layers", config.num_layers)
      .add("reset_after", config.reset_gate == ResetGate::after_product)
      .add("features", config.features.description)
      .take();
}

// The features are those of the encoder, whose Error on them names the file.
inline ModelConfig model_config_from_json(const nlohmann::json& json, const AnyEncoder& encoder,
                                          const std::string& file) {
  const auto size = [&](const char* name, int largest) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() < 1 ||
        found->get<std::uint64_t>() > static_cast<std::uint64_t>(largest))
      raise(Error(file, std::string("the configuration's ") + name + " is not a number from 1 to " +
                            std::to_string(largest)));
    return found->get<int>();
  };
  if (!json.is_object()) raise(Error(file, "the configuration is not a JSON object"));
  if (!json.contains("reset_after") || !json["reset_after"].is_boolean())
    raise(Error(file, "the configuration's reset_after is not true or false"));
  return {
      .vocab_size = size("vocab_size", 65'535),
      .embedding_size = size("embedding_size", 1 << 20),
      .hidden_size = size("hidden_size", 1 << 20),
      .num_layers = size("num_layers", 1 << 10),
      .reset_gate = json["reset_after"].get<bool>() ? ResetGate::after_product : ResetGate::before_product,
      .features = features_from_json(json, encoder, file)};
}

// The JSON of a text of the metadata.
inline JsonTree parse_metadata(const std::string& text, const std::string& file, const std::string& name) {
  return parse_json(text, file, "the text of \"" + name + '"');
}
inline JsonTree parse_metadata(const SafetensorsFile& file, const std::string& name) {
  return parse_metadata(file.metadata(name), file.path(), name);
}

// Calls visit(name, shape) for each parameter of a model of a configuration.
template <class Visit>
void for_each_shape(const ModelConfig& config, Visit&& visit) {
  using Shape = std::vector<int>;
  const int E = config.embedding_size, H = config.hidden_size;
  visit("embedding.weight", Shape{config.embedding_rows(), E});
  for (int l = 0; l < config.num_layers; ++l) {
    const std::string suffix = "_l" + std::to_string(l);
    visit("gru.weight_ih" + suffix, Shape{3 * H, l == 0 ? E : H});
    visit("gru.weight_hh" + suffix, Shape{3 * H, H});
    visit("gru.bias_ih" + suffix, Shape{3 * H});
    visit("gru.bias_hh" + suffix, Shape{3 * H});
  }
  visit("output.weight", Shape{config.output_rows(), H});
  visit("output.bias", Shape{config.output_rows()});
}

// Every parameter is in the file with its shape, for a model that is not there yet: nothing of the model's
// size is allocated before the file is known to hold it.
inline void check_parameters(const SafetensorsFile& file, const ModelConfig& config) {
  for_each_shape(config,
                 [&](const std::string& name, const std::vector<int>& shape) { file.tensor(name, shape); });
}

// The same of arrays in memory, before they are written to a file.
inline void check_parameters(const std::vector<NamedTensor>& tensors, const ModelConfig& config,
                             const std::string& file) {
  for_each_shape(config, [&](const std::string& name, const std::vector<int>& shape) {
    const auto found = std::find_if(tensors.begin(), tensors.end(),
                                    [&](const NamedTensor& tensor) { return tensor.name == name; });
    const std::string what = "the array \"" + name + '"';
    if (found == tensors.end()) raise(Error(file, what + " is missing"));
    if (found->view.shape != shape)
      raise(Error(file, what + " has the shape " + shape_text(found->view.shape) + ", expected " +
                            shape_text(shape)));
    require_finite(found->view.values, file, what);
  });
}

inline std::vector<NamedTensor> named_tensors(const GruModel<float>& model) {
  std::vector<NamedTensor> tensors;
  model.for_each_parameter([&](const std::string& name, const Parameter<float>& parameter) {
    tensors.push_back({.name = name, .view = {parameter.shape(), {parameter.data(), parameter.size()}}});
  });
  return tensors;
}

inline void read_parameters(const SafetensorsFile& file, GruModel<float>& model) {
  model.for_each_parameter([&](const std::string& name, Parameter<float>& parameter) {
    const auto values = file.tensor(name, parameter.shape());
    std::copy(values.begin(), values.end(), parameter.data());
  });
}

}  // namespace gruve::inline v0_2::internal
