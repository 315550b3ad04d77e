#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// What a Standard MIDI File may be wrapped in, and what files that are none may be.

namespace gruve::inline v0_2::internal {

using Bytes = std::span<const std::uint8_t>;

inline bool has_bytes(Bytes bytes, std::size_t at, std::string_view expected) noexcept {
  return bytes.size() >= expected.size() && at <= bytes.size() - expected.size() &&
         std::equal(expected.begin(), expected.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

/// A part of a file.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Where the MIDI file is in the bytes of a container: the "data" chunk of a RIFF file of type RMID, or the
/// data fork of a MacBinary file. All bytes if they are neither.
inline ByteRange midi_in_container(Bytes bytes) noexcept {
  const std::size_t size = bytes.size();
  if (has_bytes(bytes, 0, "RIFF") && has_bytes(bytes, 8, "RMID")) {
    for (std::size_t at = 12; size - at >= 8;) {
      const std::size_t content = at + 8;
      std::size_t length = 0;  // little-endian
      for (std::size_t i = 4; i-- > 0;) length = length << 8 | bytes[at + 4 + i];
      length = (std::min)(length, size - content);
      if (has_bytes(bytes, at, "data") && has_bytes(bytes, content, "MThd"))
        return {content, content + length};
      at = content + (std::min)(length + length % 2, size - content);
    }
  }
  constexpr std::size_t kMacBinary = 128;  // bytes of its header
  if (has_bytes(bytes, kMacBinary, "MThd") && bytes[0] == 0 && 1 <= bytes[1] && bytes[1] <= 63) {
    std::size_t length = 0;  // big-endian
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | bytes[83 + i];
    return {kMacBinary, kMacBinary + (std::min)(length, size - kMacBinary)};
  }
  return {0, size};
}

/// What a file that is no MIDI file is, by its first bytes; empty if they are not known.
inline std::string_view other_format(Bytes bytes) noexcept {
  struct Format {
    std::size_t at;
    std::string_view bytes, name;
  };
  using namespace std::string_view_literals;
  constexpr Format kFormats[] = {
      {8, "WAVE", "a WAV sound file"},
      {8, "AVI ", "an AVI film"},
      {0, "ID3", "an MP3 sound file"},
      {0, "OggS", "an Ogg sound file"},
      {0, "fLaC", "a FLAC sound file"},
      {4, "ftyp", "an MP4 file"},
      {0, "FORM", "an IFF file"},
      {0, "PK\3\4", "a ZIP archive"},
      {0, "\x1F\x8B", "a gzip archive"},
      {0, "Rar!", "a RAR archive"},
      {0, "7z\xBC\xAF", "a 7-Zip archive"},
      {0, "\x89PNG", "a PNG picture"},
      {0, "\xFF\xD8\xFF", "a JPEG picture"},
      {0, "GIF8", "a GIF picture"},
      {0, "%PDF", "a PDF document"},
      {0, "<!DOCTYPE html", "a web page"},
      {0, "<!doctype html", "a web page"},
      {0, "<html", "a web page"},
      {0, "<HTML", "a web page"},
      {0, "<?xml", "an XML file"},
      {0, "version https://git-lfs", "a pointer of Git LFS, whose file was not fetched"},
      {0, "\0\5\x16\7"sv, "an AppleDouble file, which macOS writes beside another one"},
  };
  for (const Format& format : kFormats)
    if (has_bytes(bytes, format.at, format.bytes)) return format.name;
  return {};
}

}  // namespace gruve::inline v0_2::internal
