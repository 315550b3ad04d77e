// Any bytes as tokens, decoded by each encoder; and as a corpus file and a model file.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "fuzz.hpp"
#include "gruve/core/error.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

using namespace gruve;
using gruve::tests::require;

namespace {

template <class Encoder>
void decode(const Encoder& encoder, std::span<const Token> tokens) {
  tests::reset_peak_memory();
  try {
    const Song song = encoder.decode(tokens);
    // A token of two bytes is a note of forty, in a vector that doubles.
    require(tests::peak_memory() <= 64 * tokens.size_bytes() + (std::size_t{1} << 20),
            "memory of the tokens' order");
    for (const Note& note : song.notes)
      require(0 <= note.start && note.start < note.end && note.end <= song.length, "a note within its song");
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<Token> tokens(size / sizeof(Token));
  if (!tokens.empty()) std::memcpy(tokens.data(), data, tokens.size() * sizeof(Token));
  // Most numbers of two bytes are no tokens: folded into the vocabulary, they get further.
  for (const bool fold : {false, true}) {
    const TimestepEncoder timesteps;
    const EventEncoder events({.velocities = true, .tempos = true});
    const EventEncoder whole({.velocities = true,
                              .tempos = true,
                              .form = true,
                              .channels = true,
                              .pedal = true,
                              .microtiming = 4});
    const auto folded = [&](int vocab_size) {
      std::vector<Token> result = tokens;
      if (fold)
        for (Token& token : result) token = static_cast<Token>(token % vocab_size);
      return result;
    };
    decode(timesteps, folded(timesteps.vocab_size()));
    decode(events, folded(events.vocab_size()));
    decode(whole, folded(whole.vocab_size()));
  }
  tests::reset_peak_memory();
  try {
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    const Corpus corpus = Corpus::from_bytes({bytes, bytes + size}, "fuzz.gruve");
    for (std::size_t i = 0; i < corpus.num_songs(); ++i) corpus.check_tokens(i);
  } catch (const Error& error) {
    require(!error.byte() || *error.byte() <= size, "an error within the file");
  }
  require(tests::peak_memory() <= 64 * size + (std::size_t{1} << 20), "memory of the corpus's order");
  return 0;
}
