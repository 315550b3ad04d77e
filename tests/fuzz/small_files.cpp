// Writes 100 small files of each kind that a fuzz target takes, all different, into FOLDER/midi, model,
// decode (corpora), json and checkpoint. usage: small_files FOLDER
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/train/trainer.hpp"

using namespace gruve;

namespace {

namespace fs = std::filesystem;

Song song(Rng& rng) {
  Song made{.ticks_per_quarter = 1 + rng.below(960)};
  for (std::uint32_t i = 0; i < 1 + rng.below(6); ++i) {
    const std::int64_t start = rng.below(4000);
    made.notes.push_back({.start = start,
                          .end = start + 1 + rng.below(900),
                          .pitch = static_cast<int>(rng.below(128)),
                          .velocity = 1 + static_cast<int>(rng.below(127)),
                          .channel = static_cast<int>(rng.below(16))});
  }
  sort_notes(made.notes);
  if (rng.below(2) == 0) made.tempos = {{0, 300'000 + rng.below(500'000)}};
  if (rng.below(2) == 0) made.time_signatures = {{0, 1 + static_cast<int>(rng.below(9)), 4}};
  if (rng.below(2) == 0) made.programs = {{0, 3, static_cast<int>(rng.below(128))}};
  if (rng.below(2) == 0) made.pedal = {{0, 0, true}, {100, 0, false}};
  made.length = 5000;
  return made;
}

AnyEncoder encoder(Rng& rng) {
  const bool flag = rng.below(2) == 0;
  switch (rng.below(4)) {
    case 0:
      return IdEncoder(2 + static_cast<int>(rng.below(20)));
    case 1:
      return CharEncoder(std::string("\nabcde").substr(0, 2 + rng.below(4)));
    case 2:
      return TimestepEncoder({.steps_per_quarter = 1 + static_cast<int>(rng.below(4)), .repeat_held = flag});
    default:
      return EventEncoder({.steps_per_quarter = 1, .velocities = flag, .form = !flag});
  }
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const fs::path folder = argv[1];
  for (const char* kind : {"midi", "model", "decode", "json", "checkpoint"})
    fs::create_directories(folder / kind);
  // As in fuzz_checkpoint.cpp.
  std::vector<std::vector<Token>> texts(12);
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (std::size_t t = 0; t < 9 + i; ++t) texts[i].push_back(static_cast<Token>((t * t + i) % 4));
  const Corpus corpus = Corpus::from_songs({.encoder = CharEncoder("abcd")}, texts);
  Trainer trainer(corpus, {.embedding_size = 2, .hidden_size = 2},
                  {.batch_size = 2, .unroll = 4, .epochs = 500, .threads = 1});
  for (int i = 0; i < 100; ++i) {
    const std::string name = std::to_string(i);
    Rng rng(1, static_cast<std::uint64_t>(i));
    write_midi(song(rng), folder / "midi" / name);

    const AnyEncoder of_model = encoder(rng);
    TrainedModel model{.network = GruModel<float>({.vocab_size = of_model.vocab_size(),
                                                   .embedding_size = 1 + static_cast<int>(rng.below(2)),
                                                   .hidden_size = 1 + static_cast<int>(rng.below(3)),
                                                   .num_layers = 1 + static_cast<int>(rng.below(2))}),
                       .encoder = of_model};
    initialize(model.network, 1);
    save(model, folder / "model" / name);

    std::vector<std::vector<Token>> songs(1 + rng.below(4));
    const IdEncoder ids(5);
    for (std::vector<Token>& tokens : songs)
      for (std::uint32_t t = 0; t < 1 + rng.below(9); ++t) tokens.push_back(static_cast<Token>(rng.below(5)));
    internal::MemorySink sink;
    internal::CorpusWriter writer(sink);
    for (const std::vector<Token>& tokens : songs) writer.add(tokens);
    writer.finish({.encoder = ids});
    write(folder / "decode" / name,
          std::string(reinterpret_cast<const char*>(sink.bytes.data()), sink.bytes.size()));

    std::string json = R"({"train": [)";
    for (std::uint32_t s = 0; s < 1 + rng.below(3); ++s) {
      json += s > 0 ? ", [" : "[";
      for (std::uint32_t t = 0; t < 1 + rng.below(3); ++t)
        json += (t > 0 ? ", [" : "[") + std::to_string(21 + rng.below(40)) + ", " +
                std::to_string(61 + rng.below(40)) + "]";
      json += "]";
    }
    write(folder / "json" / name, json + R"(], "valid": [[[60]]], "test": [[[61], []]]})");

    trainer.step();
    trainer.save_checkpoint(folder / "checkpoint" / name);
  }
  return 0;
}
