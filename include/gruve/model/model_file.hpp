#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "gruve/core/once.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/tokens/encoder_types.hpp"

namespace gruve::inline v0_1 {

/// Writes a model file, whole or not at all: safetensors with PyTorch's names and shapes, so that a module
/// that holds `embedding`, `gru` and `output` loads it by load_state_dict, and all else as JSON in the
/// metadata. The same model gives the same bytes. Throws Error where the file can't be written.
GRUVE_ONCE void save(const TrainedModel& model, const std::filesystem::path& path);

/// Reads a model file. Everything is checked before the model is allocated; Error names the file and the
/// reason.
///
/// types  encoders of the program's own that the file may name: encoder_types<MyEncoder>()
GRUVE_ONCE TrainedModel load(const std::filesystem::path& path, EncoderTypes types = {});

/// The same from the bytes of a model file, such as a resource of a plug-in. They are copied.
///
/// name  of the bytes in an Error
GRUVE_ONCE TrainedModel load(std::span<const std::byte> bytes, const std::string& name = "model in memory",
                             EncoderTypes types = {});

/// Reads a model file whose encoder may be one of the program's own: `load<MyEncoder>("model.safetensors")`.
template <StoredEncoder Encoder, StoredEncoder... Others>
TrainedModel load(const std::filesystem::path& path) {
  return load(path, encoder_types<Encoder, Others...>());
}

}  // namespace gruve::inline v0_1

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/model/model_file.inc"
#endif
