#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "gruve/core/error.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/tokens/char_encoder.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/id_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "json_damage.hpp"

using namespace gruve;
using gruve::tests::for_each_damage;
using gruve::tests::Json;
using gruve::tests::SafetensorsParts;

namespace {

// Whether the bytes are a model. What is wrong with them is said in a line.
bool is_model(const std::vector<std::byte>& bytes) {
  try {
    const TrainedModel model = load(std::span<const std::byte>(bytes), "damaged");
    REQUIRE(model.encoder.vocab_size() == model.network.config.vocab_size);
    if (model.music) REQUIRE(model.music->tempo_bpm >= 4);
    return true;
  } catch (const Error& error) {
    REQUIRE(error.file() == "damaged");
    REQUIRE(error.reason().size() > 10);
    REQUIRE(error.reason().size() < 1000);
    return false;
  }
}

SafetensorsParts parts_of(const TrainedModel& model) {
  const auto path = std::filesystem::temp_directory_path() / "gruve_metadata_damage_test.safetensors";
  save(model, path);
  SafetensorsParts parts(path);
  std::filesystem::remove(path);
  return parts;
}

TrainedModel model_of(const AnyEncoder& encoder) {
  TrainedModel model{
      .network = GruModel<float>({.vocab_size = encoder.vocab_size(), .embedding_size = 2, .hidden_size = 3}),
      .encoder = encoder,
      .music = MusicInfo{93.5, {0, 3, 4}, {60, 93.5}, 1.25, {{0, 3, 4}}},
      .training = R"({"settings":{"seed":1}})"};
  initialize(model.network, 4);
  return model;
}

}  // namespace

TEST_CASE("Whatever a value of a model's metadata is, the model is refused in a sentence or sound",
          "[model][damage]") {
  const AnyEncoder encoder = GENERATE(
      AnyEncoder(EventEncoder(
          {.steps_per_quarter = 4, .velocities = true, .form = true, .channels = true, .microtiming = 2})),
      AnyEncoder(TimestepEncoder()), AnyEncoder(IdEncoder(7)), AnyEncoder(CharEncoder("abc")));
  const SafetensorsParts whole = parts_of(model_of(encoder));
  REQUIRE(is_model(whole.with(whole.header)));
  std::size_t refused = 0;
  for (const auto& [name, text] : whole.header["__metadata__"].items()) {
    const Json value = Json::parse(text.get<std::string>(), nullptr, false);
    if (!value.is_structured()) continue;
    for_each_damage(value, [&, name = name](const Json& changed) {
      Json header = whole.header;
      header["__metadata__"][name] = changed.dump();
      INFO(name << " " << changed.dump());
      refused += is_model(whole.with(header)) ? 0 : 1;
    });
    Json header = whole.header;
    header["__metadata__"][name] = text.get<std::string>() + "]";
    if (name != "gruve.training") CHECK_FALSE(is_model(whole.with(header)));
  }
  CHECK(refused > 200);
}

TEST_CASE("Whatever a value of a model's header is, the model is refused in a sentence or sound",
          "[model][damage]") {
  const SafetensorsParts whole = parts_of(model_of(IdEncoder(7)));
  std::size_t refused = 0;
  for_each_damage(whole.header, [&](const Json& changed) {
    INFO(changed.dump());
    refused += is_model(whole.with(changed)) ? 0 : 1;
  });
  CHECK(refused > 500);
}
