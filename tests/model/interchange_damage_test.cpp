// ONNX and RTNeural files that are damaged or ask for what is not represented.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "gruve/model/export_onnx.hpp"
#include "gruve/model/import_onnx.hpp"
#include "gruve/model/protobuf.hpp"
#include "gruve/model/rtneural.hpp"
#include "json_damage.hpp"

using namespace gruve;
using gruve::internal::ProtoWriter;
using gruve::tests::error_of;

namespace {

namespace fs = std::filesystem;

std::string golden_bytes(const char* name) {
  std::ifstream file(fs::path(GRUVE_TEST_DATA) / "golden" / "interchange" / name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string refusal_of_onnx(const std::string& bytes) {
  const std::string reason =
      error_of([&] { import_onnx(std::as_bytes(std::span(bytes.data(), bytes.size())), "m"); });
  return reason.starts_with("m: ") ? reason.substr(3) : reason;
}

std::string refusal_of_json(const std::string& text) {
  const std::string reason = error_of([&] { import_rtneural(std::string_view(text), "m"); });
  return reason.starts_with("m: ") ? reason.substr(3) : reason;
}

// One change of a graph of one layer, V = 2, E = 3, H = 4.
struct Graph {
  struct Node {
    std::string op;
    std::vector<std::string> inputs, outputs;
    std::map<std::string, std::int64_t> integers = {};
    std::map<std::string, std::string> texts = {};
  };
  std::map<std::string, std::vector<std::int64_t>> arrays = {
      {"E", {2, 3}}, {"W", {1, 12, 3}}, {"R", {1, 12, 4}}, {"B", {1, 24}}, {"O", {4, 2}}, {"b", {2}}};
  std::vector<Node> nodes = {{"Gather", {"E", "tokens"}, {"x"}},
                             {"GRU", {"x", "W", "R", "B", "", "h"}, {"y", "h_out"}, {{"hidden_size", 4}}},
                             {"Squeeze", {"y"}, {"s"}},
                             {"MatMul", {"s", "O"}, {"p"}},
                             {"Add", {"b", "p"}, {"logits"}}};
  std::vector<std::string> outputs = {"logits", "h_out"};
  std::map<std::string, ProtoWriter> extra = {};  // further fields of an array

  std::string bytes() const {
    ProtoWriter graph, model;
    for (const Node& node : nodes) {
      ProtoWriter out;
      for (const std::string& input : node.inputs) out.text(1, input);
      for (const std::string& output : node.outputs) out.text(2, output);
      out.text(3, "n_" + node.outputs.front());
      out.text(4, node.op);
      for (const auto& [name, value] : node.integers) {
        ProtoWriter attribute;
        attribute.text(1, name);
        attribute.integer(3, value);
        out.message(5, attribute);
      }
      for (const auto& [name, value] : node.texts) {
        ProtoWriter attribute;
        attribute.text(1, name);
        attribute.text(4, value);
        attribute.text(9, value);
        out.message(5, attribute);
      }
      graph.message(1, out);
    }
    for (const auto& [name, shape] : arrays) {
      ProtoWriter tensor;
      std::size_t count = 1;
      for (const std::int64_t size : shape) {
        tensor.integer(1, size);
        count *= static_cast<std::size_t>(size);
      }
      tensor.integer(2, 1);
      tensor.text(8, name);
      if (const auto found = extra.find(name); found != extra.end())
        graph.text(5, tensor.bytes() + found->second.bytes());
      else {
        tensor.floats(9, std::vector<float>(count, 0.5f));
        graph.message(5, tensor);
      }
    }
    for (const std::string& output : outputs) {
      ProtoWriter info;
      info.text(1, output);
      graph.message(12, info);
    }
    model.integer(1, 8);
    model.message(7, graph);
    return model.bytes();
  }
};

std::string refusal_after(const std::function<void(Graph&)>& change) {
  Graph graph;
  change(graph);
  return refusal_of_onnx(graph.bytes());
}

}  // namespace

TEST_CASE("An ONNX graph of one embedding, GRU and product is accepted", "[model][interchange]") {
  CHECK(refusal_of_onnx(Graph().bytes()) == "no error");
  CHECK(refusal_after([](Graph& g) { g.nodes[1].inputs[3] = ""; }) == "no error");  // no biases
  CHECK(refusal_after([](Graph& g) {
          g.nodes[3] = {"Gemm", {"s", "O", "b"}, {"logits"}, {{"transB", 1}}};
          g.nodes.pop_back();
          g.arrays["O"] = {2, 4};
        }) == "no error");
}

TEST_CASE("An array that an ONNX graph makes of others is computed", "[model][interchange]") {
  // R of the three gates apart, a layer of its own dimension, and the output transposed.
  CHECK(refusal_after([](Graph& g) {
          g.arrays["R"] = {12, 4};
          g.arrays["O"] = {2, 4};
          const auto number = [&](std::int64_t value) {
            const std::string name = "i" + std::to_string(value);
            ProtoWriter integers;
            integers.integer(2, 7);  // int64
            integers.integer(7, value);
            g.arrays[name] = {1};
            g.extra[name] = integers;
            return name;
          };
          const std::string zero = number(0), four = number(4), eight = number(8), twelve = number(12);
          g.nodes.insert(g.nodes.begin(), {{"Slice", {"R", four, eight, zero}, {"first"}},
                                           {"Slice", {"R", zero, four, zero}, {"second"}},
                                           {"Slice", {"R", eight, twelve, zero}, {"third"}},
                                           {"Concat", {"first", "second", "third"}, {"rows"}, {{"axis", 0}}},
                                           {"Unsqueeze", {"rows", zero}, {"R3"}},
                                           {"Transpose", {"O"}, {"Ot"}}});
          g.nodes[7].inputs[2] = "R3";
          g.nodes[9].inputs[1] = "Ot";
        }) == "no error");
}

TEST_CASE("What an ONNX graph has that is not represented is named", "[model][interchange]") {
  using Edit = Graph&;
  CHECK(refusal_after([](Edit g) { g.nodes.clear(); }) == "the graph has no nodes");
  CHECK(refusal_after([](Edit g) { g.nodes.pop_back(), g.nodes.pop_back(); }) ==
        "no output of the graph is a product with a matrix (MatMul or Gemm), as logits are");
  CHECK(refusal_after([](Edit g) { g.nodes[2].op = "Relu"; }) ==
        "the node \"Relu\" (\"n_s\") is before the output layer, where only an embedding or a GRU layer is "
        "represented");
  CHECK(refusal_after([](Edit g) { g.nodes[1].texts["direction"] = "bidirectional"; }) ==
        "the node \"GRU\" (\"n_y\") has the direction \"bidirectional\", expected forward");
  CHECK(refusal_after([](Edit g) { g.nodes[1].texts["activations"] = "Relu"; }) ==
        "the node \"GRU\" (\"n_y\") has other activations than Sigmoid and Tanh");
  CHECK(refusal_after([](Edit g) { g.nodes[1].integers["clip"] = 1; }) ==
        "the node \"GRU\" (\"n_y\") has the attribute clip, which is not represented");
  CHECK(refusal_after([](Edit g) { g.nodes[1].inputs[5] = "b"; }) ==
        "the node \"GRU\" (\"n_y\") begins in the state \"b\", which is not zero; expected an input of the "
        "graph");
  CHECK(refusal_after([](Edit g) { g.nodes[0].op = "LSTM"; }) ==
        "the node \"LSTM\" (\"n_x\") is before the layer \"GRU\" (\"n_y\"), where only an embedding or a GRU "
        "layer "
        "is represented");
  CHECK(
      refusal_after([](Edit g) { g.nodes[1].inputs[0] = "tokens"; }) ==
      "the input of the layer \"GRU\" (\"n_y\") comes from the graph's inputs, expected from an embedding of "
      "tokens");
  CHECK(refusal_after([](Edit g) { g.nodes[3].inputs[0] = "x"; }) ==
        "no GRU layer is between the embedding and the output layer");
  CHECK(
      refusal_after([](Edit g) { g.nodes[1].inputs[1] = "W2"; }) ==
      "the input weight of \"GRU\" (\"n_y\"), \"W2\", is not an array of the graph; there are \"B\" [1, 24], "
      "\"E\" [2, 3], \"O\" [4, 2], \"R\" [1, 12, 4], \"W\" [1, 12, 3], \"b\" [2]");
  CHECK(refusal_after([](Edit g) {
          g.arrays["W"] = {1, 16, 3};
        }) == "the input weight of \"GRU\" (\"n_y\"), \"W\", has the shape [1, 16, 3], expected [1, 12, 3]");
  CHECK(refusal_after([](Edit g) {
          g.arrays["O"] = {2, 4};
        }) == "the output layer's weight, \"O\", has the shape [2, 4], expected [4, 2]");
  CHECK(refusal_after([](Edit g) { g.arrays["b"] = {3}; }) == "the array \"b\" has 3 numbers, expected [2]");
  CHECK(refusal_after([](Edit g) {
          g.arrays["E"] = {70'000, 3};
        }) == "has a vocabulary of 70000, expected 1 to 65535");
  CHECK(refusal_after([](Edit g) { g.nodes[1].integers["hidden_size"] = 1LL << 40; }) ==
        "has a state of 1099511627776, expected 1 to 1048576");
}

TEST_CASE("A small ONNX file cannot ask for much memory, nor for other files", "[model][interchange]") {
  using Edit = Graph&;
  const auto raw = [](Edit g, std::vector<std::int64_t> shape) {
    ProtoWriter numbers;
    numbers.floats(9, std::vector<float>(6));
    g.arrays["E"] = std::move(shape);
    g.extra["E"] = numbers;
  };
  CHECK(refusal_after([&](Edit g) {
          raw(g, {60'000, 1'000'000});
        }) == "the array \"E\" has 6 numbers, its shape [60000, 1000000] has others");
  CHECK(refusal_after([&](Edit g) {
          raw(g, {1LL << 62, 4});
        }) == "the array \"E\" has 6 numbers, its shape [4611686018427387904, 4] has others");
  CHECK(refusal_after([&](Edit g) {
          raw(g, {-1, -6});
        }) == "the array \"E\" has 6 numbers, its shape [-1, -6] has others");
  CHECK(refusal_after([](Edit g) {  // 500 layers of one array
          g.arrays = {{"E", {2, 64}}, {"W", {1, 192, 64}}, {"O", {64, 2}}, {"b", {2}}};
          const Graph::Node layer = g.nodes[1];
          for (int l = 0; l < 500; ++l) {
            const std::string x = l == 0 ? "x" : "y" + std::to_string(l - 1);
            g.nodes.insert(g.nodes.begin() + 1 + l, layer);
            g.nodes[static_cast<std::size_t>(1 + l)] = {
                "GRU", {x, "W", "W"}, {"y" + std::to_string(l)}, {{"hidden_size", 64}}};
          }
          g.nodes[501] = {"Squeeze", {"y499"}, {"y"}};
        }) == "the graph uses its arrays so often that the network would be larger than the file");
  CHECK(refusal_after([](Edit g) {  // a node that uses its own output
          g.nodes[2].inputs[0] = "s";
        }) == "the node \"Squeeze\" (\"n_s\") uses an output of a later one, \"Squeeze\" (\"n_s\")");
  CHECK(refusal_after([](Edit g) { g.nodes[2].outputs[0] = "y"; }) == "two nodes have the output \"y\"");
  CHECK(refusal_after([](Edit g) {
          g.nodes.resize(10'001, {"Relu", {"a"}, {""}});
        }).ends_with("not an ONNX file, or damaged: more than 10000 nodes and arrays"));
  const fs::path folder = fs::temp_directory_path() / "gruve_onnx_outside_test";
  fs::create_directory(folder);
  for (const char* const outside : {"../secret", "/etc/passwd", "..", "a\\b"}) {
    ProtoWriter entry, tensor;
    entry.text(1, "location");
    entry.text(2, outside);
    tensor.message(13, entry);
    Graph graph;
    graph.extra["E"] = tensor;
    const std::string reason =
        ": the array \"E\" is in the file \"" + std::string(outside) + "\", expected one beside this file";
    std::ofstream(folder / "m.onnx", std::ios::binary) << graph.bytes();
    CHECK(error_of([&] { import_onnx(folder / "m.onnx"); }) == (folder / "m.onnx").string() + reason);
    CHECK("m" + reason == "m: " + refusal_of_onnx(graph.bytes()));
  }
  fs::remove_all(folder);
}

TEST_CASE("Every truncation of an ONNX file is refused, and no changed byte does more than that",
          "[model][interchange]") {
  const std::string bytes = golden_bytes("gruve.onnx");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    // Only the metadata, which come last, can be absent.
    const std::string reason = refusal_of_onnx(bytes.substr(0, size));
    CHECK((reason != "no error" || size > bytes.size() - 300));
  }
  int num_refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    num_refused += refusal_of_onnx(changed) != "no error";
  }
  CHECK(num_refused > 200);
  CHECK(refusal_of_onnx("") == "not an ONNX file: it has no graph");
  CHECK(refusal_of_onnx("\x3A\x05") ==
        "m, byte 2: not an ONNX file, or damaged: 5 bytes run past the end (0 bytes remain)");
  CHECK(refusal_of_onnx("\x0B") ==
        "m, byte 1: not an ONNX file, or damaged: a field of the kind 3, which ONNX does not have");
  CHECK(refusal_of_onnx(std::string(11, '\xFF')) ==
        "m, byte 10: not an ONNX file, or damaged: a number of more than 64 bits");
}

TEST_CASE("Arrays in a file beside an ONNX file must be within it", "[model][interchange]") {
  const fs::path folder = fs::temp_directory_path() / "gruve_onnx_test";
  fs::create_directory(folder);
  const auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  };
  const fs::path path = folder / "torch_dynamo.onnx";
  const std::string data = golden_bytes("torch_dynamo.onnx.data");
  write("torch_dynamo.onnx", golden_bytes("torch_dynamo.onnx"));
  write("torch_dynamo.onnx.data", data);
  CHECK(error_of([&] { import_onnx(path); }) == "no error");
  write("torch_dynamo.onnx.data", data.substr(0, 100));
  CHECK(error_of([&] { import_onnx(path); }).find(" of \"torch_dynamo.onnx.data\", which has 100") !=
        std::string::npos);
  fs::remove(folder / "torch_dynamo.onnx.data");
  CHECK(error_of([&] { import_onnx(path); }) ==
        (folder / "torch_dynamo.onnx.data").string() + ": cannot open: No such file or directory");
  fs::remove_all(folder);
}

TEST_CASE("Whatever a value of a file of RTNeural is, it is refused in a sentence or a network",
          "[model][interchange][damage]") {
  const auto whole = nlohmann::json::parse(
      R"({"in_shape":[null,null,2],"metadata":{"a":"b"},"layers":[)"
      R"({"type":"dense","shape":[null,null,1],"activation":"","weights":[[[1],[2]],[0]]},)"
      R"({"type":"gru","shape":[null,null,1],"activation":"tanh","weights":[[[1,2,3]],[[1,2,3]],[[1,2,3],[1,2,3]]]},)"
      R"({"type":"dense","shape":[null,null,2],"activation":"linear","weights":[[[1,2]],[1,2]]}]})");
  REQUIRE(refusal_of_json(whole.dump()) == "no error");
  std::size_t refused = 0;
  tests::for_each_damage(whole, [&](const nlohmann::json& changed) {
    INFO(changed.dump());
    const std::string refusal = refusal_of_json(changed.dump());
    refused += refusal == "no error" ? 0 : 1;
    REQUIRE(refusal.size() < 1000);
  });
  CHECK(refused > 300);
}

TEST_CASE("What is wrong with a file of RTNeural is said in a sentence", "[model][interchange]") {
  const std::string gru = R"({"type":"gru","shape":[null,null,1],"weights":[[[1,2,3],[1,2,3]],[[1,2,3]],)"
                          R"([[1,2,3],[1,2,3]]]})";
  const std::string dense = R"({"type":"dense","shape":[null,null,2],"weights":[[[1,2]],[1,2]]})";
  const auto file = [](const std::string& layers, const char* shape = "[null,null,2]") {
    return "{\"in_shape\":" + std::string(shape) + ",\"layers\":[" + layers + "]}";
  };
  const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    REQUIRE(text.find(from) != std::string::npos);
    return text.replace(text.find(from), from.size(), to);
  };
  CHECK(refusal_of_json(file(gru + ',' + dense)) == "no error");
  CHECK(refusal_of_json("[1]") == "not a file of RTNeural: it has no list of layers");
  CHECK(refusal_of_json("{\"layers\":") == "the text is not JSON at line 1, column 11");
  CHECK(refusal_of_json(file(gru)) ==
        "has the layers gru, expected a dense layer for the embedding or none, gru "
        "layers and a dense layer");
  CHECK(
      refusal_of_json(file(dense + ',' + dense)) ==
      "has the layers dense, dense, expected a dense layer for the embedding or none, gru layers and a dense "
      "layer");
  CHECK(refusal_of_json(file(replaced(gru, "gru", "lstm") + ',' + dense)) ==
        "layer 0 (lstm) is not represented, expected dense or gru");
  CHECK(
      refusal_of_json(file(gru + ',' + replaced(dense, "\"shape\"", "\"activation\":\"relu\",\"shape\""))) ==
      "layer 1 (dense) has the activation \"relu\", which is not represented");
  CHECK(refusal_of_json(file(gru + ',' + dense, "[null,null,1]")) ==
        "has 1 inputs and 2 outputs, expected as many: one of each for a token");
  CHECK(refusal_of_json(file(gru + ',' + dense, "[]")) ==
        "in_shape is not a list that ends in the number of inputs");
  CHECK(refusal_of_json(file(replaced(gru, "[[1,2,3]],", "[[1,2,3],[1,2,3]],") + ',' + dense)) ==
        "layer 0 (gru) has weights of the shape [2, 3], expected [1, 3]");
  CHECK(refusal_of_json(file(replaced(gru, "[[1,2,3]],", "[[1,2,3],[1,2]],") + ',' + dense)) ==
        "layer 0 (gru) has weights that are not a matrix: rows of one length");
  CHECK(refusal_of_json(file(replaced(gru, "[[1,2,3]],", "[[1,2,null]],") + ',' + dense)) ==
        "layer 0 (gru) has a weight that is not a number");
  CHECK(refusal_of_json(file(replaced(gru, "[[1,2,3]],", "[[1,2,1e39]],") + ',' + dense)) ==
        "layer 0 (gru) has the value inf at index 2, expected finite numbers");
  CHECK(refusal_of_json(file(replaced(gru, ",[[1,2,3]],", ",") + ',' + dense)) ==
        "layer 0 (gru) has not 3 arrays of weights: kernel, recurrent kernel and bias");
  const std::string bytes = golden_bytes("gruve.json");
  for (std::size_t size = 0; size + 2 < bytes.size(); size += 37)
    CHECK(refusal_of_json(bytes.substr(0, size)) != "no error");
}
