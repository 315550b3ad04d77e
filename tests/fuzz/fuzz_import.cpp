// Any bytes as another program's model: safetensors, ONNX or JSON of RTNeural, whichever they look like. What is taken is
// generated from.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

#include "fuzz.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/import_model.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"

using namespace gruve;
using gruve::tests::require;

namespace {

namespace fs = std::filesystem;

void use(const TrainedModel& model) {
  static ThreadPool threads(1);
  PackedModel<float> packed(model.network.config);
  packed.assign(model.network, threads);
  Stepper stepper(packed);
  require(static_cast<int>(stepper.step(model.encoder.start_token()).size()) >= model.encoder.vocab_size(),
          "a logit for each token");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fs::path path = fs::path(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path()) /
                               ("gruve_fuzz_" + std::to_string(::getpid()) + ".model");
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || (size > 0 && std::fwrite(data, 1, size, file) != size)) std::abort();
  std::fclose(file);
  tests::reset_peak_memory();
  try {
    const ImportedModel imported = import_model(path);
    // The file's values as text or numbers, and the parameters.
    require(tests::peak_memory() <= 256 * size + (std::size_t{1} << 20), "memory of the file's order");
    use(imported.model);
  } catch (const Error& error) {
    require(!error.byte() || *error.byte() <= size, "an error within the file");
    require(error.reason().size() < 1000, "a message of bounded length");
    for (const char c : error.reason())
      require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a message without control characters");
  }
  fs::remove(path);
  return 0;
}
