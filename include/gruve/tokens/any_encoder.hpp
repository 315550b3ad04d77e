#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

namespace gruve {

/// Any of the encoders: what a corpus or a model file names. std::visit gives the one that it is.
using AnyEncoder = std::variant<TimestepEncoder, EventEncoder, CharEncoder>;

inline int vocab_size(const AnyEncoder& encoder) noexcept {
  return std::visit([](const auto& one) { return one.vocab_size(); }, encoder);
}

/// {"type": "timestep", "steps_per_quarter": 24, "repeat_held": true},
/// {"type": "event", "steps_per_quarter": 24, "velocities": false, "tempos": false} or
/// {"type": "char", "vocabulary": [10, 32]}
inline nlohmann::json to_json(const AnyEncoder& encoder) {
  if (const auto* chars = std::get_if<CharEncoder>(&encoder)) {
    nlohmann::json bytes = nlohmann::json::array();
    for (const char c : chars->vocabulary()) bytes.push_back(static_cast<std::uint8_t>(c));
    return {{"type", "char"}, {"vocabulary", std::move(bytes)}};
  }
  if (const auto* events = std::get_if<EventEncoder>(&encoder)) {
    const EventOptions& options = events->options();
    return {{"type", "event"},
            {"steps_per_quarter", options.steps_per_quarter},
            {"velocities", options.velocities},
            {"tempos", options.tempos}};
  }
  const TimestepOptions& options = std::get<TimestepEncoder>(encoder).options();
  return {{"type", "timestep"},
          {"steps_per_quarter", options.steps_per_quarter},
          {"repeat_held", options.repeat_held}};
}

/// The encoder that to_json() wrote.
///
/// file  where the JSON stands, for the Error that anything missing, of another kind or out of range ends in
inline AnyEncoder encoder_from_json(const nlohmann::json& json, const std::string& file) {
  const auto error = [&](const std::string& reason) { return Error(file, "the encoder's " + reason); };
  const auto member = [&](const char* name) -> const nlohmann::json& {
    static const nlohmann::json none;
    const auto found = json.find(name);
    return found == json.end() ? none : *found;
  };
  const auto is_integer = [](const nlohmann::json& value, int low, int high) {
    return value.is_number_integer() && value.get<double>() >= low && value.get<double>() <= high;
  };
  if (!json.is_object()) throw error("configuration is not a JSON object");
  const auto steps_per_quarter = [&] {
    if (!is_integer(member("steps_per_quarter"), 1, kMaxStepsPerQuarter))
      throw error("steps_per_quarter is not an integer from 1 to " + std::to_string(kMaxStepsPerQuarter));
    return member("steps_per_quarter").get<int>();
  };
  const auto flag = [&](const char* name) {
    if (!member(name).is_boolean()) throw error(std::string(name) + " is not true or false");
    return member(name).get<bool>();
  };
  if (member("type") == "timestep")
    return TimestepEncoder({.steps_per_quarter = steps_per_quarter(), .repeat_held = flag("repeat_held")});
  if (member("type") == "event")
    return EventEncoder({.steps_per_quarter = steps_per_quarter(),
                         .velocities = flag("velocities"),
                         .tempos = flag("tempos")});
  if (member("type") == "char") {
    const nlohmann::json& bytes = member("vocabulary");
    if (!bytes.is_array() || bytes.empty() || bytes.size() > 256)
      throw error("vocabulary is not a list of 1 to 256 characters");
    std::string vocabulary;
    for (const nlohmann::json& byte : bytes) {
      if (!is_integer(byte, 0, 255) ||
          (!vocabulary.empty() && byte.get<int>() <= static_cast<std::uint8_t>(vocabulary.back())))
        throw error("vocabulary is not made of ascending integers from 0 to 255");
      vocabulary.push_back(static_cast<char>(byte.get<int>()));
    }
    return CharEncoder(std::move(vocabulary));
  }
  throw error("type is not \"timestep\", \"event\" or \"char\"");
}

}  // namespace gruve
