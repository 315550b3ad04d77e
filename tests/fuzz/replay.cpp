// Runs a fuzz target without a fuzzer: over all files of some folders, each as it is, in every truncation,
// with every byte changed in some ways, and then for some time mixed at random. With --every-value each byte
// is changed in all ways, which takes minutes; with --flips every prefix and every flipped bit of every file
// is taken, whatever its size. usage: replay SECONDS [--every-value | --flips] FOLDER…
//
// Where the compiler has libFuzzer (clang++ -fsanitize=fuzzer), the targets are coverage-guided: see
// README.md.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "gruve/core/rng.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

// Each input ends at the end of its own memory, so that a sanitizer sees a read beyond it.
void run(const Bytes& bytes) {
  const Bytes exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::vector<Bytes> read_all(char** folders, int count) {
  std::vector<Bytes> files;
  for (int i = 0; i < count; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(folders[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  return files;
}

Bytes mixed(const std::vector<Bytes>& files, gruve::Rng& rng) {
  const auto any = [&](std::size_t size) {
    return static_cast<std::size_t>(rng.below(static_cast<std::uint32_t>(size)));
  };
  Bytes bytes = files[any(files.size())];
  for (std::uint32_t changes = 1 + rng.below(8); changes > 0 && !bytes.empty(); --changes) {
    const std::size_t at = any(bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = 1 + any(std::min<std::size_t>(bytes.size() - at, 16));
    switch (rng.below(6)) {
      case 0:
        *place = static_cast<std::uint8_t>(rng.below(256));
        break;
      case 1:
        *place = static_cast<std::uint8_t>(*place ^ (1u << rng.below(8)));
        break;
      case 2:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(count));
        break;
      case 3:
        bytes.insert(place, count, static_cast<std::uint8_t>(rng.below(256)));
        break;
      case 4:
        bytes.resize(at);
        break;
      default: {
        const Bytes& other = files[any(files.size())];
        if (other.empty()) break;
        const std::size_t from = any(other.size());
        bytes.insert(place, other.begin() + static_cast<std::ptrdiff_t>(from),
                     other.begin() + static_cast<std::ptrdiff_t>(std::min(other.size(), from + 4 * count)));
      }
    }
  }
  if (bytes.size() > 1 << 16) bytes.resize(1 << 16);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: replay SECONDS FOLDER...\n");
    return 2;
  }
  const double seconds = std::atof(argv[1]);
  const bool every_value = std::string_view(argv[2]) == "--every-value";
  const bool flips = std::string_view(argv[2]) == "--flips";
  const int first = every_value || flips ? 3 : 2;
  const std::vector<Bytes> files = read_all(argv + first, argc - first);
  if (files.empty()) {
    std::fprintf(stderr, "replay: no files\n");
    return 1;
  }
  std::size_t runs = 0;
  for (const Bytes& file : files) {
    run(file);
    ++runs;
    if (!flips && file.size() > (every_value ? 2000 : 200)) continue;
    for (std::size_t size = 0; size < file.size(); ++size, ++runs)
      run(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
    for (std::size_t bit = 0; flips && bit < 8 * file.size(); ++bit, ++runs) {
      Bytes changed = file;
      changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
      run(changed);
    }
    for (std::size_t at = 0; !flips && at < file.size(); ++at)
      for (int value = 0; value < 256; ++value) {
        const bool is_telling = value == 0 || value == 1 || value == 0x7F || value == 0x80 || value == 0xF0 ||
                                value == 0xFF || value == (file[at] ^ 1);
        if (!every_value && !is_telling) continue;
        Bytes changed = file;
        changed[at] = static_cast<std::uint8_t>(value);
        run(changed);
        ++runs;
      }
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  gruve::Rng rng(1);
  for (; std::chrono::steady_clock::now() < end; ++runs) run(mixed(files, rng));
  std::printf("%zu inputs from %zu files\n", runs, files.size());
  return 0;
}
