#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gruve/core/error.hpp"

namespace gruve::inline v0_1::internal {

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

// The text of a value.
template <class Json>
std::string text_of(Json value) {
  return BasicJsonTree<Json>(std::move(value))->dump();
}

// Reads JSON as events, and keeps what is wrong with it: a key that an object has twice, or a depth above
// kDeepest. The library's own callback while it builds a value looks through the whole parent after each
// child, which takes time that grows with the square of their number.
class JsonCheck final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override {
    keys_.emplace_back();
    return enter();
  }
  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    wrong = " has the key " + shown_text(name) + " twice";
    return false;
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    wrong = " is not JSON";
    return false;
  }

  std::string wrong = {};

 private:
  bool enter() {
    if (++depth_ <= kDeepest) return true;
    wrong = " is nested deeper than " + std::to_string(kDeepest) + " levels";
    return false;
  }

  std::vector<std::set<std::string>> keys_ = {};  // of the objects that are open
  int depth_ = 0;
};

// Parses JSON of a file that nobody vouches for. Throws Error on what is none, on a byte-order mark and on a
// NUL byte, on a key that an object has twice, and on a depth above kDeepest, before it is reached.
//
// what  the text is, as the message begins: "the header"
// at    the text's byte in the file, if it has one
inline JsonTree parse_json(std::string_view text, const std::string& file, const std::string& what,
                           std::optional<std::uint64_t> at = std::nullopt) {
  const auto fail = [&](const std::string& reason) {
    if (at) raise(Error(file, *at, what + reason));
    raise(Error(file, what + reason));
  };
  // The parser skips the one, and takes the other for the end.
  if (text.starts_with("\xEF\xBB\xBF")) fail(" begins with a byte-order mark");
  if (text.find('\0') != std::string_view::npos) fail(" holds a NUL byte");
  JsonCheck check;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &check)) fail(check.wrong);
  return JsonTree(nlohmann::json::parse(text.begin(), text.end()));
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
                        range[0].dump() + " to " + range[1].dump()));
}

}  // namespace gruve::inline v0_1::internal
