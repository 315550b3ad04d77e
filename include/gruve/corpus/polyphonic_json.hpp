#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/tokens/grid.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

namespace gruve::inline v0_1 {

/// Whether a path is a file whose name ends in .json.
inline bool is_polyphonic_json(const std::filesystem::path& path) {
  return path.extension() == ".json" && std::filesystem::is_regular_file(path);
}

/// Reads a polyphonic data set into a corpus in memory, in the JSON form in which those of
/// Boulanger-Lewandowski et al. 2012 (arXiv:1206.6392) are distributed:
///
///   {"train": […], "valid": […], "test": […]}
///
/// Each is a list of sequences, a sequence is a list of timesteps, and a timestep is the list of the MIDI
/// keys (21 to 108) that sound in it. The splits are the file's own. The files do not distinguish held keys
/// from repeated ones: a key that sounds in consecutive timesteps is read as one held note.
///
/// Throws Error with the number of the sequence if the file does not have this form.
///
/// steps_per_quarter  timesteps per quarter note; it affects only the tempo of decoded songs
inline Corpus read_polyphonic_json(const std::filesystem::path& path, int steps_per_quarter = 4) {
  const MappedFile file(path);
  const TimestepEncoder encoder({.steps_per_quarter = steps_per_quarter});
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const nlohmann::json json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object())
    throw Error(file.path(), "is not a JSON object with the splits train, valid and test");
  std::vector<std::vector<Token>> songs;
  std::vector<Split> splits;
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    const std::string name(split_name(split));
    const auto sequences = json.find(name);
    if (sequences == json.end() || !sequences->is_array())
      throw Error(file.path(), "has no list of sequences \"" + name + "\"");
    for (std::size_t i = 0; i < sequences->size(); ++i) {
      const auto fail = [&](const std::string& reason) {
        throw Error(file.path(), "sequence " + std::to_string(i) + " of " + name + " " + reason);
      };
      const nlohmann::json& sequence = (*sequences)[i];
      if (!sequence.is_array() || sequence.empty()) fail("is not a list of timesteps");
      std::vector<Token> tokens;
      for (const nlohmann::json& step : sequence) {
        if (!step.is_array()) fail("has a timestep that is not a list of keys");
        std::array<bool, kNumKeys> sounds{};
        for (const nlohmann::json& key : step) {
          const double pitch = key.is_number_integer() ? key.get<double>() : -1;
          if (!(pitch >= kLowestKey && pitch <= kHighestKey))
            fail("has a key that is not an integer from 21 to 108");
          sounds[static_cast<std::size_t>(pitch) - kLowestKey] = true;
        }
        for (std::size_t key = kNumKeys; key-- > 0;)
          if (sounds[key]) tokens.push_back(static_cast<Token>(key));
        tokens.push_back(TimestepEncoder::kEndOfStep);
      }
      songs.push_back(std::move(tokens));
      splits.push_back(split);
    }
  }
  return Corpus::from_songs({.encoder = encoder}, songs, splits, file.path());
}

}  // namespace gruve::inline v0_1
