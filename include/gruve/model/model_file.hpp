#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "gruve/core/once.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/tokens/encoder_types.hpp"

namespace gruve::inline v0_2 {

/// What a model has besides its parameters, as the texts that its file has: configuration, encoder, tempo and
/// metre, training and measures, in JSON.
GRUVE_ONCE std::map<std::string, std::string> metadata_of(const TrainedModel& model);

/// Writes a model file atomically: a safetensors file with PyTorch's names and shapes, so that a module with
/// `embedding`, `gru` and `output` loads it by load_state_dict(), and with all other data as JSON in the
/// metadata. The same model gives the same bytes.
///
/// Throws Error if the file can't be written, and on a model that load() would refuse: one whose encoder has
/// another vocabulary or other features, whose arrays have other shapes than its configuration says, or with
/// numbers that are not finite, or would not be in that precision. Nothing is replaced then.
///
/// precision  of the weight matrices in the file: bfloat16 halves its size, 8 bits quarter it (see
///            write_safetensors()). They are rounded as the kernels of that precision round them, so that
///            these compute the same from either file. A training should go on from float
GRUVE_ONCE void save(const TrainedModel& model, const std::filesystem::path& path,
                     kernels::Precision precision = kernels::Precision::fp32);

/// Reads a model file of any precision. Checks all of it before it allocates the model. Throws Error with the
/// file and the reason if it is missing or damaged.
///
/// types  the program's own encoders that the file may name: encoder_types<MyEncoder>()
GRUVE_ONCE TrainedModel load(const std::filesystem::path& path, EncoderTypes types = {});

/// Reads a model from the bytes of a model file, such as a resource of a plug-in. Copies the bytes.
///
/// name  used in place of a file's name in an Error
GRUVE_ONCE TrainedModel load(std::span<const std::byte> bytes, const std::string& name = "model in memory",
                             EncoderTypes types = {});

/// Reads a model file that may name the given encoders of the program:
/// `load<MyEncoder>("model.safetensors")`.
template <StoredEncoder Encoder, StoredEncoder... Others>
TrainedModel load(const std::filesystem::path& path) {
  return load(path, encoder_types<Encoder, Others...>());
}
/// The same from bytes in memory.
template <StoredEncoder Encoder, StoredEncoder... Others>
TrainedModel load(std::span<const std::byte> bytes, const std::string& name = "model in memory") {
  return load(bytes, name, encoder_types<Encoder, Others...>());
}

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/model/model_file.inc"
#endif
