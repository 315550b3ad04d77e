#include "streams.hpp"

#include <array>
#include <cstdio>

#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/midi/read_midi.hpp"

namespace {

// A stream need not end. The largest MIDI files have some megabytes.
constexpr std::size_t kMostOfInput = std::size_t{1} << 28;

}  // namespace

std::string input_name(const std::string& path) { return path == "-" ? "standard input" : path; }

std::vector<std::byte> read_bytes(const std::string& path) {
  if (path != "-") {
    const gruve::MappedFile file(path);
    return {file.bytes().begin(), file.bytes().end()};
  }
  std::vector<std::byte> bytes;
  std::array<std::byte, 1 << 16> part{};
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), stdin)) {
    if (bytes.size() + count > kMostOfInput)
      throw gruve::Error("standard input",
                         "has more than the " + std::to_string(kMostOfInput >> 20) + " MiB that are read of it");
    bytes.insert(bytes.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(count));
  }
  if (std::ferror(stdin) != 0) throw gruve::Error("standard input", "cannot be read");
  return bytes;
}

gruve::MidiFile read_midi_input(const std::string& path, const gruve::MidiOptions& options) {
  if (path != "-") return gruve::read_midi(path, options);
  return gruve::parse_midi(read_bytes(path), input_name(path), options);
}

void write_output(const std::string& path, std::span<const std::byte> bytes) {
  if (path != "-") {
    gruve::write_file(path, bytes);
    return;
  }
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() || std::fflush(stdout) != 0)
    throw gruve::Error("cannot write to the standard output");
}
