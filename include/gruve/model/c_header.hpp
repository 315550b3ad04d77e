#pragma once

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "gruve/core/atomic_file.hpp"

namespace gruve::inline v0_2 {

// clang-format off
/// Writes the bytes of a file as a header in C and C++ that defines a constant array, so that a program needs no file beside
/// it. The array is aligned to 64 bytes and named like the header: `small_model` of small-model.h.
///
///   #include "small_model.h"
///   const gruve::TrainedModel model = gruve::load(std::as_bytes(std::span(small_model)));
///
/// Throws Error if the header cannot be written.
// clang-format on
inline void write_c_header(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  std::string name = internal::utf8(path.stem());
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) name.insert(0, "model_");
  std::string text =
      "/* " + std::to_string(bytes.size()) +
      " bytes, written by gruve export. */\n#pragma once\n\n#ifdef __cplusplus\nalignas(64)\n#else\n"
      "_Alignas(64)\n#endif\nstatic const unsigned char " +
      name + "[" + std::to_string(bytes.size()) + "] = {";
  text.reserve(text.size() + 4 * bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text += i % 24 == 0 ? "\n" : "";
    text += std::to_string(std::to_integer<int>(bytes[i])) + ',';
  }
  write_file(path, text + "\n};\n");
}

}  // namespace gruve::inline v0_2
