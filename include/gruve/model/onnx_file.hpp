#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/kernels/rounding.hpp"
#include "gruve/model/array_text.hpp"
#include "gruve/model/protobuf.hpp"

// An ONNX file as it stands: nodes, arrays, names. What they mean is import_onnx.hpp's business.
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
namespace gruve::inline v0_2::internal {

// Bounds the memory that a file of many empty nodes takes.
inline constexpr std::size_t kMostOnnxParts = 10'000;

// An array of numbers, which may be in the file or in one beside it.
struct OnnxTensor {
  enum Type { kFloat = 1, kInt64 = 7, kFloat16 = 10, kDouble = 11, kBfloat16 = 16 };
  std::string_view name = {};
  std::vector<std::int64_t> shape = {};
  std::int64_t type = 0;
  std::optional<std::span<const std::byte>> raw = {};
  std::span<const std::byte> packed_floats = {};  // of float_data
  std::vector<float> single_floats = {};          // the same, not packed
  std::vector<std::int64_t> integers = {};        // of int64_data
  std::string_view outside = {};                  // the file beside, if the numbers are there
  std::string_view outside_offset = {}, outside_length = {};
};

struct OnnxAttribute {
  std::string_view name = {};
  float number = 0;
  std::int64_t integer = 0;
  std::string_view text = {};
  std::vector<std::string_view> texts = {};
  std::vector<std::int64_t> integers = {};
  std::optional<OnnxTensor> tensor = {};
  bool has_graph = false;
};

struct OnnxNode {
  std::string_view name = {}, op = {}, domain = {};
  std::vector<std::string_view> inputs = {}, outputs = {};
  std::vector<OnnxAttribute> attributes = {};

  const OnnxAttribute* attribute(std::string_view which) const {
    for (const OnnxAttribute& each : attributes)
      if (each.name == which) return &each;
    return nullptr;
  }
  std::int64_t integer(std::string_view which, std::int64_t otherwise) const {
    const OnnxAttribute* const found = attribute(which);
    return found == nullptr ? otherwise : found->integer;
  }
  // The name of an input, or nothing where it is left out.
  std::string_view input(std::size_t i) const { return i < inputs.size() ? inputs[i] : std::string_view(); }
  // As an Error names it.
  std::string shown() const { return shown_text(op) + " (" + shown_text(name) + ')'; }
};

// A parsed file. Everything refers to its bytes, which must outlive it.
class OnnxFile {
 public:
  // folder  where files beside it are; empty if there are none
  OnnxFile(std::span<const std::byte> bytes, std::string name, std::filesystem::path folder = {})
      : path_(std::move(name)), folder_(std::move(folder)), size_(bytes.size()) {
    ProtoReader model(bytes, bytes, path_);
    bool has_graph = false;
    while (const auto field = model.next()) {
      if (field->is(7, kBytes)) {
        if (std::exchange(has_graph, true)) model.fail("it has two graphs");
        read_graph(model.within(field->bytes));
      }
      if (field->is(14, kBytes)) read_metadata(model.within(field->bytes));
    }
    if (!has_graph) internal::raise(Error(path_, "not an ONNX file: it has no graph"));
  }

  const std::string& path() const noexcept { return path_; }
  // Bytes, with those of the files beside it that were read so far.
  std::uint64_t size() const noexcept { return size_; }
  const std::vector<OnnxNode>& nodes() const noexcept { return nodes_; }
  const std::map<std::string_view, OnnxTensor>& initializers() const noexcept { return initializers_; }
  const std::vector<std::string_view>& outputs() const noexcept { return outputs_; }
  const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }

  // The initializers with their shapes, as an Error lists them.
  std::string listed() const {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : initializers_)
      names.push_back(shown_text(name) + ' ' + shape_text(tensor.shape));
    return names.empty() ? "no arrays" : listed_names(names);
  }

  // An array's numbers, as many as its shape says. Throws Error if there are others, or if they are of
  // another type than float, double, float16 and bfloat16.
  std::vector<float> values(const OnnxTensor& tensor) const {
    const std::string what = "the array " + shown_text(tensor.name);
    const std::size_t size = bytes_of(tensor.type);
    if (size == 0)
      internal::raise(Error(path_, what + " is of type " + std::to_string(tensor.type) +
                                       ", expected 1 (float), 10 (float16), 11 (double) or 16 (bfloat16)"));
    const std::span<const std::byte> bytes = bytes_at(tensor, what);
    const std::uint64_t count = count_of(tensor, what, bytes.size() / size + tensor.single_floats.size());
    std::vector<float> values = tensor.single_floats;
    if (values.empty()) {
      if (bytes.size() % size != 0) throw wrong_size(tensor, what, bytes.size() / size);
      values.resize(bytes.size() / size);
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = value_at(bytes.data() + i * size, tensor.type);
    }
    if (values.size() != count) throw wrong_size(tensor, what, values.size());
    return values;
  }

  // The numbers of an array of type int64, at most 256.
  static std::vector<std::int64_t> integers(const OnnxTensor& tensor) {
    std::vector<std::int64_t> integers = tensor.integers;
    if (tensor.type == OnnxTensor::kInt64 && tensor.raw && tensor.raw->size() <= 256 * sizeof(std::int64_t)) {
      integers.resize(tensor.raw->size() / sizeof(std::int64_t));
      if (!integers.empty())
        std::memcpy(integers.data(), tensor.raw->data(), integers.size() * sizeof(std::int64_t));
    }
    return integers;
  }

 private:
  static constexpr auto kBytes = ProtoField::Kind::bytes;
  static constexpr auto kVarint = ProtoField::Kind::varint;

  static std::size_t bytes_of(std::int64_t type) {
    switch (type) {
      case OnnxTensor::kFloat:
        return 4;
      case OnnxTensor::kDouble:
        return 8;
      case OnnxTensor::kFloat16:
      case OnnxTensor::kBfloat16:
        return 2;
      default:
        return 0;
    }
  }

  static float value_at(const std::byte* from, std::int64_t type) {
    const auto read = [&]<class T>(T value) {
      std::memcpy(&value, from, sizeof value);
      return value;
    };
    if (type == OnnxTensor::kDouble) return static_cast<float>(read(0.0));
    if (type == OnnxTensor::kFloat) return read(0.0f);
    const std::uint16_t half = read(std::uint16_t{0});
    return type == OnnxTensor::kFloat16 ? kernels::from_float16(half) : kernels::from_bfloat16(half);
  }

  Error wrong_size(const OnnxTensor& tensor, const std::string& what, std::size_t count) const {
    return Error(path_, what + " has " + std::to_string(count) + " numbers, its shape " +
                            shape_text(tensor.shape) + " has others");
  }

  // The product of the shape, which is at most `most`.
  std::uint64_t count_of(const OnnxTensor& tensor, const std::string& what, std::size_t most) const {
    std::uint64_t count = 1;
    for (const std::int64_t size : tensor.shape) {
      if (size < 0 || static_cast<std::uint64_t>(size) > most || (size > 0 && count > most))
        throw wrong_size(tensor, what, most);
      count *= static_cast<std::uint64_t>(size);  // both below 2^33
      if (count > most) throw wrong_size(tensor, what, most);
    }
    return count;
  }

  std::span<const std::byte> bytes_at(const OnnxTensor& tensor, const std::string& what) const {
    if (tensor.outside.empty()) return tensor.raw.value_or(tensor.packed_floats);
    // A file of another folder is none of the model's.
    if (folder_.empty() || tensor.outside.find_first_of("/\\:") != std::string_view::npos ||
        tensor.outside == "." || tensor.outside == ".." ||
        tensor.outside.find('\0') != std::string_view::npos)
      internal::raise(Error(
          path_, what + " is in the file " + shown_text(tensor.outside) + ", expected one beside this file"));
    const std::string outside(tensor.outside);
    auto& file = outside_[outside];
    if (!file) {
      file = std::make_unique<MappedFile>(folder_ / outside);
      size_ += file->bytes().size();
    }
    const std::span<const std::byte> all = file->bytes();
    const auto number = [&](std::string_view text, std::uint64_t otherwise) {
      if (text.empty()) return otherwise;
      std::uint64_t value = 0;
      for (const char c : text) {
        if (c < '0' || c > '9' || value > all.size())
          internal::raise(Error(path_, what + " is at " + shown_text(text) + " of " + shown_text(outside) +
                                           ", which has " + std::to_string(all.size()) + " bytes"));
        value = 10 * value + static_cast<std::uint64_t>(c - '0');
      }
      return value;
    };
    const std::uint64_t offset = number(tensor.outside_offset, 0);
    const std::uint64_t length =
        number(tensor.outside_length, offset <= all.size() ? all.size() - offset : 0);
    if (offset > all.size() || length > all.size() - offset)
      internal::raise(Error(path_, what + " is at bytes " + std::to_string(offset) + " to " +
                                       std::to_string(offset + length) + " of " + shown_text(outside) +
                                       ", which has " + std::to_string(all.size())));
    return all.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
  }

  void read_metadata(ProtoReader reader) {
    std::string_view key, value;
    while (const auto field = reader.next()) {
      if (field->is(1, kBytes)) key = field->text();
      if (field->is(2, kBytes)) value = field->text();
    }
    if (metadata_.size() >= kMostOnnxParts) reader.fail("more than 10000 metadata");
    metadata_.insert_or_assign(std::string(key), std::string(value));
  }

  void read_graph(ProtoReader reader) {
    while (const auto field = reader.next()) {
      if (nodes_.size() + initializers_.size() + outputs_.size() >= kMostOnnxParts)
        reader.fail("more than 10000 nodes and arrays");
      if (field->is(1, kBytes)) nodes_.push_back(node(reader.within(field->bytes)));
      if (field->is(5, kBytes)) {
        OnnxTensor read = tensor(reader.within(field->bytes));
        if (!initializers_.emplace(read.name, read).second)
          reader.fail("two arrays are named " + shown_text(read.name));
      }
      if (field->is(12, kBytes)) {
        ProtoReader info = reader.within(field->bytes);
        while (const auto part = info.next())
          if (part->is(1, kBytes)) outputs_.push_back(part->text());
        if (outputs_.size() > 256) reader.fail("more than 256 outputs");
      }
    }
  }

  static void bound(const ProtoReader& reader, std::size_t parts) {
    constexpr std::size_t kMost = 256;
    if (parts >= kMost) reader.fail("a node with more than 256 inputs, outputs or attributes");
  }

  OnnxNode node(ProtoReader reader) const {
    OnnxNode node;
    while (const auto field = reader.next()) {
      bound(reader, node.inputs.size() + node.outputs.size() + node.attributes.size());
      if (field->is(1, kBytes)) node.inputs.push_back(field->text());
      if (field->is(2, kBytes)) node.outputs.push_back(field->text());
      if (field->is(3, kBytes)) node.name = field->text();
      if (field->is(4, kBytes)) node.op = field->text();
      if (field->is(5, kBytes)) node.attributes.push_back(attribute(reader.within(field->bytes)));
      if (field->is(7, kBytes)) node.domain = field->text();
    }
    return node;
  }

  OnnxAttribute attribute(ProtoReader reader) const {
    OnnxAttribute attribute;
    while (const auto field = reader.next()) {
      bound(reader, attribute.texts.size());
      if (field->is(1, kBytes)) attribute.name = field->text();
      if (field->is(2, ProtoField::Kind::fixed32)) attribute.number = field->number32();
      if (field->is(3, kVarint)) attribute.integer = field->integer();
      if (field->is(4, kBytes)) attribute.text = field->text();
      if (field->is(5, kBytes)) attribute.tensor = tensor(reader.within(field->bytes));
      if (field->is(6, kBytes)) attribute.has_graph = true;
      if (field->is(9, kBytes)) attribute.texts.push_back(field->text());
      read_integers(reader, *field, 8, attribute.integers);
    }
    return attribute;
  }

  // A repeated integer, packed or not. Lists longer than 256 numbers are cut: shapes and axes have a few.
  static void read_integers(const ProtoReader& reader, const ProtoField& field, std::uint32_t number,
                            std::vector<std::int64_t>& integers) {
    constexpr std::size_t kMost = 256;
    if (field.is(number, kVarint) && integers.size() < kMost) integers.push_back(field.integer());
    if (!field.is(number, kBytes)) return;
    for (ProtoReader list = reader.within(field.bytes); !list.at_end() && integers.size() < kMost;)
      integers.push_back(static_cast<std::int64_t>(list.varint()));
  }

  OnnxTensor tensor(ProtoReader reader) const {
    OnnxTensor tensor;
    while (const auto field = reader.next()) {
      read_integers(reader, *field, 1, tensor.shape);
      read_integers(reader, *field, 7, tensor.integers);
      if (field->is(2, kVarint)) tensor.type = field->integer();
      if (field->is(4, kBytes)) {
        if (!tensor.packed_floats.empty()) reader.fail("an array whose numbers are in two parts");
        tensor.packed_floats = field->bytes;
      }
      if (field->is(4, ProtoField::Kind::fixed32)) tensor.single_floats.push_back(field->number32());
      if (field->is(8, kBytes)) tensor.name = field->text();
      if (field->is(9, kBytes)) tensor.raw = field->bytes;
      if (field->is(10, kBytes)) tensor.packed_floats = field->bytes;  // double_data
      if (field->is(13, kBytes)) read_outside(reader.within(field->bytes), tensor);
    }
    return tensor;
  }

  static void read_outside(ProtoReader reader, OnnxTensor& tensor) {
    std::string_view key, value;
    while (const auto field = reader.next()) {
      if (field->is(1, kBytes)) key = field->text();
      if (field->is(2, kBytes)) value = field->text();
    }
    if (key == "location") tensor.outside = value;
    if (key == "offset") tensor.outside_offset = value;
    if (key == "length") tensor.outside_length = value;
  }

  std::string path_;
  std::filesystem::path folder_;
  std::vector<OnnxNode> nodes_ = {};
  std::map<std::string_view, OnnxTensor> initializers_ = {};
  std::vector<std::string_view> outputs_ = {};
  std::map<std::string, std::string> metadata_ = {};
  mutable std::map<std::string, std::unique_ptr<MappedFile>> outside_ = {};
  mutable std::uint64_t size_ = 0;  // bytes of all
};

}  // namespace gruve::inline v0_2::internal
