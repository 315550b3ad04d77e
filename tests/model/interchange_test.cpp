// Files of other programs: tests/golden/make_interchange.py made them with PyTorch, Keras and ONNX Runtime.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "golden/golden.hpp"
#include "gruve/model/c_header.hpp"
#include "gruve/model/export_onnx.hpp"
#include "gruve/model/import_model.hpp"
#include "gruve/model/import_onnx.hpp"
#include "gruve/model/import_safetensors.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/model_json.hpp"
#include "gruve/model/rtneural.hpp"
#include "tolerance.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

namespace fs = std::filesystem;

const fs::path kFiles = fs::path(GRUVE_TEST_DATA) / "golden" / "interchange";

// A folder that is removed at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / "gruve_interchange_test";
  Folder() {
    fs::remove_all(path);
    fs::create_directory(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path operator/(const char* name) const { return path / name; }
};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The logits after each token, by the plain step.
std::vector<double> logits_of(const GruModel<float>& network, const std::vector<double>& tokens) {
  std::vector<Eigen::VectorXf> states(network.gru.layers.size(),
                                      Eigen::VectorXf::Zero(network.config.hidden_size));
  std::vector<double> logits;
  for (const double token : tokens) {
    Eigen::VectorXf x = network.embedding.weight.matrix().row(static_cast<int>(token)).transpose();
    for (std::size_t l = 0; l < states.size(); ++l) {
      network.gru.layers[l].step(x, states[l]);
      x = states[l];
    }
    const Eigen::VectorXf y = network.output.weight.matrix() * x + network.output.bias.matrix();
    for (const float logit : y) logits.push_back(static_cast<double>(logit));
  }
  return logits;
}

// The largest difference from the logits of a golden case, relative to their range.
double difference(const GruModel<float>& network, const std::string& name) {
  const golden::Case truth = golden::load("interchange", name);
  const std::vector<double> expected = truth.values("logits"),
                            logits = logits_of(network, truth.values("tokens"));
  REQUIRE(logits.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < logits.size(); ++i)
    largest = std::max(largest, std::abs(logits[i] - expected[i]));
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  return largest / (*high - *low);
}

std::map<std::string, std::vector<float>> parameters_of(const GruModel<float>& network) {
  std::map<std::string, std::vector<float>> all;
  network.for_each_parameter([&](const std::string& name, const Parameter<float>& parameter) {
    all[name].assign(parameter.data(), parameter.data() + parameter.size());
  });
  return all;
}

TrainedModel model_of(int num_layers, ResetGate reset_gate = ResetGate::after_product) {
  TrainedModel model{.network = GruModel<float>({.vocab_size = 89,
                                                 .embedding_size = 6,
                                                 .hidden_size = 5,
                                                 .num_layers = num_layers,
                                                 .reset_gate = reset_gate}),
                     .encoder = TimestepEncoder({.steps_per_quarter = 12}),
                     .music = MusicInfo{.tempo_bpm = 93.5, .time_signature = {0, 3, 4}},
                     .training = "{}",
                     .measures = {}};
  initialize(model.network, 4);
  return model;
}

struct Array {
  std::string name;
  std::vector<int> shape;
  float value = 0.5f;
};

// A file of these arrays, each of one value.
void write_arrays(const fs::path& path, const std::vector<Array>& arrays,
                  const std::map<std::string, std::string>& metadata = {}) {
  std::vector<std::vector<float>> values;
  std::vector<NamedTensor> tensors;
  for (const Array& array : arrays) {
    std::size_t count = 1;
    for (const int size : array.shape) count *= static_cast<std::size_t>(size);
    values.emplace_back(count, array.value);
  }
  for (std::size_t i = 0; i < arrays.size(); ++i)
    tensors.push_back({.name = arrays[i].name, .view = {arrays[i].shape, values[i]}});
  write_safetensors(path, tensors, metadata);
}

const std::vector<Array> kPlain = {
    {"emb.weight", {4, 2}},  {"gru.weight_ih_l0", {9, 2}}, {"gru.weight_hh_l0", {9, 3}},
    {"gru.bias_ih_l0", {9}}, {"gru.bias_hh_l0", {9}},      {"fc.weight", {4, 3}},
    {"fc.bias", {4}}};

}  // namespace

TEST_CASE("What PyTorch, Keras, torch.onnx and RTNeural's layout hold computes the same logits here",
          "[model][interchange]") {
  const auto [file, name] = GENERATE(table<std::string, std::string>({
      {"torch.safetensors", "torch"},
      {"torch_f16.safetensors", "torch_f16"},
      {"torch_bf16.safetensors", "torch_bf16"},
      {"torch_no_bias.safetensors", "torch_no_bias"},
      {"torch_tied.safetensors", "torch_tied"},
      {"torch_script.onnx", "torch"},
      {"torch_dynamo.onnx", "torch"},  // its arrays are in a file beside it
      {"gruve.onnx", "torch"},
      {"gruve_before.onnx", "keras_before"},
      {"gruve.json", "torch"},
      {"keras_after.safetensors", "keras_after"},
      {"keras_before.safetensors", "keras_before"},
      {"keras.json", "keras_after"},
      {"keras_one_hot.json", "keras_after"},
  }));
  CAPTURE(file);
  const ImportedModel imported = import_model(kFiles / file);
  CHECK(imported.model.encoder.as<IdEncoder>().vocab_size() == 11);
  CHECK(difference(imported.model.network, name) <= tests::kInterchange);
}

TEST_CASE("Notes name what arrays were taken for, and what was left out", "[model][interchange]") {
  const auto notes = [](const char* file) { return import_model(kFiles / file).notes; };
  const std::string ids = "no encoder: tokens are ids from 0 to 10";
  CHECK(notes("torch.safetensors") ==
        std::vector<std::string>{
            R"(embedding.weight is "_orig_mod.module.encoder.weight")",
            R"(gru.weight_ih_l0 is "_orig_mod.module.rnn.weight_ih_l0")",
            R"(output.bias is "_orig_mod.module.decoder.bias")",
            R"(output.weight is "_orig_mod.module.decoder.weight")",
            R"(left out, the network computes without them: "_orig_mod.module.norm.weight")", ids});
  CHECK(notes("torch_no_bias.safetensors")[3] ==
        "zero, since the file has none: gru.bias_hh_l0, gru.bias_ih_l0, output.bias");
  CHECK(notes("torch_tied.safetensors")[3] == R"(no output layer: "encoder.weight" is embedding and output)");
  CHECK(notes("keras_one_hot.json") ==
        std::vector<std::string>{"no embedding: the rows of the first kernel are used as one", ids});
}

TEST_CASE("Exports have the bytes that ONNX Runtime and RTNeural computed the right logits with",
          "[model][interchange]") {
  const Folder folder;
  const auto exported = [](const char* file) {
    std::pair<GruModel<float>, std::map<std::string, std::string>> pair{
        import_model(kFiles / file).model.network, {}};
    pair.second = metadata_of({.network = pair.first, .encoder = IdEncoder(11)});
    return pair;
  };
  const auto [after, metadata] = exported("torch.safetensors");
  export_onnx(after, folder / "out.onnx", metadata);
  CHECK(read(folder / "out.onnx") == read(kFiles / "gruve.onnx"));
  export_rtneural(after, folder / "out.json", metadata);
  CHECK(read(folder / "out.json") == read(kFiles / "gruve.json"));
  const auto [before, before_metadata] = exported("keras_before.safetensors");
  export_onnx(before, folder / "out.onnx", before_metadata);
  CHECK(read(folder / "out.onnx") == read(kFiles / "gruve_before.onnx"));
}

TEST_CASE("A model that is exported and imported is the same to the last bit", "[model][interchange]") {
  const Folder folder;
  const int num_layers = GENERATE(1, 3);
  const auto reset_gate = GENERATE(ResetGate::after_product, ResetGate::before_product);
  const bool is_learnt = GENERATE(false, true);
  TrainedModel model = model_of(num_layers, reset_gate);
  if (is_learnt) model.network.initial_state.assign(static_cast<std::size_t>(5 * num_layers), 0.25f);
  const auto check = [&](const fs::path& path) {
    const ImportedModel imported = import_model(path);
    CHECK(imported.notes.empty());
    CHECK(parameters_of(imported.model.network) == parameters_of(model.network));
    CHECK(imported.model.network.config == model.network.config);
    CHECK(imported.model.network.initial_state == model.network.initial_state);
    CHECK(imported.model.encoder == model.encoder);
    CHECK(imported.model.music->tempo_bpm == 93.5);
    CHECK(imported.model.music->time_signature.numerator == 3);
  };
  save(model, folder / "model.safetensors");
  check(folder / "model.safetensors");
  export_onnx(model.network, folder / "model.onnx", metadata_of(model));
  check(folder / "model.onnx");
  const auto to_rtneural = [&] { export_rtneural(model.network, folder / "model.json", metadata_of(model)); };
  if (is_learnt || reset_gate == ResetGate::before_product) {
    CHECK(error_of(to_rtneural).starts_with((folder / "model.json").string() + ": the model"));
    CHECK_FALSE(fs::exists(folder / "model.json"));
  } else {
    to_rtneural();
    check(folder / "model.json");
  }
}

TEST_CASE("A model file that another program has saved again is imported, with its metadata or without",
          "[model][interchange]") {
  const Folder folder;
  TrainedModel model = model_of(2);
  const TimestepEncoder encoder({.steps_per_quarter = 12});
  model.network.config.features = AnyEncoder(encoder).features("index,relative");
  model.network = GruModel<float>(model.network.config);
  initialize(model.network, 7);
  save(model, folder / "model.safetensors");
  const TrainedModel old = load(folder / "model.safetensors");
  // Trained further elsewhere: one weight differs, the metadata are the old ones.
  std::string bytes = read(folder / "model.safetensors");
  bytes[bytes.size() - 2] = static_cast<char>(bytes[bytes.size() - 2] ^ 1);
  const fs::path stale = folder / "stale.safetensors";
  write(stale, bytes);
  const std::string reason = error_of([&] { load(stale); });
  CHECK(reason.starts_with(stale.string() + ": is damaged: its checksum is \""));
  CHECK(reason.ends_with("(if its arrays were changed on purpose: gruve import FILE --out MODEL)"));
  const ImportedModel imported = import_model(stale);
  CHECK(imported.notes.empty());
  CHECK(imported.model.network.config == old.network.config);
  CHECK(imported.model.encoder == old.encoder);
  CHECK(imported.model.training == "{}");
  CHECK_FALSE(parameters_of(imported.model.network) == parameters_of(old.network));
  save(imported.model, folder / "again.safetensors");
  CHECK(parameters_of(load(folder / "again.safetensors").network) == parameters_of(imported.model.network));

  // Saved without metadata: what the arrays do not say is as in the old model.
  std::vector<NamedTensor> tensors = internal::named_tensors(old.network);
  const fs::path bare = folder / "bare.safetensors";
  write_safetensors(bare, tensors, {});
  CHECK(error_of([&] { load(bare); }) ==
        bare.string() +
            ": the metadata lack \"gruve.encoder\": not written by gruve, or saved again without its "
            "metadata (then: gruve import FILE --out MODEL)");
  const ImportedModel like = import_model(bare, {.like = &old});
  CHECK(like.model.network.config == old.network.config);
  CHECK(like.model.encoder == old.encoder);
  CHECK(like.model.music->tempo_bpm == 93.5);
  CHECK(parameters_of(like.model.network) == parameters_of(old.network));
  // Without it the rows of the features pass for tokens, of which the embedding and the output have not as
  // many.
  CHECK(error_of([&] { import_model(bare); }) ==
        bare.string() + ": the array \"output.weight\" has the shape [" +
            std::to_string(old.network.config.output_rows()) + ", 5], expected [" +
            std::to_string(old.network.config.embedding_rows()) + ", 5]");
  CHECK(error_of([&] {
          import_model(bare, {.like = &old, .encoder = IdEncoder(300)});
        }).starts_with(bare.string() + ": the network has a vocabulary of"));
  // Others than safetensors have no rows for features.
  CHECK(error_of([&] { import_model(kFiles / "gruve.onnx", {.like = &old}); }) ==
        (kFiles / "gruve.onnx").string() +
            ": has no rows for the features \"index,relative\" of the model that it is to be like");
  CHECK(error_of([&] { export_onnx(old.network, folder / "no.onnx"); }) ==
        (folder / "no.onnx").string() +
            ": the model has the features \"index,relative\", which an ONNX graph "
            "cannot represent: its input is the last token alone (train --features \"\" gives such a model)");
  CHECK(error_of([&] { export_rtneural(old.network, folder / "no.json"); }) ==
        (folder / "no.json").string() +
            ": the model has the features \"index,relative\", which RTNeural cannot "
            "represent: its input is the last token alone (train --features \"\" gives such a model)");
}

TEST_CASE("An encoder that is given is used, if it has the network's number of tokens",
          "[model][interchange]") {
  const Folder folder;
  write_arrays(folder / "m.safetensors", kPlain);
  const ImportedModel imported = import_model(folder / "m.safetensors", {.encoder = CharEncoder("abcd")});
  CHECK(imported.model.encoder.as<CharEncoder>().vocabulary() == "abcd");
  CHECK(error_of([&] { import_model(folder / "m.safetensors", {.encoder = IdEncoder(5)}); }) ==
        (folder / "m.safetensors").string() + ": the network has a vocabulary of 4, its encoder one of 5");
}

TEST_CASE("Of several arrays that may be the embedding or the output, names and sizes decide",
          "[model][interchange]") {
  const Folder folder;
  const fs::path path = folder / "m.safetensors";
  std::vector<Array> arrays = kPlain;
  // E = H = 3: every matrix fits both.
  arrays[0] = {"transformer.wte.weight", {4, 3}, 0.1f};
  arrays[1].shape = {9, 3};
  arrays.push_back({"pos_emb.weight", {7, 3}});
  arrays.push_back({"hidden.weight", {3, 3}});
  write_arrays(path, arrays);
  const ImportedNetwork network = import_safetensors(SafetensorsFile(path));
  CHECK(network.network.embedding.weight.data()[0] == 0.1f);
  CHECK(network.network.output.weight.data()[0] == 0.5f);
  CHECK(network.notes.back() ==
        R"(left out, the network computes without them: "hidden.weight", "pos_emb.weight")");
  arrays.push_back({"other_emb.weight", {4, 3}});
  write_arrays(path, arrays);
  CHECK(error_of([&] { import_safetensors(SafetensorsFile(path)); }) ==
        path.string() +
            ": several arrays may be the embedding: \"other_emb.weight\", "
            "\"transformer.wte.weight\"; rename it to embedding.weight");
  arrays.push_back({"embedding.weight", {4, 3}, 0.2f});
  write_arrays(path, arrays);
  CHECK(import_safetensors(SafetensorsFile(path)).network.embedding.weight.data()[0] == 0.2f);
}

TEST_CASE("A GRUCell is a layer", "[model][interchange]") {
  const Folder folder;
  std::vector<Array> arrays = kPlain;
  for (Array& array : arrays)
    if (array.name.ends_with("_l0")) array.name = "cell." + array.name.substr(4, array.name.size() - 7);
  write_arrays(folder / "m.safetensors", arrays);
  const ImportedNetwork network = import_safetensors(SafetensorsFile(folder / "m.safetensors"));
  CHECK(network.network.config.num_layers == 1);
  CHECK(network.network.gru.layers[0].weight_ih.data()[0] == 0.5f);
}

TEST_CASE("What is wrong with the arrays of another program is said in a sentence", "[model][interchange]") {
  const Folder folder;
  const fs::path path = folder / "m.safetensors";
  const auto refusal = [&](const std::vector<Array>& arrays) {
    write_arrays(path, arrays);
    const std::string reason = error_of([&] { import_model(path); });
    REQUIRE(reason.starts_with(path.string() + ": "));
    return reason.substr(path.string().size() + 2);
  };
  const auto without = [](const char* name) {
    std::vector<Array> arrays = kPlain;
    std::erase_if(arrays, [&](const Array& array) { return array.name == name; });
    return arrays;
  };
  const auto with = [](std::size_t index, Array array) {
    std::vector<Array> arrays = kPlain;
    arrays[index] = std::move(array);
    return arrays;
  };
  CHECK(refusal({}) == "has no GRU: none of its arrays is named weight_ih_l0; there are no arrays");
  CHECK(refusal({{"a", {2}}, {"b.weight", {2, 3}}}) ==
        R"(has no GRU: none of its arrays is named weight_ih_l0; there are "a" [2], "b.weight" [2, 3])");
  std::vector<Array> many;
  for (int i = 10; i < 25; ++i) many.push_back({"a" + std::to_string(i), {1}});
  CHECK(refusal(many).ends_with(R"("a21" [1] and 3 more)"));
  CHECK(refusal(without("emb.weight")) ==
        R"(has no embedding: none of its other arrays has the shape [V, 2]; there are "fc.bias" [4], )"
        R"("fc.weight" [4, 3], "gru.bias_hh_l0" [9], "gru.bias_ih_l0" [9], "gru.weight_hh_l0" [9, 3], )"
        R"("gru.weight_ih_l0" [9, 2])");
  CHECK(refusal(without("fc.weight"))
            .starts_with("has no output layer: none of its other arrays has the shape [V, 3]; there are "));
  CHECK(refusal(without("gru.weight_hh_l0"))
            .starts_with(R"(the array "gru.weight_hh_l0" is missing; there are )"));
  CHECK(
      refusal(with(2, {"gru.weight_hh_l0", {12, 3}})) ==
      R"(the array "gru.weight_hh_l0" has the shape [12, 3], expected [3H, H] of a GRU: it is that of an LSTM)");
  CHECK(refusal(with(2, {"gru.weight_hh_l0", {9, 4}})) ==
        R"(the array "gru.weight_hh_l0" has the shape [9, 4], expected [3H, H] of a GRU)");
  CHECK(refusal(with(1, {"gru.weight_ih_l0", {6, 2}})) ==
        R"(the array "gru.weight_ih_l0" has the shape [6, 2], expected [9, 2])");
  CHECK(refusal(with(3, {"gru.bias_ih_l0", {3}})) ==
        R"(the array "gru.bias_ih_l0" has the shape [3], expected [9])");
  CHECK(refusal(with(5, {"fc.weight", {5, 3}})) ==
        R"(the array "fc.weight" has the shape [5, 3], expected [4, 3])");
  CHECK(refusal(with(0, {"emb.weight", {4, 2}, std::numeric_limits<float>::quiet_NaN()})) ==
        R"(the array "emb.weight" has the value nan at index 0, expected finite numbers)");
  std::vector<Array> arrays = kPlain;
  arrays.push_back({"gru.weight_ih_l2", {9, 3}});
  CHECK(refusal(arrays).starts_with(
      R"(the array "gru.weight_ih_l2" is of a layer that the others do not lead to: of 1 layers from )"
      R"("gru.weight_ih_l0"; there are )"));
  arrays.back().name = "gru.weight_ih_l0_reverse";
  CHECK(
      refusal(arrays) ==
      R"(the array "gru.weight_ih_l0_reverse" is of a GRU that reads in both directions, expected one direction)");
  arrays.back().name = "second.weight_ih_l0";
  CHECK(refusal(arrays) == R"(has 2 GRUs, expected one: "gru.bias_hh_l0", "second.weight_ih_l0")");
}

TEST_CASE("A file that is none of the known formats is refused with what to do", "[model][interchange]") {
  const Folder folder;
  const auto refusal = [&](const char* name, const std::string& bytes) {
    write(folder / name, bytes);
    const std::string reason = error_of([&] { import_model(folder / name); });
    REQUIRE(reason.starts_with((folder / name).string()));
    return reason.substr((folder / name).string().size());
  };
  CHECK(refusal("m.pt", std::string("PK\x03\x04 and so on")) ==
        ": is an archive: of a file of torch.save, write the state_dict with safetensors.torch.save_file; of "
        "a Keras "
        "model, see tools/keras_to_safetensors.py");
  CHECK(refusal("m.h5", "\x89HDF and so on") ==
        ": is an HDF5 file: of a Keras model, see tools/keras_to_safetensors.py");
  CHECK(refusal("m.bin", "any bytes") == ": is neither safetensors, nor ONNX, nor JSON of RTNeural");
  CHECK(refusal("empty", "") == ": is neither safetensors, nor ONNX, nor JSON of RTNeural");
  CHECK(refusal("m.json", "{\"a\": 1}") == ": not a file of RTNeural: it has no list of layers");
  CHECK(refusal("m.safetensors", "any bytes at all").starts_with(", byte 0: not a safetensors file"));
}

TEST_CASE("A C header holds the bytes of the model", "[model][interchange]") {
  const Folder folder;
  const TrainedModel model = model_of(1);
  save(model, folder / "model.safetensors");
  const std::string bytes = read(folder / "model.safetensors");
  write_c_header(bytes_of(bytes), folder / "2-small.h");
  const std::string text = read(folder / "2-small.h");
  const std::string name =
      "static const unsigned char model_2_small[" + std::to_string(bytes.size()) + "] = {";
  REQUIRE(text.find(name) != std::string::npos);
  std::string numbers;
  const std::string list = text.substr(text.find(name) + name.size());
  for (std::size_t at = 0; at < list.size() && list[at] != '}';) {
    if (list[at] < '0' || list[at] > '9') {
      ++at;
      continue;
    }
    numbers.push_back(static_cast<char>(std::stoi(list.substr(at, 3))));
    at = list.find(',', at);
  }
  CHECK(numbers == bytes);
  CHECK(parameters_of(load(bytes_of(numbers)).network) == parameters_of(model.network));
}
