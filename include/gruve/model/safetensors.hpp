#pragma once

#include <algorithm>
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
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/rounding.hpp"

namespace gruve::inline v0_1 {

static_assert(std::endian::native == std::endian::little, "safetensors are mapped unchanged, little-endian");

/// A view of a float32 array in row-major order.
struct TensorView {
  std::vector<int> shape;         // size of each dimension
  std::span<const float> values;  // all elements
};

/// A mapped safetensors file: named arrays and a map of strings. Every size in the file is checked before it
/// is used. Arrays of type F32 are mapped; those of type BF16, and of type I8 with a scale for each row, are
/// converted to float when the file is read. The scales of an array "weight" [N, …] are the array
/// "weight.scale" [N] of type F32.
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
      throw Error(
          path(),
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
    std::vector<std::pair<std::string, std::span<const std::byte>>> in_8_bits;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        if (!value.is_object()) throw Error(name, 8, "__metadata__ is not a JSON object");
        for (const auto& [entry, string] : value.items()) {
          if (!string.is_string()) throw Error(name, 8, "__metadata__ \"" + entry + "\" is not a string");
          metadata_[entry] = string.get<std::string>();
        }
        continue;
      }
      used += read_tensor(key, value, data, in_8_bits);
    }
    for (const auto& [key, integers] : in_8_bits) read_8_bits(key, integers);
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

  // Returns the bytes that the tensor takes. Those of an array in 8 bits are converted when its scales are
  // known.
  std::uint64_t read_tensor(const std::string& name, const nlohmann::json& entry,
                            std::span<const std::byte> data,
                            std::vector<std::pair<std::string, std::span<const std::byte>>>& in_8_bits) {
    const auto error = [&](const std::string& reason) {
      return Error(path(), 8, "array \"" + name + "\" " + reason);
    };
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
        !entry.contains("data_offsets"))
      throw error("lacks dtype, shape or data_offsets");
    const std::uint64_t size_of = entry["dtype"] == "F32"    ? 4
                                  : entry["dtype"] == "BF16" ? 2
                                  : entry["dtype"] == "I8"   ? 1
                                                             : 0;
    if (size_of == 0)
      throw error("is of type " +
                  (entry["dtype"].is_string() ? '"' + entry["dtype"].get<std::string>().substr(0, 20) + '"'
                                              : std::string("other than a string")) +
                  ", expected \"F32\", \"BF16\" or \"I8\"");
    const nlohmann::json& offsets = entry["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned())
      throw error("has data_offsets that are not two numbers");
    const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
    if (begin > end || end > data.size() || begin % size_of != 0)
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
    if (count * size_of != end - begin)
      throw error("takes " + std::to_string(end - begin) + " bytes, its shape " + text(view.shape) +
                  " needs " + std::to_string(count * size_of));
    const std::span<const std::byte> bytes = data.subspan(begin, end - begin);
    if (size_of == 4) {
      view.values = {reinterpret_cast<const float*>(bytes.data()), static_cast<std::size_t>(count)};
    } else {
      std::vector<float>& values = converted_[name];
      values.resize(static_cast<std::size_t>(count));
      if (size_of == 2) {
        const auto* const halves = reinterpret_cast<const std::uint16_t*>(bytes.data());
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = kernels::from_bfloat16(halves[i]);
      } else {
        in_8_bits.emplace_back(name, bytes);
      }
      view.values = values;
    }
    tensors_.emplace(name, std::move(view));
    return end - begin;
  }

  void read_8_bits(const std::string& name, std::span<const std::byte> integers) {
    const TensorView& view = tensors_.at(name);
    const auto scale = tensors_.find(name + ".scale");
    const int rows = view.shape.empty() ? 1 : view.shape.front();
    if (scale == tensors_.end() || converted_.contains(name + ".scale") ||
        scale->second.shape != std::vector{rows})
      throw Error(path(), 8,
                  "array \"" + name + "\" of 8 bits lacks its scales, \"" + name + ".scale\" [" +
                      std::to_string(rows) + "] of type \"F32\"");
    std::vector<float>& values = converted_.at(name);
    const std::size_t width = values.size() / static_cast<std::size_t>(std::max(1, rows));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(static_cast<std::int8_t>(integers[i])) * scale->second.values[i / width];
  }

  std::variant<MappedFile, std::vector<std::byte>> storage_;
  std::string path_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::vector<float>> converted_;  // the values of arrays of other types than F32
};

/// An array to write to a safetensors file.
struct NamedTensor {
  std::string name;  // in the file
  TensorView view;   // of the array in memory
  kernels::Precision precision =
      kernels::Precision::fp32;  // in the file; others than fp32 of matrices [N, K] only
};

/// Writes a safetensors file atomically. Throws Error if it can't be written. Arrays in float32 come first. A
/// matrix in 8 bits has a scale for each row, its largest magnitude divided by 127, in an array of its own:
/// "weight.scale" of "weight".
inline void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  using kernels::Precision;
  // The scales of each matrix in 8 bits, [N].
  std::vector<std::vector<float>> scales(tensors.size());
  std::vector<NamedTensor> floats;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].precision == Precision::fp32) {
      floats.push_back(tensors[i]);
    } else if (tensors[i].precision == Precision::int8) {
      const int rows = tensors[i].view.shape[0], width = tensors[i].view.shape[1];
      for (int row = 0; row < rows; ++row)
        scales[i].push_back(
            kernels::int8_scale(width, tensors[i].view.values.data() + std::ptrdiff_t{row} * width, 1));
      floats.push_back({tensors[i].name + ".scale", {{rows}, scales[i]}});
    }
  }
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  const auto place = [&](const NamedTensor& tensor, const char* type, std::uint64_t size_of) {
    const std::uint64_t end = offset + size_of * tensor.view.values.size();
    header[tensor.name] = {{"dtype", type}, {"shape", tensor.view.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  };
  for (const NamedTensor& tensor : floats) place(tensor, "F32", 4);
  for (const Precision precision : {Precision::bf16, Precision::int8})
    for (const NamedTensor& tensor : tensors)
      if (tensor.precision == precision)
        place(tensor, precision == Precision::bf16 ? "BF16" : "I8", precision == Precision::bf16 ? 2 : 1);
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // the format allows spaces, so that the arrays are aligned
  const std::uint64_t header_size = text.size();

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_size, 1)));
  file.write(text);
  for (const NamedTensor& tensor : floats) file.write(std::as_bytes(tensor.view.values));
  for (const NamedTensor& tensor : tensors) {
    if (tensor.precision != Precision::bf16) continue;
    std::vector<std::uint16_t> halves;
    for (const float value : tensor.view.values) halves.push_back(kernels::to_bfloat16(value));
    file.write(std::as_bytes(std::span<const std::uint16_t>(halves)));
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].precision != Precision::int8) continue;
    const auto width = static_cast<std::size_t>(tensors[i].view.shape[1]);
    std::vector<std::int8_t> integers;
    for (std::size_t k = 0; k < tensors[i].view.values.size(); ++k)
      integers.push_back(kernels::to_int8(tensors[i].view.values[k], scales[i][k / width]));
    file.write(std::as_bytes(std::span<const std::int8_t>(integers)));
  }
  file.commit();
}

}  // namespace gruve::inline v0_1
