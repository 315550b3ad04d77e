#pragma once

#include <cstddef>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"

/// What other frameworks computed: the files that make_torch.py and make_keras.py write (README.md beside
/// them).
namespace golden {

/// Values in row-major order; token numbers are whole.
struct Tensor {
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

/// One computation: its settings by name, and its tensors by name, where the gradient of x is dx.
struct Case {
  std::string name;
  nlohmann::json settings;
  std::map<std::string, Tensor> tensors;

  /// Throws gruve::Error if there is no such tensor.
  const Tensor& operator[](const std::string& tensor) const {
    const auto found = tensors.find(tensor);
    if (found == tensors.end()) throw gruve::Error("the golden case " + name + " has no tensor " + tensor);
    return found->second;
  }

  /// The values alone, as another scalar.
  template <class Scalar = double>
  std::vector<Scalar> values(const std::string& tensor) const {
    std::vector<Scalar> result;
    for (const double value : (*this)[tensor].values) result.push_back(static_cast<Scalar>(value));
    return result;
  }
};

/// A case of the file tests/golden/<file>.json. Throws gruve::Error if the file or the case is missing, or if
/// a shape doesn't fit its values.
inline Case load(const std::string& file, const std::string& name) {
  const std::string path = std::string(GRUVE_TEST_DATA) + "/golden/" + file + ".json";
  std::ifstream stream(path);
  if (!stream) throw gruve::Error(path, "this golden file can't be read");
  const nlohmann::json cases = nlohmann::json::parse(stream).at("cases");
  if (!cases.contains(name)) throw gruve::Error(path, "there is no case " + name);

  Case result{name, cases[name].at("settings"), {}};
  for (const auto& [tensor, json] : cases[name].at("tensors").items()) {
    Tensor read{json.at("shape").get<std::vector<std::size_t>>(),
                json.at("values").get<std::vector<double>>()};
    std::size_t size = 1;
    for (const std::size_t length : read.shape) size *= length;
    if (size != read.values.size())
      throw gruve::Error(path, "the shape of " + tensor + " doesn't fit its values");
    result.tensors.emplace(tensor, std::move(read));
  }
  return result;
}

}  // namespace golden
