#include "gruve/model/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/core/bits_as.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/kernels/rounding.hpp"
#include "gruve/model/model_json.hpp"
#include "gruve/model/safetensors.hpp"
#include "gruve/tokens/id_encoder.hpp"

using namespace gruve;

namespace {

namespace fs = std::filesystem;

struct TemporaryFile {
  fs::path path = fs::temp_directory_path() / "gruve_model_file_test.safetensors";
  ~TemporaryFile() { fs::remove(path); }
  std::string read() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
};

TrainedModel small_model(ResetGate reset_gate = ResetGate::after_product) {
  TrainedModel model{.network = GruModel<float>({.vocab_size = 89,
                                                 .embedding_size = 3,
                                                 .hidden_size = 5,
                                                 .num_layers = 2,
                                                 .reset_gate = reset_gate}),
                     .encoder = TimestepEncoder({.steps_per_quarter = 12}),
                     .music = MusicInfo{93.5, {0, 3, 4}, {60, 93.5}, 1.25, {{0, 3, 4}, {0, 4, 4}}},
                     .training = R"({"settings":{"seed":1}})"};
  initialize(model.network, 4);
  return model;
}

// A file of this header and so many zero bytes of data.
std::string file_of(const std::string& header, std::size_t data_size) {
  const std::uint64_t size = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + header + std::string(data_size, '\0');
}

// A file's bytes without its checksum, so that a change of them is found for its own sake.
std::string unchecked(std::string bytes) {
  return bytes.replace(bytes.find("gruve.checksum"), 14, "other.checksum");
}

std::string refusal(const TemporaryFile& file) {
  try {
    load(file.path);
  } catch (const Error& error) {
    CHECK(error.file() == file.path.string());
    return error.what() + file.path.string().size();  // without the path
  }
  return "accepted";
}

std::string refusal_of_saving(const TrainedModel& model, const TemporaryFile& file) {
  try {
    save(model, file.path);
  } catch (const Error& error) {
    CHECK(error.file() == file.path.string());
    return error.what() + file.path.string().size();  // without the path
  }
  return "accepted";
}

}  // namespace

TEST_CASE("A model that is saved and loaded is the same, and saved again has the same bytes",
          "[model][file]") {
  const TemporaryFile file;
  const TrainedModel model = small_model(GENERATE(ResetGate::after_product, ResetGate::before_product));
  save(model, file.path);
  const std::string bytes = file.read();
  const TrainedModel loaded = load(file.path);
  CHECK(loaded.network.config == model.network.config);
  CHECK(loaded.encoder == model.encoder);
  CHECK(loaded.music == MusicInfo{93.5, {0, 3, 4}, {60, 93.5}, 1.25, {{0, 3, 4}, {0, 4, 4}}});
  CHECK(loaded.training == model.training);
  save(loaded, file.path);
  CHECK(file.read() == bytes);
}

TEST_CASE("A model file of another writer is read", "[model][file]") {
  const TemporaryFile file;
  const TrainedModel model = small_model();
  save(model, file.path);
  const std::string plain = unchecked(file.read());
  std::uint64_t size = 0;
  std::memcpy(&size, plain.data(), 8);
  const std::string header = plain.substr(8, size), data = plain.substr(8 + size);
  const auto write = [&](const std::string& other_header, const std::string& other_data) {
    file.write(file_of(other_header, 0) + other_data);
  };
  const auto check_same = [&] {
    const TrainedModel loaded = load(file.path);
    loaded.network.for_each_parameter([&](const std::string& name, const Parameter<float>& found) {
      model.network.for_each_parameter([&](const std::string& other, const Parameter<float>& expected) {
        if (name == other) CHECK(std::equal(found.data(), found.data() + found.size(), expected.data()));
      });
    });
  };
  // The header padded to any length, so that the arrays are at any byte.
  for (int pad = 0; pad < 5; ++pad) {
    write(header + std::string(static_cast<std::size_t>(pad), ' '), data);
    check_same();
  }
  // With an array that gruve doesn't know, of a type that it doesn't read.
  const std::string end = std::to_string(data.size()) + ',' + std::to_string(data.size() + 16);
  std::string more = header;
  more.replace(more.rfind('}'), 1, R"(,"more":{"dtype":"F64","shape":[2],"data_offsets":[)" + end + "]}}");
  write(more, data + std::string(16, '\x7f'));
  check_same();

  // In half precision: 1, the smallest number, the smallest normal, the greatest, −0.
  const std::uint16_t halves[] = {0x3C00, 0x0001, 0x0400, 0x7BFF, 0x8000};
  std::string bytes(10, ' ');
  std::memcpy(bytes.data(), halves, 10);
  write(R"({"a":{"dtype":"F16","shape":[5],"data_offsets":[0,10]}})", bytes);
  const SafetensorsFile read(file.path);
  const std::span<const float> values = read.tensor("a", {5});
  CHECK(std::vector<float>(values.begin(), values.end()) ==
        std::vector<float>{1, 0x1p-24f, 0x1p-14f, 65504, 0});
  CHECK(std::signbit(values[4]));
}

TEST_CASE("Weights that are no numbers are refused with their place", "[model][file]") {
  const TemporaryFile file;
  for (const float wrong :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    TrainedModel model = small_model();
    model.network.output.bias.data()[7] = wrong;
    write_safetensors(file.path, internal::named_tensors(model.network), metadata_of(model));
    const std::string message = refusal(file);
    CHECK(message.starts_with(R"(: the array "output.bias" has the value )"));
    CHECK(message.ends_with(" at index 7, expected finite numbers"));
    CHECK(refusal_of_saving(model, file) == message);
  }
}

TEST_CASE("A model that could not be loaded is not saved, and what was there stays", "[model][file]") {
  const TemporaryFile file;
  save(small_model(), file.path);
  const std::string before = file.read();
  const auto refusal_with = [&](auto&& change) {
    TrainedModel model = small_model();
    change(model);
    return refusal_of_saving(model, file);
  };
  const ModelConfig small = small_model().network.config;
  CHECK(refusal_with([](TrainedModel& model) { model.encoder = IdEncoder(90); }) ==
        ": the network has a vocabulary of 89, its encoder one of 90");
  CHECK(refusal_with([&](TrainedModel& model) {
          model.encoder = IdEncoder(89);
          model.network.config.features = {.description = "held", .shape = {}};
        }) == ": features \"held\" are requested, but this encoder has none");
  CHECK(refusal_with([](TrainedModel& model) { model.network.config.hidden_size = 7; }) ==
        R"(: the array "gru.weight_ih_l0" has the shape [15, 3], expected [21, 3])");
  CHECK(refusal_with([](TrainedModel& model) { model.network.config.num_layers = 3; }) ==
        R"(: the array "gru.weight_ih_l2" is missing)");
  CHECK(refusal_with([](TrainedModel& model) { model.network.config.num_layers = 0; }) ==
        ": the configuration's num_layers is not a number from 1 to 1024");
  CHECK(refusal_with([&](TrainedModel& model) {  // rows for features that the encoder does not know of
          ModelConfig config = small;
          config.features.shape = {.inputs = 2, .outputs = 0};
          model.network = GruModel<float>(config);
        }) == R"(: the array "embedding.weight" has the shape [91, 3], expected [89, 3])");
  CHECK(refusal_with([](TrainedModel& model) { model.network.initial_state.assign(9, 0.5f); }) ==
        ": the initial state has 9 numbers, expected [2, 5] or none");
  CHECK(refusal_with([](TrainedModel& model) { model.music->tempo_bpm = 0; }) ==
        ": tempo_bpm is not a number from 4 to 60000000");
  CHECK(refusal_with([](TrainedModel& model) {
          model.music->tempos = {120, -1};
        }) == ": tempos is not a list of up to 64 numbers from 4 to 60000000");
  CHECK(file.read() == before);
}

TEST_CASE("What could not be read again is not written, and what was there stays", "[model][file]") {
  const TemporaryFile file;
  TrainedModel model = small_model();
  save(model, file.path);
  const std::string before = file.read();
  model.training = R"({"note":")" + std::string(std::size_t{1} << 22, 'x') + R"("})";
  std::string message;
  try {
    save(model, file.path);
  } catch (const Error& error) {
    message = error.reason();
  }
  CHECK(message.starts_with("would have a header of "));
  CHECK(file.read() == before);
}

TEST_CASE("A size above 2^31 is refused, however large the file", "[model][file]") {
  const TemporaryFile file;
  const std::uint64_t count = (std::uint64_t{1} << 32) + 3;
  const std::string header = R"({"a":{"dtype":"F32","shape":[)" + std::to_string(count) +
                             R"(],"data_offsets":[0,)" + std::to_string(4 * count) + "]}}";
  file.write(file_of(header, 0));
  std::error_code error;
  fs::resize_file(file.path, 8 + header.size() + 4 * count, error);  // mostly a hole
  if (error) {
    WARN("skipped: this folder holds no sparse file of 16 GiB");
    return;
  }
  CHECK(refusal(file) == R"(, byte 8: array "a" has a shape larger than the file)");
}

TEST_CASE("A model with an initial state keeps it", "[model][file]") {
  const TemporaryFile file;
  TrainedModel model = small_model();
  const auto saved_with = [&](float last) {
    model.network.initial_state = {0, 0.5f, -0.25f, 1, -1, 0, 0, 0.125f, 0, last};
    save(model, file.path);
  };
  saved_with(1);
  CHECK(load(file.path).network.initial_state == model.network.initial_state);
  CHECK(SafetensorsFile(file.path).tensors().size() == 1 + 2 * 4 + 2 + 1);
  for (const float bad : {1.001f, -2.0f, std::numeric_limits<float>::quiet_NaN()}) {
    model.network.initial_state.back() = bad;
    CHECK(refusal_of_saving(model, file) == ": the initial state has numbers that are not from -1 to 1");
    std::vector<NamedTensor> tensors = internal::named_tensors(model.network);
    tensors.push_back({.name = "initial_state", .view = {{2, 5}, model.network.initial_state}});
    write_safetensors(file.path, tensors, metadata_of(model));
    CHECK(refusal(file).find("initial") != std::string::npos);
  }
  saved_with(1);
  std::string bytes = unchecked(file.read());
  const std::string shape = "[2,5]";
  REQUIRE(bytes.find(shape) != std::string::npos);
  file.write(bytes.replace(bytes.find(shape), shape.size(), "[5,2]"));
  CHECK(refusal(file).find("\"initial_state\" has the shape") != std::string::npos);
}

TEST_CASE("A model with features keeps them", "[model][file]") {
  const TemporaryFile file;
  TrainedModel model = small_model();
  ModelConfig config = model.network.config;
  config.features = model.encoder.features("bar=12,relative");
  model.network = GruModel<float>(config);
  initialize(model.network, 4);
  save(model, file.path);
  CHECK(load(file.path).network.config == config);
  const SafetensorsFile tensors(file.path);
  CHECK(tensors.tensors().at("embedding.weight").shape == std::vector<int>{89 + 12, 3});
  CHECK(tensors.tensors().at("output.weight").shape ==
        std::vector<int>{89 + config.features.shape.outputs, 5});

  const std::string bytes = unchecked(file.read());
  const auto changed = [&](const std::string& from, const std::string& to) {
    const std::size_t at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    file.write(std::string(bytes).replace(at, from.size(), to));
    return refusal(file);
  };
  CHECK(changed("relative", "relation").find("the timestep format has no feature \"relation\"") !=
        std::string::npos);
  CHECK(changed("bar=12", "bar=00").find("timesteps, expected a number") != std::string::npos);
  CHECK(changed("timestep", "tomestep").find("type") != std::string::npos);
}

TEST_CASE("A model file has PyTorch's names and shapes", "[model][file]") {
  const TemporaryFile file;
  save(small_model(), file.path);
  const SafetensorsFile tensors(file.path);
  CHECK(tensors.tensors().size() == 1 + 2 * 4 + 2);
  CHECK(tensors.tensors().at("embedding.weight").shape == std::vector<int>{89, 3});
  CHECK(tensors.tensors().at("gru.weight_ih_l0").shape == std::vector<int>{15, 3});
  CHECK(tensors.tensors().at("gru.weight_ih_l1").shape == std::vector<int>{15, 5});
  CHECK(tensors.tensors().at("gru.weight_hh_l1").shape == std::vector<int>{15, 5});
  CHECK(tensors.tensors().at("gru.bias_hh_l0").shape == std::vector<int>{15});
  CHECK(tensors.tensors().at("output.weight").shape == std::vector<int>{89, 5});
  CHECK(tensors.tensors().at("output.bias").shape == std::vector<int>{89});
}

TEST_CASE("Every truncation of a model file is refused", "[model][file]") {
  const TemporaryFile file;
  save(small_model(), file.path);
  const std::string bytes = file.read();
  for (std::size_t size = 0; size < bytes.size(); size += size < 1500 ? 1 : 101) {
    file.write(bytes.substr(0, size));
    CAPTURE(size);
    CHECK(refusal(file) != "accepted");
  }
}

// The checksum finds it, but where its own name is changed: then the rest is as it was.
TEST_CASE("Every flipped bit of a model file is refused, or changes nothing", "[model][file]") {
  const TemporaryFile file;
  save(small_model(), file.path);
  const std::string bytes = file.read();
  const std::size_t name = bytes.find("gruve.checksum");
  std::string changed = bytes;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      changed[at] = static_cast<char>(bytes[at] ^ 1 << bit);
      CAPTURE(at, bit);
      const auto load_changed = [&] { return load(std::as_bytes(std::span(changed)), "changed"); };
      if (at < name || at >= name + 14) {
        REQUIRE_THROWS_AS(load_changed(), Error);
      } else {
        try {
          save(load_changed(), file.path);
          REQUIRE(file.read() == bytes);
        } catch (const Error&) {
          // A name that is no text in UTF-8.
        }
      }
      changed[at] = bytes[at];
    }
}

// By anyone, with another order of arrays and metadata.
TEST_CASE("The checksum is of what a file holds, not of how it is written", "[model][file]") {
  const TemporaryFile file;
  const TrainedModel model = small_model();
  save(model, file.path);
  std::vector<NamedTensor> reversed;
  {
    const SafetensorsFile read(file.path);
    const std::map<std::string, std::string> metadata = read.metadata();
    std::string data;
    nlohmann::ordered_json header;
    for (auto tensor = read.tensors().rbegin(); tensor != read.tensors().rend(); ++tensor) {
      const auto values = std::as_bytes(tensor->second.values);
      header[tensor->first] = {{"dtype", "F32"},
                               {"shape", tensor->second.shape},
                               {"data_offsets", {data.size(), data.size() + values.size()}}};
      data.append(reinterpret_cast<const char*>(values.data()), values.size());
    }
    for (auto entry = metadata.rbegin(); entry != metadata.rend(); ++entry)
      header["__metadata__"][entry->first] = entry->second;
    file.write(file_of(header.dump(1), 0) + data);
  }
  CHECK(load(file.path).training == model.training);
  std::string bytes = file.read();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  file.write(bytes);
  CHECK(refusal(file).starts_with(": is damaged: its checksum is "));
  file.write(unchecked(bytes));
  CHECK(load(file.path).training == model.training);
}

TEST_CASE("What is wrong with a model file is said in a sentence", "[model][file]") {
  const TemporaryFile file;
  file.write("MThd");
  CHECK(refusal(file) == ", byte 0: not a safetensors file: 4 bytes, expected at least 8");
  file.write("MThd and something else that is not one");
  CHECK(refusal(file).starts_with(", byte 0: not a safetensors file, or cut short: a header of "));
  file.write(file_of("{ no JSON}  ", 0));
  CHECK(refusal(file).starts_with(", byte 8: the header is not JSON at line 1, column "));
  file.write(file_of(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}      )", 8));
  CHECK(refusal(file).starts_with(R"(: the metadata lack "gruve.encoder")"));  // another array is left out
  file.write(file_of("{\"a\x1b[31m\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,8]}}      ", 8));
  CHECK(refusal(file).starts_with(", byte 8: the header is not JSON"));
  file.write(file_of(R"({"a\u001b[31m":{"dtype":"F99","shape":[1],"data_offsets":[0,8]}} )", 8));
  CHECK(refusal(file) == R"(, byte 8: array "a\x1b[31m" is of type "F99", which the format does not have)");
  file.write(file_of(R"(  {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}      )", 8));
  CHECK(refusal(file) == ", byte 8: not a safetensors file: the header is not a JSON object");
  file.write(file_of("\xEF\xBB\xBF{}     ", 0));
  CHECK(refusal(file) == ", byte 8: not a safetensors file: the header is not a JSON object");
  file.write(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"shape":[2]}} )", 8));
  CHECK(refusal(file) == R"(, byte 8: the header has the key "shape" twice)");
  const std::string two =
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":)";
  file.write(file_of(two + "[4,12]}}", 12));
  CHECK(
      refusal(file) ==
      R"(, byte 8: array "b" begins at byte 4 of the data, expected 8: arrays follow one another without gaps and overlaps)");
  file.write(file_of(two + "[12,20]}}", 20));
  CHECK(
      refusal(file) ==
      R"(, byte 8: array "b" begins at byte 12 of the data, expected 8: arrays follow one another without gaps and overlaps)");
  file.write(file_of("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}", 0));
  CHECK(refusal(file) == ", byte 8: the header is nested deeper than 64 levels");
  file.write(file_of("{" + std::string((std::size_t{1} << 22) + 8, ' ') + "}", 0));
  CHECK(refusal(file) == ", byte 0: a header of 4194314 bytes, expected at most 4194304");
  file.write(file_of(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}      )", 8));
  CHECK(refusal(file) == R"(, byte 8: array "a" takes 8 bytes, its shape [3] needs 12)");
  file.write(file_of(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}  )", 8));
  CHECK(refusal(file) == R"(, byte 8: array "a" has a shape larger than the file)");
  file.write(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}      )", 12));
  CHECK(refusal(file) == ", byte 68: the arrays take 8 bytes, the file has 12");
  file.write(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}      )", 8));
  CHECK(
      refusal(file) ==
      R"(: the metadata lack "gruve.encoder": not written by gruve, or saved again without its metadata (then: gruve import FILE --out MODEL))");

  // A header that claims a network of terabytes over a few bytes: refused before anything is allocated.
  save(small_model(), file.path);
  std::string bytes = file.read();
  const std::string before = R"(\"hidden_size\":5)", after = R"(\"hidden_size\":9)";
  bytes.replace(bytes.find(before), before.size(), after);
  file.write(unchecked(bytes));
  CHECK(refusal(file) == R"(: the array "gru.weight_ih_l0" has the shape [15, 3], expected [27, 3])");
}

TEST_CASE("A model file of fewer bits is smaller, and holds what the kernels of that precision compute with",
          "[model][file]") {
  const TemporaryFile file;
  TrainedModel model = small_model();
  model.network =
      GruModel<float>({.vocab_size = 89, .embedding_size = 32, .hidden_size = 64, .num_layers = 2});
  initialize(model.network, 3);
  model.network.initial_state.assign(128, 0.3f);
  model.network.initial_state[5] = 1;
  save(model, file.path);
  const std::size_t size = file.read().size();

  save(model, file.path, kernels::Precision::bf16);
  CHECK(100 * file.read().size() < 55 * size);
  TrainedModel loaded = load(file.path);
  CHECK(loaded.network.initial_state == model.network.initial_state);
  const auto each_weight = [&](auto&& visit) {
    std::vector<const Parameter<float>*> from;
    model.network.for_each_parameter(
        [&](const std::string&, const Parameter<float>& p) { from.push_back(&p); });
    std::size_t at = 0;
    loaded.network.for_each_parameter([&](const std::string&, Parameter<float>& p) {
      const Parameter<float>& original = *from[at++];
      const bool is_matrix = p.shape().size() == 2;
      const auto width = static_cast<std::size_t>(p.shape().back());
      for (std::size_t i = 0; i < p.size(); ++i)
        visit(original, i, is_matrix ? i / width * width : 0, is_matrix, width, p.data()[i]);
    });
  };
  std::size_t different = 0;
  each_weight([&](const Parameter<float>& from, std::size_t i, std::size_t, bool is_matrix, std::size_t,
                  float value) {
    const float expected =
        is_matrix ? kernels::from_bfloat16(kernels::to_bfloat16(from.data()[i])) : from.data()[i];
    different += value == expected ? 0 : 1;
  });
  CHECK(different == 0);
  const std::string halves = file.read();
  save(loaded, file.path, kernels::Precision::bf16);
  CHECK(file.read() == halves);  // rounding again changes nothing

  save(model, file.path, kernels::Precision::int8);
  CHECK(100 * file.read().size() < 33 * size);
  loaded = load(file.path);
  CHECK(loaded.network.initial_state == model.network.initial_state);
  each_weight([&](const Parameter<float>& from, std::size_t i, std::size_t row, bool is_matrix,
                  std::size_t width, float value) {
    float expected = from.data()[i];
    if (is_matrix) {
      const float scale = kernels::int8_scale(static_cast<int>(width), from.data() + row, 1);
      expected = static_cast<float>(kernels::to_int8(expected, scale)) * scale;
    }
    different += value == expected ? 0 : 1;
  });
  CHECK(different == 0);
  CHECK(SafetensorsFile(file.path).tensors().at("output.weight.scale").shape == std::vector<int>{89});

  const std::string bytes = unchecked(file.read());
  const auto changed = [&](const std::string& from, const std::string& to) {
    const std::size_t at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    file.write(std::string(bytes).replace(at, from.size(), to));
    return refusal(file);
  };
  CHECK(changed("output.weight.scale", "output.weight.scald").find("lacks its scales") != std::string::npos);
  CHECK(changed("\"I8\"", "\"U8\"").find("expected \"F32\", \"F16\", \"BF16\" or \"I8\"") !=
        std::string::npos);
  for (std::size_t cut = 0; cut < bytes.size(); cut += 997) {
    file.write(bytes.substr(0, cut));
    CHECK(refusal(file) != "accepted");
  }
}

TEST_CASE("A weight that is too large for fewer bits is refused when it is saved, and nothing is replaced",
          "[model][file]") {
  const TemporaryFile file;
  TrainedModel model = small_model();
  save(model, file.path);
  const std::string before = file.read();
  float& weight = model.network.output.weight.data()[3];
  for (const float sign : {1.0f, -1.0f}) {
    weight = sign * std::numeric_limits<float>::max();
    CHECK(tests::error_of([&] { save(model, file.path, kernels::Precision::bf16); }) ==
          file.path.string() +
              ": would have an infinite number at index 3 of the array \"output.weight\": this one is too "
              "large "
              "for bfloat16");
    CHECK(file.read() == before);
  }
  weight = kernels::from_bfloat16(0x7F7F);  // the largest
  save(model, file.path, kernels::Precision::bf16);
  CHECK(load(file.path).network.output.weight.data()[3] == weight);
  // In 8 bits the largest of a row is 127 times a scale, rounded twice: of each float as large as these it is
  // refused, or finite again.
  for (std::uint32_t bits = 0x7F7FFFFF; bits > 0x7F7FFF00; --bits) {
    weight = bits_as<float>(bits);
    const std::string error = tests::error_of([&] { save(model, file.path, kernels::Precision::int8); });
    if (error == "no error") load(file.path);
  }
}
