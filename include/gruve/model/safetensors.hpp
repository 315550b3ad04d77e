#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
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
#include "gruve/core/hash.hpp"
#include "gruve/core/json.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/kernels/kernels.hpp"
#include "gruve/kernels/rounding.hpp"
#include "gruve/model/array_text.hpp"

namespace gruve::inline v0_1 {

namespace internal {
// The longest header that is read or written, in bytes. The format's own library allows 25 times as much.
inline constexpr std::uint64_t kMaxHeader = std::uint64_t{1} << 22;
inline constexpr const char* kChecksum = "gruve.checksum";

// The checksum of what a file holds, whatever the order in it: so a tool that writes the same arrays and
// metadata again leaves it right. The sum of the hashes of all parts modulo 2^64.
class TensorChecksum {
 public:
  // A text of the metadata.
  void add(std::string_view name, std::string_view text) { sum_ += xxh64(bytes(text), hash(name, 1)); }
  // An array.
  void add(std::string_view name, std::string_view type, const std::vector<int>& shape,
           std::span<const std::byte> data) {
    std::uint64_t part = hash(type, hash(name, 2));
    for (const int size : shape) part = hash(std::to_string(size), part);
    sum_ += xxh64(data, part);
  }
  // 16 hexadecimal digits.
  std::string text() const {
    std::string text(16, '0');
    for (std::size_t i = 0; i < 16; ++i) text[i] = "0123456789abcdef"[sum_ >> (60 - 4 * i) & 15];
    return text;
  }

 private:
  static std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
  }
  static std::uint64_t hash(std::string_view text, std::uint64_t seed) { return xxh64(bytes(text), seed); }

  std::uint64_t sum_ = 0;
};

}  // namespace internal

/// A view of a float32 array in row-major order.
struct TensorView {
  std::vector<int> shape;         // size of each dimension
  std::span<const float> values;  // all elements
};

/// Whether a checksum is compared. A program that changes arrays may keep the metadata with that of the old
/// ones.
enum class Checksum { verify, ignore };

/// A mapped safetensors file: named arrays and a map of strings. Everything that the header says is checked
/// before it is used: the arrays must fill the file without gaps and overlaps. Arrays of type F32 are mapped;
/// those of type F16 and BF16, and of type I8 with a scale for each row, are converted to float when the file
/// is read. The scales of an array "weight" [N, …] are the array "weight.scale" [N] of type F32. Arrays of
/// other types are left out. A file that gruve wrote has a checksum, which is compared.
///
/// Format: 8 bytes length of the header, little-endian; the header, JSON; the arrays.
/// Source: https://github.com/huggingface/safetensors
class SafetensorsFile {
 public:
  /// Maps a file. Throws Error with the byte at fault if it is missing or damaged.
  explicit SafetensorsFile(const std::filesystem::path& path, Checksum checksum = Checksum::verify)
      : storage_(MappedFile(path)), path_(internal::utf8(path)) {
    read(std::get<MappedFile>(storage_).bytes(), checksum);
  }

  /// Reads a copy of a file's bytes; `name` is used in place of the file's name in an Error.
  SafetensorsFile(std::span<const std::byte> bytes, std::string name, Checksum checksum = Checksum::verify)
      : storage_(std::vector<std::byte>(bytes.begin(), bytes.end())), path_(std::move(name)) {
    read(std::get<std::vector<std::byte>>(storage_), checksum);
  }

  /// The path of the file, or the name of the bytes.
  const std::string& path() const noexcept { return path_; }
  /// All strings of the metadata, by name.
  const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }
  /// All arrays, by name.
  const std::map<std::string, TensorView>& tensors() const noexcept { return tensors_; }
  /// Why arrays of other types were left out, by name.
  const std::map<std::string, std::string>& left_out() const noexcept { return left_out_; }

  /// The arrays with their shapes, at most 12 of them, as an Error lists them.
  std::string listed() const {
    std::vector<std::string> names;
    for (const auto& [name, view] : tensors_)
      names.push_back(internal::shown_text(name) + ' ' + internal::shape_text(view.shape));
    return names.empty() ? "no arrays" : internal::listed_names(names);
  }

  /// The metadata with a name. Throws Error if there is none.
  const std::string& metadata(const std::string& name) const {
    const auto found = metadata_.find(name);
    if (found == metadata_.end())
      internal::raise(Error(
          path(),
          metadata_.contains("gruve.checkpoint")
              ? "is the checkpoint of a training, expected a model: the training writes that too"
              : "the metadata lack \"" + name +
                    "\": not written by gruve, or saved again without its metadata (then: gruve import FILE "
                    "--out MODEL)"));
    return found->second;
  }

  /// The array with a name and a shape. Throws Error if there is none, or if it has values that are not
  /// finite.
  std::span<const float> tensor(const std::string& name, const std::vector<int>& shape) const& {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      const auto other = left_out_.find(name);
      internal::raise(Error(path(), "the array \"" + name + '"' +
                                        (other == left_out_.end() ? " is missing; there are " + listed()
                                                                  : ' ' + other->second)));
    }
    const TensorView& view = found->second;
    if (view.shape != shape)
      internal::raise(Error(path(), "the array \"" + name + "\" has the shape " +
                                        internal::shape_text(view.shape) + ", expected " +
                                        internal::shape_text(shape)));
    internal::require_finite(view.values, path(), "the array \"" + name + '"');
    return view.values;
  }
  std::span<const float> tensor(const std::string&,
                                const std::vector<int>&) const&& = delete;  // it would dangle

 private:
  void read(std::span<const std::byte> bytes, Checksum checksum) {
    const std::string& name = path_;
    if (bytes.size() < 8)
      internal::raise(
          Error(name, 0,
                "not a safetensors file: " + std::to_string(bytes.size()) + " bytes, expected at least 8"));
    std::uint64_t header_size = 0;
    std::memcpy(&header_size, bytes.data(), 8);
    if (header_size > bytes.size() - 8)
      internal::raise(Error(name, 0,
                            "not a safetensors file, or cut short: a header of " +
                                std::to_string(header_size) + " bytes runs past the end (" +
                                std::to_string(bytes.size() - 8) + " bytes remain)"));
    if (header_size > internal::kMaxHeader)
      internal::raise(Error(name, 0,
                            "a header of " + std::to_string(header_size) + " bytes, expected at most " +
                                std::to_string(internal::kMaxHeader)));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, header_size);
    if (!text.starts_with('{'))
      internal::raise(Error(name, 8, "not a safetensors file: the header is not a JSON object"));
    const internal::JsonTree header = internal::parse_json(text, name, "the header", 8);
    const std::span<const std::byte> data = bytes.subspan(8 + header_size);

    std::vector<Place> places;
    for (const auto& [key, value] : header->items()) {
      if (key != "__metadata__") {
        places.push_back(place_of(key, value, data.size()));
        continue;
      }
      if (!value.is_object()) internal::raise(Error(name, 8, "__metadata__ is not a JSON object"));
      for (const auto& [entry, string] : value.items()) {
        if (!string.is_string())
          internal::raise(Error(name, 8, "__metadata__ " + internal::shown_text(entry) + " is not a string"));
        metadata_[entry] = string.get<std::string>();
      }
    }
    std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t used = 0;
    for (const Place& place : places) {
      if (place.begin != used)
        internal::raise(Error(name, 8,
                              "array " + internal::shown_text(place.name) + " begins at byte " +
                                  std::to_string(place.begin) + " of the data, expected " +
                                  std::to_string(used) +
                                  ": arrays follow one another without gaps and overlaps"));
      used = place.end;
    }
    if (used != data.size())
      internal::raise(Error(
          name, 8 + header_size,
          "the arrays take " + std::to_string(used) + " bytes, the file has " + std::to_string(data.size())));
    if (checksum == Checksum::verify) check_sum(places, data);
    for (const Place& place : places)
      if (place.type != "I8") read_array(place, data);
    for (const Place& place : places)
      if (place.type == "I8") read_8_bits(place, data);
  }

  // What the header says of an array.
  struct Place {
    std::string name, type;
    std::vector<int> shape;
    std::uint64_t begin, end;  // bytes of the data
  };

  void check_sum(const std::vector<Place>& places, std::span<const std::byte> data) const {
    const auto found = metadata_.find(internal::kChecksum);
    if (found == metadata_.end()) return;  // another program's
    internal::TensorChecksum checksum;
    for (const auto& [name, text] : metadata_)
      if (name != internal::kChecksum) checksum.add(name, text);
    for (const Place& place : places)
      checksum.add(place.name, place.type, place.shape, data.subspan(place.begin, place.end - place.begin));
    if (found->second != checksum.text())
      internal::raise(
          Error(path(), "is damaged: its checksum is " + internal::shown_text(found->second) +
                            ", that of what it holds \"" + checksum.text() +
                            "\" (if its arrays were changed on purpose: gruve import FILE --out MODEL)"));
  }

  // Bytes of a value; 0 if the format does not have the type.
  static std::uint64_t size_of(std::string_view type) {
    constexpr std::pair<std::string_view, std::uint64_t> kTypes[] = {
        {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
        {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
        {"U32", 4},  {"F32", 4}, {"I64", 8}, {"U64", 8},     {"F64", 8}};
    for (const auto& [name, size] : kTypes)
      if (name == type) return size;
    return 0;
  }

  Place place_of(const std::string& name, const nlohmann::json& entry, std::uint64_t data_size) const {
    const auto error = [&](const std::string& reason) {
      return Error(path(), 8, "array " + internal::shown_text(name) + ' ' + reason);
    };
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
        !entry.contains("data_offsets"))
      internal::raise(error("lacks dtype, shape or data_offsets"));
    if (!entry["dtype"].is_string()) internal::raise(error("has a dtype that is not a string"));
    Place place{.name = name, .type = entry["dtype"].get<std::string>(), .shape = {}, .begin = 0, .end = 0};
    const std::uint64_t bytes = size_of(place.type);
    if (bytes == 0)
      internal::raise(
          error("is of type " + internal::shown_text(place.type) + ", which the format does not have"));
    const nlohmann::json& offsets = entry["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned())
      internal::raise(error("has data_offsets that are not two numbers"));
    place.begin = offsets[0].get<std::uint64_t>();
    place.end = offsets[1].get<std::uint64_t>();
    if (place.begin > place.end || place.end > data_size)
      internal::raise(error("is at bytes " + std::to_string(place.begin) + " to " +
                            std::to_string(place.end) + " of " + std::to_string(data_size)));
    constexpr std::size_t kMostDimensions = 16;
    if (!entry["shape"].is_array() || entry["shape"].size() > kMostDimensions)
      internal::raise(error("has a shape that is not a list of at most 16 numbers"));
    // Both limits keep the product below 2^64.
    const std::uint64_t most = std::min<std::uint64_t>(data_size, (std::numeric_limits<std::int32_t>::max)());
    std::uint64_t count = 1;
    for (const nlohmann::json& size : entry["shape"]) {
      if (!size.is_number_unsigned() || size.get<std::uint64_t>() > most ||
          (count *= size.get<std::uint64_t>()) > data_size)
        internal::raise(error("has a shape larger than the file"));
      place.shape.push_back(static_cast<int>(size.get<std::uint64_t>()));
    }
    if (count * bytes != place.end - place.begin)
      internal::raise(error("takes " + std::to_string(place.end - place.begin) + " bytes, its shape " +
                            internal::shape_text(place.shape) + " needs " + std::to_string(count * bytes)));
    return place;
  }

  void read_array(const Place& place, std::span<const std::byte> data) {
    const std::span<const std::byte> bytes = data.subspan(place.begin, place.end - place.begin);
    TensorView view{.shape = place.shape, .values = {}};
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) == 0;
    if (place.type == "F32" && is_aligned) {
      view.values = {reinterpret_cast<const float*>(bytes.data()), bytes.size() / 4};
    } else if (place.type == "F32" || place.type == "BF16" || place.type == "F16") {
      std::vector<float>& values = converted_[place.name];
      values.resize(bytes.size() / size_of(place.type));
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (place.type == "F32") {
          std::memcpy(&values[i], bytes.data() + 4 * i, 4);
          continue;
        }
        std::uint16_t half = 0;
        std::memcpy(&half, bytes.data() + 2 * i, 2);
        values[i] = place.type == "BF16" ? kernels::from_bfloat16(half) : kernels::from_float16(half);
      }
      view.values = values;
    } else {
      left_out_[place.name] =
          "is of type \"" + place.type + "\", expected \"F32\", \"F16\", \"BF16\" or \"I8\"";
      return;
    }
    tensors_.emplace(place.name, std::move(view));
  }

  // The scales are read before.
  void read_8_bits(const Place& place, std::span<const std::byte> data) {
    const auto scale = tensors_.find(place.name + ".scale");
    const int rows = place.shape.empty() ? 1 : place.shape.front();
    if (scale == tensors_.end() || scale->second.shape != std::vector{rows}) {
      left_out_[place.name] = "of 8 bits lacks its scales, \"" + place.name + ".scale\" [" +
                              std::to_string(rows) + "] of type \"F32\"";
      return;
    }
    const std::span<const std::byte> integers = data.subspan(place.begin, place.end - place.begin);
    std::vector<float>& values = converted_[place.name];
    values.resize(integers.size());
    const std::size_t width = values.size() / static_cast<std::size_t>((std::max)(1, rows));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(static_cast<std::int8_t>(integers[i])) * scale->second.values[i / width];
    tensors_.emplace(place.name, TensorView{.shape = place.shape, .values = values});
  }

  std::variant<MappedFile, std::vector<std::byte>> storage_;
  std::string path_;
  std::map<std::string, std::string> metadata_ = {};
  std::map<std::string, TensorView> tensors_ = {};
  std::map<std::string, std::vector<float>> converted_ = {};  // the values of arrays that are not mapped
  std::map<std::string, std::string> left_out_ = {};          // why, of arrays that are not in tensors_
};

/// An array to write to a safetensors file.
struct NamedTensor {
  std::string name;  // in the file
  TensorView view;   // of the array in memory
  kernels::Precision precision =
      kernels::Precision::fp32;  // in the file; others than fp32 of matrices [N, K] only
};

namespace internal {

// An array as a file has it: its bytes are those of the tensor, or `rounded`.
struct StoredTensor {
  std::string name;
  const char* type;
  std::vector<int> shape;
  std::vector<std::byte> rounded = {};
  std::span<const std::byte> bytes = {};
};

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

// The arrays in the order of the file: float32 first, with the scales of matrices in 8 bits.
inline std::vector<StoredTensor> stored_tensors(const std::vector<NamedTensor>& tensors) {
  using kernels::Precision;
  std::vector<StoredTensor> stored, halves, integers;
  for (const NamedTensor& tensor : tensors) {
    const std::span<const float> values = tensor.view.values;
    if (tensor.precision == Precision::fp32) {
      stored.push_back({tensor.name, "F32", tensor.view.shape, {}, std::as_bytes(values)});
    } else if (tensor.precision == Precision::bf16) {
      std::vector<std::uint16_t> rounded;
      for (const float value : values) rounded.push_back(kernels::to_bfloat16(value));
      halves.push_back({tensor.name, "BF16", tensor.view.shape, bytes_of(rounded)});
    } else {
      const int rows = tensor.view.shape[0], width = tensor.view.shape[1];
      std::vector<float> scales;
      std::vector<std::int8_t> rounded;
      for (int row = 0; row < rows; ++row) {
        const float* const weights = values.data() + std::ptrdiff_t{row} * width;
        scales.push_back(kernels::int8_scale(width, weights, 1));
        for (int i = 0; i < width; ++i) rounded.push_back(kernels::to_int8(weights[i], scales.back()));
      }
      stored.push_back({tensor.name + ".scale", "F32", {rows}, bytes_of(scales)});
      integers.push_back({tensor.name, "I8", tensor.view.shape, bytes_of(rounded)});
    }
  }
  for (auto* others : {&halves, &integers})
    stored.insert(stored.end(), std::make_move_iterator(others->begin()),
                  std::make_move_iterator(others->end()));
  for (StoredTensor& tensor : stored)
    if (!tensor.rounded.empty()) tensor.bytes = tensor.rounded;
  return stored;
}

}  // namespace internal

/// Writes a safetensors file atomically, with a checksum in its metadata. Throws Error if it can't be
/// written, or if its header would be longer than what SafetensorsFile reads; then nothing is replaced.
/// Arrays in float32 come first. A matrix in 8 bits has a scale for each row, its largest magnitude divided
/// by 127, in an array of its own: "weight.scale" of "weight".
inline void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                              std::map<std::string, std::string> metadata) {
  const std::vector<internal::StoredTensor> stored = internal::stored_tensors(tensors);
  internal::TensorChecksum checksum;
  for (const auto& [name, text] : metadata) checksum.add(name, text);
  for (const internal::StoredTensor& tensor : stored)
    checksum.add(tensor.name, tensor.type, tensor.shape, tensor.bytes);
  metadata[internal::kChecksum] = checksum.text();
  std::string text = "{\"__metadata__\":" + internal::text_of(nlohmann::json(metadata));
  std::uint64_t offset = 0;
  for (const internal::StoredTensor& tensor : stored) {
    const std::uint64_t end = offset + tensor.bytes.size();
    text += ',' + nlohmann::json(tensor.name).dump() + ':' +
            internal::text_of(internal::JsonObject<>()
                                  .add("dtype", tensor.type)
                                  .add("shape", tensor.shape)
                                  .add("data_offsets", std::array{offset, end})
                                  .take());
    offset = end;
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');  // the format allows spaces, so that the arrays are aligned
  const std::uint64_t header_size = text.size();
  if (header_size > internal::kMaxHeader)
    internal::raise(Error(internal::utf8(path), "would have a header of " + std::to_string(header_size) +
                                                    " bytes, expected at most " +
                                                    std::to_string(internal::kMaxHeader)));
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_size, 1)));
  file.write(text);
  for (const internal::StoredTensor& tensor : stored) file.write(tensor.bytes);
  file.commit();
}

}  // namespace gruve::inline v0_1
