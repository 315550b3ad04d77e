#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/measure/measured_song.hpp"

namespace gruve::inline v0_2 {

/// The ranges as JSON: {"density": [low, high], …}, with null for a measure without a range.
inline nlohmann::ordered_json to_json(const MeasureRanges& ranges) {
  nlohmann::ordered_json json;
  for (std::size_t m = 0; m < kNumMeasures; ++m) {
    const MeasureRange& range = ranges.values[m];
    json[kMeasureNames[m].name] = nullptr;
    if (!std::isnan(range.low))
      json[kMeasureNames[m].name] = internal::list_of<nlohmann::ordered_json>(range.low, range.high);
  }
  return json;
}

/// The ranges of a corpus as JSON: {"songs", "passed", "whole", "windows", "minutes"}. Corpus files and model
/// files hold it.
inline nlohmann::ordered_json to_json(const CorpusRanges& ranges) {
  return internal::JsonObject<nlohmann::ordered_json>()
      .add("songs", ranges.songs)
      .add("passed", ranges.passed)
      .add("whole", to_json(ranges.whole))
      .add("windows", to_json(ranges.windows))
      .add("minutes", to_json(ranges.minutes))
      .take();
}

/// The ranges of the text of that JSON. A measure that is missing has no range. Throws Error, which names
/// `file`, if the text is something else.
inline CorpusRanges corpus_ranges_from_json(const std::string& text, const std::string& file) {
  const internal::JsonTree tree = internal::parse_json(text, file, "the measures of its songs");
  const nlohmann::json& json = *tree;
  const auto require = [&](bool holds, const char* what) {
    if (!holds) throw Error(file, std::string("the measures of its songs ") + what);
  };
  require(json.is_object(), "are not a JSON object");
  CorpusRanges ranges;
  const auto count = [&](const char* name) {
    const auto value = json.find(name);
    require(value != json.end() && value->is_number_unsigned(), "have no number of songs");
    return value->get<std::size_t>();
  };
  ranges.songs = count("songs");
  ranges.passed = count("passed");
  for (const auto& [name, part] : {std::pair("whole", &ranges.whole), std::pair("windows", &ranges.windows),
                                   std::pair("minutes", &ranges.minutes)}) {
    const auto values = json.find(name);
    require(values != json.end() && values->is_object(), "are not of whole songs, windows and minutes");
    for (std::size_t m = 0; m < kNumMeasures; ++m) {
      const auto value = values->find(kMeasureNames[m].name);
      if (value == values->end() || value->is_null()) continue;
      require(value->is_array() && value->size() == 2 && (*value)[0].is_number() && (*value)[1].is_number() &&
                  (*value)[0].get<double>() <= (*value)[1].get<double>(),
              "have a range that is not two ascending numbers");
      part->values[m] = {(*value)[0].get<double>(), (*value)[1].get<double>()};
    }
  }
  return ranges;
}

}  // namespace gruve::inline v0_2
