#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gruve/core/once.hpp"
#include "gruve/model/trained_model.hpp"
#include "gruve/tokens/any_encoder.hpp"
#include "gruve/tokens/encoder_types.hpp"

namespace gruve::inline v0_2 {

/// Where import_model() takes from what the file does not say.
struct ImportOptions {
  /// Encoder, features, tempo and metre, and measures are those of this model, if the file has none; it must
  /// outlive the call. Null for none.
  const TrainedModel* like = nullptr;
  std::optional<AnyEncoder> encoder = {};  // the encoder, whatever the file says
  EncoderTypes types = {};                 // the program's own encoders that the file may name
};

/// A model that was made of another program's file.
struct ImportedModel {
  TrainedModel model;              // to be saved by save()
  std::vector<std::string> notes;  // what arrays were taken for, and what was left out
};

// clang-format off
/// Reads a network from another program's file: safetensors (import_safetensors()), ONNX (import_onnx()) or JSON of RTNeural
/// (import_rtneural()), whichever the bytes are. A model file that another program has saved again is read too, with its
/// metadata or without: its checksum is not compared.
///
/// The encoder is that of the options, else of the file's metadata, else of `like`, else an IdEncoder of as many tokens as the
/// network has. Throws Error if the file is none of these, or as these functions do, or if the encoder has another number of
/// tokens than the network.
// clang-format on
GRUVE_ONCE ImportedModel import_model(const std::filesystem::path& path, const ImportOptions& options = {});

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/model/import_model.inc"
#endif
