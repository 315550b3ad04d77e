// The examples of the documentation comments, as they stand there.
#include <filesystem>

#include "catch.hpp"
#include "gruve/gruve.hpp"

using namespace gruve;

TEST_CASE("The examples of Trainer, Corpus, Generator, generate_stretches and AtomicFile run",
          "[packaging][docs]") {
  const auto folder = std::filesystem::temp_directory_path() / "gruve_documentation_test";
  std::filesystem::create_directories(folder);
  const std::vector<std::vector<Token>> songs = {{39, 88, 40, 88}, {41, 88, 43, 88}, {50, 88, 51, 88}};
  const Corpus corpus = Corpus::from_songs({.encoder = TimestepEncoder()}, songs);

  Trainer trainer(corpus, {.hidden_size = 16}, {.epochs = 5});
  trainer.run();
  save(trainer.trained_model(), folder / "model.safetensors");
  std::size_t tokens = 0;
  for (std::size_t i : corpus.songs(Split::train)) tokens += corpus.song(i).tokens.size();
  CHECK(tokens == corpus.num_tokens(Split::train));

  const std::uint64_t seed = 1;
  const TrainedModel model = load(folder / "model.safetensors");
  const PackedModel<float> packed(model.network);
  Generator generator(packed, model.encoder.as<TimestepEncoder>(), {.temperature = 0.9f}, seed);
  const Token token = generator.next();
  CHECK(token <= 88);
  const std::vector<std::int64_t> ends = {480, 960};
  const auto too_dense = [](std::span<const Token> so_far) { return so_far.size() > 4000 ? 1.0 : 0.0; };
  const std::vector<Token> piece = generate_stretches(generator, ends, 16, too_dense);
  CHECK(piece.size() >= 960);

  const std::vector<std::byte> bytes(3);
  {
    AtomicFile file(folder / "piece.mid");
    file.write(bytes);
    file.commit();
  }
  CHECK(std::filesystem::file_size(folder / "piece.mid") == 3);
  std::filesystem::remove_all(folder);
}
