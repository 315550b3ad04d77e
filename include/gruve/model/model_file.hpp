#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/model/gru_model.hpp"
#include "gruve/model/safetensors.hpp"
#include "gruve/tokens/any_encoder.hpp"

namespace gruve {

/// A network joined to the vocabulary that it speaks: what a model file holds.
struct TrainedModel {
  GruModel<float> network;
  AnyEncoder encoder;
  double tempo_bpm = 120;        // of the music it was trained on
  TimeSignature time_signature;  // the most frequent one of that music
  nlohmann::json training = {};  // settings and curve of the training, for people to look at; may be null
};

namespace internal {

inline nlohmann::json to_json(const ContextOptions& context) {
  nlohmann::json parts = nlohmann::json::array();
  for (unsigned part = 0; part < kContextParts.size(); ++part)
    if (context.has(static_cast<ContextPart>(part))) parts.push_back(kContextParts[part]);
  return {{"parts", std::move(parts)}, {"bar_steps", context.bar_steps}};
}

inline ContextOptions context_from_json(const nlohmann::json& json, const std::string& file) {
  ContextOptions context;
  const auto parts = json.is_object() ? json.find("parts") : json.end();
  const auto bar = json.is_object() ? json.find("bar_steps") : json.end();
  if (parts == json.end() || !parts->is_array() || bar == json.end() || !bar->is_number_unsigned() ||
      bar->get<std::uint64_t>() < 1 || bar->get<std::uint64_t>() > ContextOptions::kMaxBarSteps)
    throw Error(file, "the configuration's context is not a list of parts and bar_steps from 1 to " +
                          std::to_string(ContextOptions::kMaxBarSteps));
  context.bar_steps = bar->get<int>();
  for (const nlohmann::json& name : *parts) {
    const auto part = name.is_string() ? context_part_from_name(name.get<std::string>()) : std::nullopt;
    if (!part) throw Error(file, "the configuration's context has an unknown part " + name.dump());
    context.add(*part);
  }
  return context;
}

inline nlohmann::json to_json(const ModelConfig& config) {
  return {{"vocab_size", config.vocab_size},
          {"embedding_size", config.embedding_size},
          {"hidden_size", config.hidden_size},
          {"num_layers", config.num_layers},
          {"reset_after", config.reset_gate == ResetGate::after_product},
          {"context", to_json(config.context)}};
}

inline ModelConfig model_config_from_json(const nlohmann::json& json, const std::string& file) {
  const auto size = [&](const char* name, int largest) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() < 1 ||
        found->get<std::uint64_t>() > static_cast<std::uint64_t>(largest))
      throw Error(file, std::string("the configuration's ") + name + " is not a number from 1 to " +
                            std::to_string(largest));
    return found->get<int>();
  };
  if (!json.is_object()) throw Error(file, "the configuration is not a JSON object");
  if (!json.contains("reset_after") || !json["reset_after"].is_boolean())
    throw Error(file, "the configuration's reset_after is not true or false");
  return {
      .vocab_size = size("vocab_size", 65'535),
      .embedding_size = size("embedding_size", 1 << 20),
      .hidden_size = size("hidden_size", 1 << 20),
      .num_layers = size("num_layers", 1 << 10),
      .reset_gate = json["reset_after"].get<bool>() ? ResetGate::after_product : ResetGate::before_product,
      .context = json.contains("context") ? context_from_json(json["context"], file) : ContextOptions()};
}

inline nlohmann::json parse_metadata(const SafetensorsFile& file, const std::string& name) {
  nlohmann::json json = nlohmann::json::parse(file.metadata(name), nullptr, false);
  if (json.is_discarded()) throw Error(file.path(), "the metadata \"" + name + "\" are not JSON");
  return json;
}

// Every parameter is in the file with its shape, for a model that is not there yet: nothing of the model's
// size is allocated before the file is known to hold it.
inline void check_parameters(const SafetensorsFile& file, const ModelConfig& config) {
  const int E = config.embedding_size, H = config.hidden_size;
  file.tensor("embedding.weight", {config.embedding_rows(), E});
  for (int l = 0; l < config.num_layers; ++l) {
    const std::string suffix = "_l" + std::to_string(l);
    file.tensor("gru.weight_ih" + suffix, {3 * H, l == 0 ? E : H});
    file.tensor("gru.weight_hh" + suffix, {3 * H, H});
    file.tensor("gru.bias_ih" + suffix, {3 * H});
    file.tensor("gru.bias_hh" + suffix, {3 * H});
  }
  file.tensor("output.weight", {config.output_rows(), H});
  file.tensor("output.bias", {config.output_rows()});
}

inline std::vector<NamedTensor> named_tensors(const GruModel<float>& model) {
  std::vector<NamedTensor> tensors;
  model.for_each_parameter([&](const std::string& name, const Parameter<float>& parameter) {
    tensors.push_back({name, {parameter.shape(), {parameter.data(), parameter.size()}}});
  });
  return tensors;
}

inline void read_parameters(const SafetensorsFile& file, GruModel<float>& model) {
  model.for_each_parameter([&](const std::string& name, Parameter<float>& parameter) {
    const auto values = file.tensor(name, parameter.shape());
    std::copy(values.begin(), values.end(), parameter.data());
  });
}

}  // namespace internal

/// Writes a model file: safetensors with PyTorch's names and shapes, so that a module that holds `embedding`,
/// `gru` and `output` loads it by load_state_dict, and all else as JSON in the metadata. The same model gives
/// the same bytes.
inline void save(const TrainedModel& model, const std::filesystem::path& path) {
  write_safetensors(
      path, internal::named_tensors(model.network),
      {{"format", "pt"},
       {"gruve.config", internal::to_json(model.network.config).dump()},
       {"gruve.encoder", to_json(model.encoder).dump()},
       {"gruve.tempo_bpm", nlohmann::json(model.tempo_bpm).dump()},
       {"gruve.time_signature",
        nlohmann::json({model.time_signature.numerator, model.time_signature.denominator}).dump()},
       {"gruve.training", model.training.dump()}});
}

/// Reads a model file. Everything is checked before the model is allocated; Error names the file and the
/// reason.
inline TrainedModel load(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  const ModelConfig config =
      internal::model_config_from_json(internal::parse_metadata(file, "gruve.config"), file.path());
  AnyEncoder encoder = encoder_from_json(internal::parse_metadata(file, "gruve.encoder"), file.path());
  if (vocab_size(encoder) != config.vocab_size)
    throw Error(file.path(), "the network has a vocabulary of " + std::to_string(config.vocab_size) +
                                 ", its encoder one of " + std::to_string(vocab_size(encoder)));
  if (config.context.any() && !std::holds_alternative<TimestepEncoder>(encoder))
    throw Error(file.path(), "a context is told, which only the timestep format has");
  const nlohmann::json tempo = internal::parse_metadata(file, "gruve.tempo_bpm");
  if (!tempo.is_number() || !(tempo.get<double>() >= 4 && tempo.get<double>() <= 60e6))
    throw Error(file.path(), "tempo_bpm is not a number from 4 to 60000000");
  const nlohmann::json metre = internal::parse_metadata(file, "gruve.time_signature");
  const auto in_range = [](const nlohmann::json& value) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() >= 1 && value.get<std::uint64_t>() <= 256;
  };
  if (!metre.is_array() || metre.size() != 2 || !in_range(metre[0]) || !in_range(metre[1]))
    throw Error(file.path(), "time_signature is not two numbers from 1 to 256");
  internal::check_parameters(file, config);

  TrainedModel model{.network = GruModel<float>(config),
                     .encoder = std::move(encoder),
                     .tempo_bpm = tempo.get<double>(),
                     .time_signature = {0, metre[0].get<int>(), metre[1].get<int>()},
                     .training = internal::parse_metadata(file, "gruve.training")};
  internal::read_parameters(file, model.network);
  return model;
}

}  // namespace gruve
