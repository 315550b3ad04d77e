#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/core/once.hpp"
#include "gruve/kernels/kernels.hpp"

namespace gruve::inline v0_2 {

namespace internal {
// The longest header that is read or written, in bytes. The format's own library allows 25 times as much.
inline constexpr std::uint64_t kMaxHeader = std::uint64_t{1} << 22;
inline constexpr const char* kChecksum = "gruve.checksum";
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
  explicit SafetensorsFile(const std::filesystem::path& path, Checksum checksum = Checksum::verify);

  /// Reads a copy of a file's bytes; `name` is used in place of the file's name in an Error.
  SafetensorsFile(std::span<const std::byte> bytes, std::string name, Checksum checksum = Checksum::verify);

  /// The path of the file, or the name of the bytes.
  const std::string& path() const noexcept { return path_; }
  /// All strings of the metadata, by name.
  const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }
  /// All arrays, by name.
  const std::map<std::string, TensorView>& tensors() const noexcept { return tensors_; }
  /// Why arrays of other types were left out, by name.
  const std::map<std::string, std::string>& left_out() const noexcept { return left_out_; }

  /// The arrays with their shapes, at most 12 of them, as an Error lists them.
  std::string listed() const;

  /// The metadata with a name. Throws Error if there is none.
  const std::string& metadata(const std::string& name) const;

  /// The array with a name and a shape. Throws Error if there is none, or if it has values that are not
  /// finite.
  std::span<const float> tensor(const std::string& name, const std::vector<int>& shape) const&;
  std::span<const float> tensor(const std::string&,
                                const std::vector<int>&) const&& = delete;  // it would dangle

 private:
  void read(std::span<const std::byte> bytes, Checksum checksum);

  // What the header says of an array.
  struct Place {
    std::string name, type;
    std::vector<int> shape;
    std::uint64_t begin, end;  // bytes of the data
  };

  void check_sum(const std::vector<Place>& places, std::span<const std::byte> data) const;

  // Bytes of a value; 0 if the format does not have the type.
  static std::uint64_t size_of(std::string_view type);

  Place place_of(const std::string& name, const nlohmann::json& entry, std::uint64_t data_size) const;

  void read_array(const Place& place, std::span<const std::byte> data);

  // The scales are read before.
  void read_8_bits(const Place& place, std::span<const std::byte> data);

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

/// Writes a safetensors file atomically, with a checksum in its metadata. Throws Error if it can't be
/// written, if its header would be longer than what SafetensorsFile reads, or if a number is too large for
/// its precision; then nothing is replaced.
/// Arrays in float32 come first. A matrix in 8 bits has a scale for each row, its largest magnitude divided
/// by 127, in an array of its own: "weight.scale" of "weight".
GRUVE_ONCE void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                                  std::map<std::string, std::string> metadata);

}  // namespace gruve::inline v0_2

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/model/safetensors.inc"
#endif
