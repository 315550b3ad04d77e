#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include "gruve/core/error.hpp"

namespace gruve::inline v0_2 {

/// Escapes a text for use anywhere in XML or HTML, including attributes: markup characters become entities;
/// what no XML document may contain (control characters, bytes that are not UTF-8, U+FFFE and U+FFFF) becomes
/// U+FFFD.
inline std::string escape_markup(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      switch (text[i++]) {
        case '&':
          out += "&amp;";
          break;
        case '<':
          out += "&lt;";
          break;
        case '>':
          out += "&gt;";
          break;
        case '"':
          out += "&quot;";
          break;
        case '\'':
          out += "&#39;";
          break;
        default:
          if ((lead < 0x20 && lead != '\t' && lead != '\n') || lead == 0x7F) {
            out += kReplacement;
          } else {
            out += static_cast<char>(lead);
          }
      }
      continue;
    }
    const std::size_t size = internal::character_size(text.substr(i));
    if (size > 0 && text.substr(i, size) != "\xEF\xBF\xBE" && text.substr(i, size) != "\xEF\xBF\xBF") {
      out += text.substr(i, size);
      i += size;
    } else {
      out += kReplacement;
      ++i;
    }
  }
  return out;
}

/// A number as "12.5": at most `digits` digits after the point, no trailing zeros, independent of the locale.
/// NaN and infinities become "0", so that the document stays valid.
inline std::string decimal(double value, int digits = 2) {
  if (!std::isfinite(value)) return "0";
  // Not std::to_chars, which libc++ and macOS have for double only lately. DBL_MAX has 309 digits.
  std::array<char, 400> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", (std::min)(digits, 60), value);
  std::string text;
  for (const char c : std::string_view(buffer.data())) {
    const bool is_point = c != '-' && (c < '0' || c > '9');  // the locale's, of one or more bytes
    if (!is_point) text += c;
    if (is_point && text.find('.') == std::string::npos) text += '.';
  }
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

/// A duration as "3:05", or "1:02:03" from an hour on.
inline std::string clock_time(double seconds) {
  const auto total = static_cast<long long>(std::fmin(std::fmax(0, std::floor(seconds + 0.5)), 1e15));
  const auto two = [](long long value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  if (total < 3600) return std::to_string(total / 60) + ":" + two(total % 60);
  return std::to_string(total / 3600) + ":" + two(total / 60 % 60) + ":" + two(total % 60);
}

/// The name of a MIDI key number, 0 to 127: "C4" for 60, "F#3" for 54.
inline std::string pitch_name(int pitch) {
  constexpr std::array<const char*, 12> kNames{"C",  "C#", "D",  "D#", "E",  "F",
                                               "F#", "G",  "G#", "A",  "A#", "B"};
  return kNames[static_cast<std::size_t>(pitch % 12)] + std::to_string(pitch / 12 - 1);
}

}  // namespace gruve::inline v0_2
