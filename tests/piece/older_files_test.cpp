// Models and corpora of version 0.1 (golden/version_0_1, made as golden/README.md says): they load, and cost
// and give what they did.
#include <filesystem>
#include <string>
#include <tuple>

#include "catch.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/train/evaluate.hpp"

using namespace gruve;

namespace {

const std::filesystem::path kFolder = std::filesystem::path(GRUVE_TEST_DATA) / "golden" / "version_0_1";

}  // namespace

TEST_CASE("Models and corpora of version 0.1 load, and cost what they did", "[piece][golden]") {
  const auto [type, tokens, nats] = GENERATE(std::tuple(std::string("timestep"), 1638, 3.323303437131083),
                                             std::tuple(std::string("event"), 603, 4.148982165464714),
                                             std::tuple(std::string("text"), 1499, 4.046113874214025));
  const Corpus corpus(kFolder / (type + ".gruve"));
  const TrainedModel model = load(kFolder / (type + ".safetensors"));
  CHECK(model.encoder == corpus.encoder());
  CHECK(model.music == corpus.info().music);
  CHECK(model.music.has_value() == (type != "text"));
  CHECK(model.network.config.features.description == (type == "timestep" ? "index,bar=12,relative" : ""));
  CHECK_FALSE(model.training.empty());
  ThreadPool threads(1);
  const ChunkLoss loss = evaluate(model.network, corpus, Split::train, threads);
  CHECK(loss.tokens == static_cast<std::size_t>(tokens));
  CHECK(loss.mean() == Approx(nats).epsilon(1e-6));
}

TEST_CASE("A model of version 0.1 gives the piece that it gave", "[piece][golden]") {
  Player player(load(kFolder / "event.safetensors"));
  const Song song = player.generate({.bars = 2, .sampler = {.argmax = 1}});
  CHECK(song.notes == read_midi(kFolder / "event.mid").song.notes);
}
