#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"

namespace gruve::inline v0_1 {

static_assert(std::endian::native == std::endian::little, "safetensors are mapped unchanged, little-endian");

/// A view of a float32 array in row-major order.
struct TensorView {
  std::vector<int> shape;         // size of each dimension
  std::span<const float> values;  // all elements
};

/// A mapped safetensors file: named float32 arrays and a map of strings. Every size in the file is checked
/// before it is used.
///
/// Format: 8 bytes length of the header, little-endian; the header, JSON; the arrays.
/// Source: https://github.com/huggingface/safetensors
class SafetensorsFile {
 public:
  /// Maps a file. Throws Error with the byte at fault if it is missing or damaged.
  explicit SafetensorsFile(const std::filesystem::path& path)
      : storage_(MappedFile(path)), path_(path.string()) {
    read(std::get<MappedFile>(storage_).bytes());
  }

  /// Reads a copy of a file's bytes; `name` is used in place of the file's name in an Error.
  SafetensorsFile(std::span<const std::byte> bytes, std::string name)
      : storage_(std::vector<std::byte>(bytes.begin(), bytes.end())), path_(std::move(name)) {
    read(std::get<std::vector<std::byte>>(storage_));
  }

  /// The path of the file, or the name of the bytes.
  const std::string& path() const noexcept { return path_; }
  /// All strings of the metadata, by name.
  const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }
  /// All arrays, by name.
  const std::map<std::string, TensorView>& tensors() const noexcept { return tensors_; }

  /// The metadata with a name. Throws Error if there is none.
  const std::string& metadata(const std::string& name) const {
    const auto found = metadata_.find(name);
    if (found == metadata_.end())
      throw Error(path(),
                  metadata_.contains("gruve.checkpoint")
                      ? "is the checkpoint of a training, expected a model: the training writes that too"
                      : "the metadata lack \"" + name +
                            "\": not written by gruve, or saved again without its metadata (docs/formats.md)");
    return found->second;
  }

  /// The array with a name and a shape. Throws Error if there is none.
  std::span<const float> tensor(const std::string& name, const std::vector<int>& shape) const& {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw Error(path(), "the array \"" + name + "\" is missing");
    if (found->second.shape != shape)
      throw Error(path(), "the array \"" + name + "\" has the shape " + text(found->second.shape) +
                              ", expected " + text(shape));
    return found->second.values;
  }
  std::span<const float> tensor(const std::string&,
                                const std::vector<int>&) const&& = delete;  // it would dangle

 private:
  void read(std::span<const std::byte> bytes) {
    const std::string& name = path_;
    if (bytes.size() < 8)
      throw Error(name, 0,
                  "not a safetensors file: " + std::to_string(bytes.size()) + " bytes, expected at least 8");
    std::uint64_t header_size = 0;
    std::memcpy(&header_size, bytes.data(), 8);
    if (header_size > bytes.size() - 8)
      throw Error(name, 0,
                  "not a safetensors file, or cut short: a header of " + std::to_string(header_size) +
                      " bytes runs past the end (" + std::to_string(bytes.size() - 8) + " bytes remain)");
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, header_size);
    const nlohmann::json header = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
    if (!header.is_object()) throw Error(name, 8, "not a safetensors file: the header is not a JSON object");
    const std::span<const std::byte> data = bytes.subspan(8 + header_size);
    if ((8 + header_size) % alignof(float) != 0)
      throw Error(name, 0, "the header's length must leave the arrays aligned to 4 bytes");

    std::uint64_t used = 0;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        if (!value.is_object()) throw Error(name, 8, "__metadata__ is not a JSON object");
        for (const auto& [entry, string] : value.items()) {
          if (!string.is_string()) throw Error(name, 8, "__metadata__ \"" + entry + "\" is not a string");
          metadata_[entry] = string.get<std::string>();
        }
        continue;
      }
      used += read_tensor(key, value, data);
    }
    if (used != data.size())
      throw Error(
          name, 8 + header_size,
          "the arrays take " + std::to_string(used) + " bytes, the file has " + std::to_string(data.size()));
  }

  static std::string text(const std::vector<int>& shape) {
    std::string text = "[";
    for (const int size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
  }

  // Returns the bytes that the tensor takes.
  std::uint64_t read_tensor(const std::string& name, const nlohmann::json& entry,
                            std::span<const std::byte> data) {
    const auto error = [&](const std::string& reason) {
      return Error(path(), 8, "array \"" + name + "\" " + reason);
    };
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
        !entry.contains("data_offsets"))
      throw error("lacks dtype, shape or data_offsets");
    if (entry["dtype"] != "F32")
      throw error("is of type " +
                  (entry["dtype"].is_string() ? '"' + entry["dtype"].get<std::string>().substr(0, 20) + '"'
                                              : std::string("other than a string")) +
                  ", expected \"F32\"");
    const nlohmann::json& offsets = entry["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned())
      throw error("has data_offsets that are not two numbers");
    const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
    if (begin > end || end > data.size() || begin % sizeof(float) != 0)
      throw error("is at bytes " + std::to_string(begin) + " to " + std::to_string(end) + " of " +
                  std::to_string(data.size()));
    TensorView view;
    if (!entry["shape"].is_array()) throw error("has a shape that is not a list");
    std::uint64_t count = 1;
    for (const nlohmann::json& size : entry["shape"]) {
      if (!size.is_number_unsigned() || size.get<std::uint64_t>() > data.size() ||
          (count *= size.get<std::uint64_t>()) > data.size())
        throw error("has a shape larger than the file");
      view.shape.push_back(static_cast<int>(size.get<std::uint64_t>()));
    }
    if (count * sizeof(float) != end - begin)
      throw error("takes " + std::to_string(end - begin) + " bytes, its shape " + text(view.shape) +
                  " needs " + std::to_string(count * sizeof(float)));
    view.values = {reinterpret_cast<const float*>(data.data() + begin), static_cast<std::size_t>(count)};
    tensors_.emplace(name, std::move(view));
    return end - begin;
  }

  std::variant<MappedFile, std::vector<std::byte>> storage_;
  std::string path_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, TensorView> tensors_;
};

/// An array to write to a safetensors file.
struct NamedTensor {
  std::string name;  // in the file
  TensorView view;   // of the array in memory
};

/// Writes a safetensors file atomically, the arrays in the given order. Throws Error if it can't be written.
inline void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, view] : tensors) {
    const std::uint64_t end = offset + view.values.size_bytes();
    header[name] = {{"dtype", "F32"}, {"shape", view.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // the format allows spaces, so that the arrays are aligned
  const std::uint64_t header_size = text.size();

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_size, 1)));
  file.write(text);
  for (const auto& [name, view] : tensors) file.write(std::as_bytes(view.values));
  file.commit();
}

}  // namespace gruve::inline v0_1
