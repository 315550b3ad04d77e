#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/encoder_types.hpp"

namespace gruve::inline v0_2 {

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
GRUVE_ONCE nlohmann::json to_json(const AnyEncoder& encoder);

/// The encoder that to_json() wrote. Throws Error if anything is missing, has another type or is out of
/// range.
///
/// file   name of the file with the JSON, for an Error
/// types  the program's own encoders
GRUVE_ONCE AnyEncoder encoder_from_json(const nlohmann::json& json, const std::string& file,
                                        EncoderTypes types = {});

/// The features of a model's configuration, with their shape: {"features": description} or, in files of
/// version 0.1, {"context": {"parts": […], "bar_steps": N}}. Throws Error if the encoder does not have them.
GRUVE_ONCE Features features_from_json(const nlohmann::json& config, const AnyEncoder& encoder,
                                       const std::string& file);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/tokens/encoder_json.inc"
#endif
