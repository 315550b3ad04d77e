// Models and corpora of earlier versions (golden/version_*, made as golden/README.md says): they load, and
// cost and give what they did.
#include <filesystem>
#include <string>
#include <tuple>

#include "catch.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/style.hpp"

using namespace gruve;

namespace {

std::filesystem::path folder(const std::string& version) {
  return std::filesystem::path(GRUVE_TEST_DATA) / "golden" / ("version_" + version);
}

// Nats per token of the train split.
double nats_of(const TrainedModel& model, const Corpus& corpus, int tokens) {
  ThreadPool threads(1);
  const ChunkLoss loss = evaluate(model.network, corpus, Split::train, threads);
  CHECK(loss.tokens == static_cast<std::size_t>(tokens));
  return loss.mean();
}

}  // namespace

TEST_CASE("Models and corpora of earlier versions load, and cost what they did", "[piece][golden]") {
  const auto [version, corpus_name, name, features, tokens, nats] =
      GENERATE(std::tuple("0_1", "timestep", "timestep", "index,bar=12,relative", 1638, 3.323303437131083),
               std::tuple("0_1", "event", "event", "", 603, 4.148982165464714),
               std::tuple("0_1", "text", "text", "", 1499, 4.046113874214025),
               std::tuple("0_2", "timestep", "timestep", "index,held,bar=12,repeat,outer,relative", 1638,
                          3.7215867980277584),
               std::tuple("0_2", "event", "event", "place,sounding,repeat,form,tonality,relative", 822,
                          4.376022621662948),
               std::tuple("0_2", "event", "int8", "place,sounding,repeat,form,tonality,relative", 822,
                          4.378137285401931),
               std::tuple("0_2", "band", "band", "place,sounding,repeat,form,tonality,relative", 909,
                          5.034967071283506),
               std::tuple("0_2", "ids", "ids", "", 96, 1.9862010205785434));
  CAPTURE(version, name);
  const std::string file = name;
  const Corpus corpus(folder(version) / (std::string(corpus_name) + ".gruve"));
  const TrainedModel model = load(folder(version) / (file + ".safetensors"));
  CHECK(model.encoder == corpus.encoder());
  CHECK(model.music == corpus.info().music);
  CHECK(model.music.has_value() == (file != "text" && file != "ids"));
  CHECK(model.network.config.features.description == features);
  CHECK_FALSE(model.training.empty());
  CHECK(nats_of(model, corpus, tokens) == Approx(nats).epsilon(1e-6));
}

TEST_CASE("A style of an earlier version costs what it did", "[piece][golden]") {
  const TrainedModel model = load(folder("0_2") / "event.safetensors");
  const Style style = load_style(folder("0_2") / "style.safetensors", model);
  CHECK(nats_of(with_style(model, style), Corpus(folder("0_2") / "event.gruve"), 822) ==
        Approx(2.5667975654127644).epsilon(1e-6));
}

TEST_CASE("A model of an earlier version gives the piece that it gave", "[piece][golden]") {
  const auto [version, bars] = GENERATE(std::tuple("0_1", 2), std::tuple("0_2", 4));
  Player player(load(folder(version) / "event.safetensors"));
  const Song song = player.generate({.bars = bars, .sampler = {.argmax = 1}});
  CHECK(song.notes == read_midi(folder(version) / "event.mid").song.notes);
}
