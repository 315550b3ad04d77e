// Any bytes as a model file, as they are and with a right checksum; what is loaded is saved, loaded again and
// generated from.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "fuzz.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"
#include "mend.hpp"

using namespace gruve;
using gruve::tests::require;

namespace {

void use(const TrainedModel& model) {
  static ThreadPool threads(1);
  PackedModel<float> packed(model.network.config);
  packed.assign(model.network, threads);
  Stepper stepper(packed);
  const auto logits = stepper.step(model.encoder.start_token());
  require(static_cast<int>(logits.size()) >= model.encoder.vocab_size(), "a logit for each token");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto given = std::as_bytes(std::span(data, size));
  const std::vector<std::byte> right = tests::mended(given);
  for (const std::span<const std::byte> bytes : {given, std::span<const std::byte>(right)}) {
    tests::reset_peak_memory();
    try {
      const TrainedModel model = load(bytes, "fuzz");
      // The copy of the bytes, the header's JSON, and the parameters.
      require(tests::peak_memory() <= 64 * size + (std::size_t{1} << 20), "memory of the file's order");
      use(model);
    } catch (const Error& error) {
      require(!error.byte() || *error.byte() <= size, "an error within the file");
      require(error.reason().size() < 1000, "a message of bounded length");
      for (const char c : error.reason())
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a message without control characters");
    }
  }
  return 0;
}
