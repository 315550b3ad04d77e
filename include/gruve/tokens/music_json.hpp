#pragma once

#include <map>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "gruve/core/once.hpp"
#include "gruve/midi/music_info.hpp"

namespace gruve::inline v0_2 {

/// What holds for all songs in JSON, a text for each member, as in
///
///   {"tempo_bpm": 120.0, "time_signature": [4, 4], "tempos": [113.1, 119.9], "tempo_change": 1.06,
///    "metres": [[3, 4], [4, 4]]}
///
/// The last three are left out if they are not known. Of a corpus these are members of its JSON, of a model
/// each is an entry of its metadata.
GRUVE_ONCE std::map<std::string, std::string> json_texts(const MusicInfo& music);

/// Reads the members, null where one is missing. Returns what is wrong with them, or nothing; `music` is
/// changed only if nothing is.
GRUVE_ONCE std::optional<std::string> read_music_info(const nlohmann::json* tempo_bpm,
                                                      const nlohmann::json* time_signature,
                                                      const nlohmann::json* tempos,
                                                      const nlohmann::json* tempo_change,
                                                      const nlohmann::json* metres, MusicInfo& music);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/tokens/music_json.inc"
#endif
