#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"
#include "gruve/core/once.hpp"

namespace gruve::inline v0_2::internal {

// The deepest nesting that is read.
inline constexpr int kDeepest = 64;

// A parsed value. The destructor of nlohmann::json allocates, and ends the program where that fails: this one
// empties the value before, from the leaves to the root, and then it doesn't.
template <class Json>
class BasicJsonTree {
 public:
  explicit BasicJsonTree(Json root) noexcept : root_(std::move(root)) {}
  ~BasicJsonTree() { empty(root_); }
  BasicJsonTree(const BasicJsonTree&) = delete;
  BasicJsonTree& operator=(const BasicJsonTree&) = delete;

  const Json& operator*() const noexcept { return root_; }
  const Json* operator->() const noexcept { return &root_; }

 private:
  static void empty(Json& value) noexcept {
    if (!value.is_structured()) return;
    for (Json& child : value) empty(child);
    value.clear();
  }

  Json root_;
};
using JsonTree = BasicJsonTree<nlohmann::json>;

// Makes an object, without the temporary lists of an initializer list, which the destructor above would be
// called for.
template <class Json = nlohmann::json>
class JsonObject {
 public:
  template <class Value>
  JsonObject& add(const char* key, Value&& value) {
    object_[key] = std::forward<Value>(value);
    return *this;
  }
  Json take() { return std::move(object_); }

 private:
  Json object_ = Json::object();
};

// The list of these values, likewise.
template <class Json = nlohmann::json, class... Values>
Json list_of(Values&&... values) {
  Json list = Json::array();
  (list.push_back(Json(std::forward<Values>(values))), ...);
  return list;
}

// The functions of json.inc: the reader and the writer of nlohmann::json take seconds to compile.

// The text of a value. Throws what nlohmann::json::dump() does on text that is not UTF-8; ascii writes such bytes
// as U+FFFD, and what is not ASCII in escapes.
GRUVE_ONCE std::string text_of(nlohmann::json value, bool ascii = false);
GRUVE_ONCE std::string text_of(nlohmann::ordered_json value);

// Reads a text as events, as nlohmann::json::sax_parse does. Returns whether it is JSON to its end, and the reader
// said true to all of it.
GRUVE_ONCE bool read_json(std::string_view text, nlohmann::json_sax<nlohmann::json>& reader);

// What is wrong with a text that nobody vouches for, to be written after its name (" is not JSON"); empty if
// nothing is. Wrong are also a byte-order mark, a NUL byte, a key that an object has twice, and a depth above
// kDeepest.
GRUVE_ONCE std::string json_fault(std::string_view text);

// The value of a text, discarded (is_discarded()) if it isn't JSON.
GRUVE_ONCE nlohmann::json json_of(std::string_view text);

// What is different in two objects: "hidden_size 16, expected 256; tempos missing, expected true".
GRUVE_ONCE std::string differences(const nlohmann::json& found, const nlohmann::json& expected);

// Parses JSON of a file that nobody vouches for. Throws Error with its json_fault().
//
// what  the text is, as the message begins: "the header"
// at    the text's byte in the file, if it has one
inline JsonTree parse_json(std::string_view text, const std::string& file, const std::string& what,
                           std::optional<std::uint64_t> at = std::nullopt) {
  const std::string fault = json_fault(text);
  if (!fault.empty()) raise(at ? Error(file, *at, what + fault) : Error(file, what + fault));
  return JsonTree(json_of(text));
}

// The number in an object under a key, from least to most. Throws Error if it is missing, of another type or
// out of range.
//
// what  the object is, as the message begins: "the state"
template <class T>
T number_in(const nlohmann::json& object, const char* key, T least, T most, const std::string& file,
            const std::string& what) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  const bool is_there = object.is_object() && found != object.end();
  bool is_right = false;
  T value{};
  if (is_there && std::is_floating_point_v<T>) {
    is_right = found->is_number();
    if (is_right) value = found->template get<T>();
  } else if (is_there && found->is_number_unsigned()) {
    const auto whole = found->template get<std::uint64_t>();
    is_right = most >= T{} && whole <= static_cast<std::uint64_t>(most);
    if (is_right) value = static_cast<T>(whole);
  } else if (is_there && found->is_number_integer()) {  // a negative one
    const auto whole = found->template get<std::int64_t>();
    is_right = std::is_signed_v<T> && whole >= static_cast<std::int64_t>(least);
    if (is_right) value = static_cast<T>(whole);
  }
  if (is_right && value >= least && value <= most) return value;
  const nlohmann::json range = {least, most};
  raise(Error(file, what + "'s " + key +
                        (is_there ? " is not a number from " : " is missing, a number from ") +
                        text_of(range[0]) + " to " + text_of(range[1])));
}

}  // namespace gruve::inline v0_2::internal

#if !defined(GRUVE_COMPILED_KERNELS)
#include "gruve/core/json.inc"
#endif
