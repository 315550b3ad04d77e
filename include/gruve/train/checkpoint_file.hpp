#pragma once

#include <filesystem>
#include <string_view>
#include <system_error>

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/model/safetensors.hpp"

namespace gruve::inline v0_2::internal {

// Whether a file is a checkpoint, whole or damaged.
inline bool is_checkpoint(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, error))) return false;
  const MappedFile file(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  return bytes.substr(0, kMaxHeader).find("gruve.checkpoint") != std::string_view::npos;
}

// Removes another training's checkpoint, if there is one. Throws Error if the file is something else.
inline void remove_checkpoint(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) return;
  if (!is_checkpoint(path))
    throw Error(internal::utf8(path),
                "is no checkpoint, and in the way of one: the last checkpoint but one is kept there");
  std::filesystem::remove(path, ignored);
}

}  // namespace gruve::inline v0_2::internal
