#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

namespace gruve {

/// Any of the encoders: what a corpus or a model file names. std::visit gives the one that it is.
using AnyEncoder = std::variant<TimestepEncoder, CharEncoder>;

inline int vocab_size(const AnyEncoder& encoder) noexcept {
  return std::visit([](const auto& one) { return one.vocab_size(); }, encoder);
}

/// {"type": "timestep", "steps_per_quarter": 24, "repeat_held": true} or {"type": "char", "vocabulary": [10,
/// 32]}
inline nlohmann::json to_json(const AnyEncoder& encoder) {
  if (const auto* chars = std::get_if<CharEncoder>(&encoder)) {
    nlohmann::json bytes = nlohmann::json::array();
    for (const char c : chars->vocabulary()) bytes.push_back(static_cast<std::uint8_t>(c));
    return {{"type", "char"}, {"vocabulary", std::move(bytes)}};
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
  if (member("type") == "timestep") {
    if (!is_integer(member("steps_per_quarter"), 1, kMaxStepsPerQuarter))
      throw error("steps_per_quarter is not an integer from 1 to " + std::to_string(kMaxStepsPerQuarter));
    if (!member("repeat_held").is_boolean()) throw error("repeat_held is not true or false");
    return TimestepEncoder({.steps_per_quarter = member("steps_per_quarter").get<int>(),
                            .repeat_held = member("repeat_held").get<bool>()});
  }
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
  throw error("type is not \"timestep\" or \"char\"");
}

}  // namespace gruve
