// Every value of JSON replaced by others and left out, for tests of what reads it; and safetensors files of
// such headers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "fuzz/mend.hpp"

namespace gruve::tests {

using Json = nlohmann::json;
using Pointer = Json::json_pointer;

inline const std::array<Json, 24> kOthers = {nullptr,
                                             true,
                                             -1,
                                             0,
                                             1,
                                             3,
                                             4,
                                             256,
                                             257,
                                             65536,
                                             1.5,
                                             1e300,
                                             18446744073709551615u,
                                             "",
                                             "x",
                                             "event",
                                             Json::array(),
                                             Json::array({1}),
                                             Json::array({2, 3}),
                                             Json::array({256, 4}),
                                             Json::array({4, "x"}),
                                             Json::array({4, 4, 4}),
                                             Json::object(),
                                             Json{{"a", 1}}};

// Of a value and all that it holds.
inline std::vector<Pointer> places(const Json& json, const Pointer& at = Pointer()) {
  std::vector<Pointer> found = {at};
  for (auto item = json.begin(); json.is_structured() && item != json.end(); ++item) {
    const Pointer below =
        json.is_object() ? at / item.key() : at / static_cast<std::size_t>(item - json.begin());
    for (Pointer& each : places(*item, below)) found.push_back(std::move(each));
  }
  return found;
}

// damaged(json): with each value replaced by each other one, and without each.
template <class Damaged>
void for_each_damage(const Json& json, Damaged&& damaged) {
  for (const Pointer& place : places(json)) {
    for (const Json& other : kOthers) {
      if (json[place] == other) continue;
      Json changed = json;
      changed[place] = other;
      damaged(changed);
    }
    if (place.empty()) continue;
    Json changed = json;
    Json& holder = changed[place.parent_pointer()];
    if (holder.is_object())
      holder.erase(place.back());
    else
      holder.erase(static_cast<std::size_t>(std::stoul(place.back())));
    damaged(changed);
  }
}

/// A safetensors file taken apart.
struct SafetensorsParts {
  Json header;
  std::string data;

  explicit SafetensorsParts(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data(), 8);
    header = Json::parse(bytes.substr(8, size));
    data = bytes.substr(8 + size);
  }

  /// The file with another header and its right checksum.
  std::vector<std::byte> with(const Json& other) const {
    std::string text = other.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t size = text.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &size, 8);
    bytes += text + data;
    return mended(std::as_bytes(std::span(bytes)));
  }
};

}  // namespace gruve::tests
