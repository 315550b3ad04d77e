// Any bytes as a checkpoint, with a right checksum: resumed from and trained on, or refused without a change.
// And any numbers as a position in the corpus.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <unistd.h>

#include "fuzz.hpp"
#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/corpus/batch_stream.hpp"
#include "gruve/train/trainer.hpp"
#include "mend.hpp"

using namespace gruve;
using gruve::tests::require;

namespace {

namespace fs = std::filesystem;

const Corpus& corpus() {
  static const Corpus corpus = [] {
    std::vector<std::vector<Token>> songs(12);
    for (std::size_t i = 0; i < songs.size(); ++i)
      for (std::size_t t = 0; t < 9 + i; ++t) songs[i].push_back(static_cast<Token>((t * t + i) % 4));
    return Corpus::from_songs({.encoder = CharEncoder("abcd")}, songs);
  }();
  return corpus;
}

const TrainOptions kOptions{.batch_size = 2, .unroll = 4, .epochs = 5, .threads = 1};

std::vector<float> weights(const Trainer& trainer) {
  std::vector<float> all;
  trainer.model().for_each_parameter([&](const std::string&, const Parameter<float>& parameter) {
    all.insert(all.end(), parameter.data(), parameter.data() + parameter.size());
  });
  return all;
}

}  // namespace

// Writes a checkpoint for the fuzzer to begin with, where the environment asks for one.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  if (const char* path = std::getenv("GRUVE_WRITE_SEED")) {
    Trainer trainer(corpus(), {.embedding_size = 2, .hidden_size = 2}, kOptions);
    for (int i = 0; i < 3; ++i) trainer.step();
    trainer.save_checkpoint(path);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Trainer trainer(corpus(), {.embedding_size = 2, .hidden_size = 2}, kOptions);
  static const fs::path path = fs::path(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path()) /
                               ("gruve_fuzz_" + std::to_string(::getpid()) + ".checkpoint");
  {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    const std::vector<std::byte> bytes = tests::mended(std::as_bytes(std::span(data, size)));
    if (file == nullptr) std::abort();
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) std::abort();
    std::fclose(file);
  }
  const std::uint64_t steps = trainer.steps_done();
  const std::vector<float> before = weights(trainer);
  bool resumed = false;
  try {
    trainer.resume(path);
    resumed = true;
  } catch (const Error& error) {
    require(error.reason().size() < 1000, "a message of bounded length");
    const std::vector<float> after = weights(trainer);
    require(trainer.steps_done() == steps && std::memcmp(after.data(), before.data(), 4 * before.size()) == 0,
            "a refusal changes nothing");
  }
  fs::remove(path);
  if (resumed) trainer.step();

  BatchStream stream(corpus(), Split::train, 2, BatchStream::Passes::endless, 1, {}, {});
  BatchStream::Position position;
  std::vector<std::uint64_t> numbers(size / 8);
  if (!numbers.empty()) std::memcpy(numbers.data(), data, numbers.size() * 8);
  // Most numbers are far outside: folded, some are within.
  for (const std::uint64_t range : {std::uint64_t{0}, std::uint64_t{16}}) {
    const auto number = [&](std::size_t i) {
      const std::uint64_t n = i < numbers.size() ? numbers[i] : 0;
      return range > 0 ? n % range : n;
    };
    position = {.pass = number(0), .next = static_cast<std::size_t>(number(1))};
    for (std::size_t i = 2; i + 2 < std::min<std::size_t>(numbers.size(), 14); i += 3)
      position.sequences.push_back({.song = static_cast<std::size_t>(number(i)),
                                    .offset = static_cast<std::size_t>(number(i + 1)),
                                    .pass = number(i + 2)});
    Chunk chunk(4, 2);
    try {
      stream.seek(position, "fuzz");
      for (int i = 0; i < 3; ++i) stream.next(chunk);
    } catch (const Error&) {
    }
  }
  return 0;
}
