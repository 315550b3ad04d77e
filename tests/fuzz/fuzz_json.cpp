// Any bytes as each JSON text that gruve reads: a polyphonic data set, an encoder, the ranges of a corpus, a
// learning curve.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <unistd.h>

#include "fuzz.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/json.hpp"
#include "gruve/corpus/polyphonic_json.hpp"
#include "gruve/measure/ranges_json.hpp"
#include "gruve/tokens/encoder_json.hpp"
#include "gruve/train/curve.hpp"

using namespace gruve;
using gruve::tests::require;

namespace {

namespace fs = std::filesystem;

template <class Read>
void read(std::size_t size, Read&& read) {
  tests::reset_peak_memory();
  try {
    read();
  } catch (const Error& error) {
    require(error.reason().size() < 1000, "a message of bounded length");
    for (const char c : error.reason())
      require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a message without control characters");
  }
  require(tests::peak_memory() <= 256 * size + (std::size_t{1} << 20), "memory of the text's order");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static const fs::path path = fs::path(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path()) /
                               ("gruve_fuzz_" + std::to_string(::getpid()) + ".json");
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || (size > 0 && std::fwrite(text.data(), 1, size, file) != size)) std::abort();
  std::fclose(file);
  read(size, [&] { read_polyphonic_json(path); });
  fs::remove(path);
  read(size, [&] {
    const AnyEncoder encoder = encoder_from_json(*internal::parse_json(text, "fuzz", "the text"), "fuzz");
    require(encoder_from_json(to_json(encoder), "fuzz") == encoder, "what is read is written alike");
  });
  read(size, [&] { corpus_ranges_from_json(text, "fuzz"); });
  read(size, [&] { Curve::from_json(*internal::parse_json(text, "fuzz", "the text"), "fuzz"); });
  return 0;
}
