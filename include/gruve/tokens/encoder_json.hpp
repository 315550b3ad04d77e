#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/encoder_types.hpp"
#include "gruve/tokens/grid.hpp"

namespace gruve::inline v0_1 {

// clang-format off
/// The JSON that describes an encoder in files; the last line is that of a program's own encoder:
///
///   {"type": "timestep", "steps_per_quarter": 24, "repeat_held": true}
///   {"type": "event", "steps_per_quarter": 24, "velocities": false, "tempos": false}
///   the same with "form": true, "channels": true, "pedal": true, "microtiming": 8
///   {"type": "char", "vocabulary": [10, 32]}
///   {"type": "ids", "vocab_size": 300}
///   {"type": Encoder::kType, "settings": settings()}
// clang-format on
inline nlohmann::json to_json(const AnyEncoder& encoder) {
  if (const auto* timesteps = encoder.get_if<TimestepEncoder>())
    return internal::JsonObject<>()
        .add("type", TimestepEncoder::kType)
        .add("steps_per_quarter", timesteps->options().steps_per_quarter)
        .add("repeat_held", timesteps->options().repeat_held)
        .take();
  if (const auto* events = encoder.get_if<EventEncoder>()) {
    nlohmann::json json = internal::JsonObject<>()
                              .add("type", EventEncoder::kType)
                              .add("steps_per_quarter", events->options().steps_per_quarter)
                              .add("velocities", events->options().velocities)
                              .add("tempos", events->options().tempos)
                              .take();
    if (events->options().form) json["form"] = true;
    if (events->options().channels) json["channels"] = true;
    if (events->options().pedal) json["pedal"] = true;
    if (events->options().microtiming != 1) json["microtiming"] = events->options().microtiming;
    return json;
  }
  if (const auto* chars = encoder.get_if<CharEncoder>()) {
    nlohmann::json bytes = nlohmann::json::array();
    for (const char c : chars->vocabulary()) bytes.push_back(static_cast<std::uint8_t>(c));
    return internal::JsonObject<>()
        .add("type", CharEncoder::kType)
        .add("vocabulary", std::move(bytes))
        .take();
  }
  if (const auto* ids = encoder.get_if<IdEncoder>())
    return internal::JsonObject<>().add("type", IdEncoder::kType).add("vocab_size", ids->vocab_size()).take();
  return internal::JsonObject<>().add("type", encoder.type()).add("settings", encoder.settings()).take();
}

/// The encoder that to_json() wrote. Throws Error if anything is missing, has another type or is out of
/// range.
///
/// file   name of the file with the JSON, for an Error
/// types  the program's own encoders
inline AnyEncoder encoder_from_json(const nlohmann::json& json, const std::string& file,
                                    EncoderTypes types = {}) {
  const auto error = [&](const std::string& reason) { return Error(file, "the encoder's " + reason); };
  const auto member = [&](const char* name) -> const nlohmann::json& {
    static const nlohmann::json none;
    const auto found = json.find(name);
    return found == json.end() ? none : *found;
  };
  const auto is_integer = [](const nlohmann::json& value, int low, int high) {
    return value.is_number_integer() && value.get<double>() >= low && value.get<double>() <= high;
  };
  if (!json.is_object()) internal::raise(error("configuration is not a JSON object"));
  const auto integer = [&](const char* name, int high) {
    if (!is_integer(member(name), 1, high))
      internal::raise(error(std::string(name) + " is not an integer from 1 to " + std::to_string(high)));
    return member(name).get<int>();
  };
  const auto flag = [&](const char* name) {
    if (!member(name).is_boolean()) internal::raise(error(std::string(name) + " is not true or false"));
    return member(name).get<bool>();
  };
  if (!member("type").is_string()) internal::raise(error("type is missing or not a string"));
  const std::string type = member("type").get<std::string>();
  if (type == TimestepEncoder::kType)
    return TimestepEncoder({.steps_per_quarter = integer("steps_per_quarter", kMaxStepsPerQuarter),
                            .repeat_held = flag("repeat_held")});
  if (type == EventEncoder::kType) {
    const auto has = [&](const char* name) { return json.contains(name); };
    const int steps = integer("steps_per_quarter", kMaxStepsPerQuarter);
    const int most = (std::min)(EventEncoder::kMostMicrotiming, kMaxStepsPerQuarter / steps);
    return EventEncoder({.steps_per_quarter = steps,
                         .velocities = flag("velocities"),
                         .tempos = flag("tempos"),
                         .form = has("form") && flag("form"),
                         .channels = has("channels") && flag("channels"),
                         .pedal = has("pedal") && flag("pedal"),
                         .microtiming = has("microtiming") ? integer("microtiming", most) : 1});
  }
  if (type == IdEncoder::kType) return IdEncoder(integer("vocab_size", kMaxVocabSize));
  if (type == CharEncoder::kType) {
    const nlohmann::json& bytes = member("vocabulary");
    if (!bytes.is_array() || bytes.empty() || bytes.size() > 256)
      internal::raise(error("vocabulary is not a list of 1 to 256 characters"));
    std::string vocabulary;
    for (const nlohmann::json& byte : bytes) {
      if (!is_integer(byte, 0, 255) ||
          (!vocabulary.empty() && byte.get<int>() <= static_cast<std::uint8_t>(vocabulary.back())))
        internal::raise(error("vocabulary is not made of ascending integers from 0 to 255"));
      vocabulary.push_back(static_cast<char>(byte.get<int>()));
    }
    return CharEncoder(std::move(vocabulary));
  }
  for (const EncoderType& known : types) {
    if (known.type != type) continue;
    if (!member("settings").is_string()) internal::raise(error("settings are missing or not a string"));
    std::optional<AnyEncoder> encoder;
    const auto read = [&] { encoder = known.read(member("settings").get<std::string>()); };
    if (const std::optional<Error> refusal =
            internal::error_of(read))  // of whatever a program's function throws
      internal::raise(error("settings are refused: " + std::string(refusal->reason())));
    return *std::move(encoder);
  }
  internal::raise(
      error("type is " + internal::shown_text(type) +
            ", which is none of timestep, event, char and ids, nor of the types that were given to the "
            "function that reads the file"));
}

/// The features of a model's configuration, with their shape: {"features": description} or, in files of
/// version 0.1, {"context": {"parts": […], "bar_steps": N}}. Throws Error if the encoder does not have them.
inline Features features_from_json(const nlohmann::json& config, const AnyEncoder& encoder,
                                   const std::string& file) {
  std::string description;
  if (const auto found = config.find("features"); found != config.end()) {
    if (!found->is_string()) internal::raise(Error(file, "the configuration's features are not a string"));
    description = found->get<std::string>();
  } else if (const auto context = config.find("context"); context != config.end()) {
    const auto parts = context->is_object() ? context->find("parts") : context->end();
    const auto bar = context->is_object() ? context->find("bar_steps") : context->end();
    if (parts == context->end() || !parts->is_array() || bar == context->end() || !bar->is_number_unsigned())
      internal::raise(Error(file, "the configuration's context is not a list of parts and bar_steps"));
    for (const nlohmann::json& part : *parts) {
      if (!part.is_string())
        internal::raise(Error(file, "the configuration's context has a part that is not a string"));
      description.append(description.empty() ? "" : ",").append(part.get<std::string>());
      if (part == "bar") description.append("=").append(std::to_string(bar->get<std::uint64_t>()));
    }
  }
  Features features;
  if (const std::optional<Error> error =
          internal::error_of([&] { features = encoder.features(description); }))
    internal::raise(Error(file, error->reason()));
  return features;
}

}  // namespace gruve::inline v0_1
