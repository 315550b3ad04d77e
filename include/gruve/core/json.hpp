#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"

namespace gruve::inline v0_1::internal {

// Text of a file as a message may show it: in quotes, without control characters, at most 60 bytes.
inline std::string shown_text(std::string_view text) {
  constexpr std::size_t kMost = 60;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string shown = "\"";
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F)
      shown += c;
    else
      shown.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  if (text.size() > kMost) shown += "…";
  return shown + '"';
}

// Parses JSON of a file that nobody vouches for. Throws Error on what is none, on a key that an object has
// twice, and on a depth above kDeepest, before it is reached.
//
// what  the text is, as the message begins: "the header"
// at    the text's byte in the file, if it has one
inline nlohmann::json parse_json(std::string_view text, const std::string& file, const std::string& what,
                                 std::optional<std::uint64_t> at = std::nullopt) {
  constexpr int kDeepest = 64;
  const auto fail = [&](const std::string& reason) {
    if (at) throw Error(file, *at, what + reason);
    throw Error(file, what + reason);
  };
  using Event = nlohmann::json::parse_event_t;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, Event event, nlohmann::json& value) {
    if (depth > kDeepest) fail(" is nested deeper than " + std::to_string(kDeepest) + " levels");
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get_ref<const std::string&>()).second)
      fail(" has the key " + shown_text(value.get_ref<const std::string&>()) + " twice");
    return true;
  };
  nlohmann::json json = nlohmann::json::parse(text.begin(), text.end(), check, false);
  if (json.is_discarded()) fail(" is not JSON");
  return json;
}

}  // namespace gruve::inline v0_1::internal
