#include "gruve/tokens/any_encoder.hpp"

#include <string>
#include <vector>

#include "../error_of.hpp"
#include "catch.hpp"
#include "custom_encoder.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/tokens/encoder_json.hpp"

using namespace gruve;
using gruve::tests::error_of;
using gruve::tests::SensorEncoder;
using nlohmann::json;

TEST_CASE("An encoder comes back from its JSON equal", "[tokens][any]") {
  const AnyEncoder timesteps = TimestepEncoder();
  CHECK(to_json(timesteps) ==
        json::parse(R"({"type": "timestep", "steps_per_quarter": 24, "repeat_held": true})"));
  CHECK(timesteps.vocab_size() == 89);
  const AnyEncoder text = CharEncoder("\n \xFF");
  CHECK(to_json(text) == json::parse(R"({"type": "char", "vocabulary": [10, 32, 255]})"));
  CHECK(text.vocab_size() == 3);
  const AnyEncoder events = EventEncoder();
  CHECK(to_json(events) ==
        json::parse(R"({"type": "event", "steps_per_quarter": 24, "velocities": false, "tempos": false})"));
  const AnyEncoder with_form = EventEncoder({.steps_per_quarter = 4, .form = true});
  CHECK(to_json(with_form)["form"] == true);
  CHECK(encoder_from_json(to_json(with_form), "m") == with_form);
  CHECK(events.vocab_size() == 374);
  for (const AnyEncoder& encoder :
       {timesteps, text, events, AnyEncoder(IdEncoder(300)),
        AnyEncoder(TimestepEncoder({.steps_per_quarter = 4, .repeat_held = false})),
        AnyEncoder(EventEncoder({.steps_per_quarter = 4, .velocities = true, .tempos = true}))})
    CHECK(encoder_from_json(json::parse(to_json(encoder).dump()), "m") == encoder);
  CHECK_FALSE(timesteps == text);
  CHECK_FALSE(timesteps == AnyEncoder(TimestepEncoder({.steps_per_quarter = 12})));
}

TEST_CASE("An encoder's JSON that is not sound is refused with the file and the reason", "[tokens][any]") {
  const auto reason = [](const char* text) -> std::string {
    try {
      encoder_from_json(json::parse(text), "m.safetensors");
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string file = "m.safetensors: the encoder's ";
  CHECK(reason("[]") == file + "configuration is not a JSON object");
  CHECK(reason("{}") == file + "type is missing or not a string");
  CHECK(reason(R"({"type": "events"})") ==
        file +
            "type is \"events\", which is none of timestep, event, char and ids, nor of the types that were "
            "given to the function that reads the file");
  CHECK(reason(R"({"type": "ids", "vocab_size": 65536})") ==
        file + "vocab_size is not an integer from 1 to 65535");
  const std::string steps = file + "steps_per_quarter is not an integer from 1 to 960";
  CHECK(reason(R"({"type": "timestep", "repeat_held": true})") == steps);
  CHECK(reason(R"({"type": "timestep", "steps_per_quarter": 24.0, "repeat_held": true})") == steps);
  CHECK(reason(R"({"type": "timestep", "steps_per_quarter": 0, "repeat_held": true})") == steps);
  CHECK(reason(R"({"type": "timestep", "steps_per_quarter": 961, "repeat_held": true})") == steps);
  CHECK(reason(R"({"type": "timestep", "steps_per_quarter": 18446744073709551615, "repeat_held": true})") ==
        steps);
  CHECK(reason(R"({"type": "timestep", "steps_per_quarter": 24, "repeat_held": 1})") ==
        file + "repeat_held is not true or false");
  CHECK(reason(R"({"type": "event", "steps_per_quarter": 24, "velocities": false})") ==
        file + "tempos is not true or false");
  CHECK(reason(R"({"type": "event", "steps_per_quarter": 24, "tempos": false})") ==
        file + "velocities is not true or false");
  CHECK(reason(R"({"type": "event"})") == steps);
  CHECK(reason(R"({"type": "char"})") == file + "vocabulary is not a list of 1 to 256 characters");
  CHECK(reason(R"({"type": "char", "vocabulary": []})") ==
        file + "vocabulary is not a list of 1 to 256 characters");
  const std::string bytes = file + "vocabulary is not made of ascending integers from 0 to 255";
  CHECK(reason(R"({"type": "char", "vocabulary": [1, 1]})") == bytes);
  CHECK(reason(R"({"type": "char", "vocabulary": [256]})") == bytes);
  CHECK(reason(R"({"type": "char", "vocabulary": [-1]})") == bytes);
  CHECK(reason(R"({"type": "char", "vocabulary": ["a"]})") == bytes);
}

TEST_CASE("An encoder of a program's own is an AnyEncoder as gruve's are", "[tokens][any]") {
  const AnyEncoder any = SensorEncoder(300);
  CHECK(any.type() == "sensor");
  CHECK(any.vocab_size() == 300);
  CHECK_FALSE(any.is_music());
  CHECK(any.get_if<TimestepEncoder>() == nullptr);
  CHECK(any.as<SensorEncoder>().vocab_size() == 300);
  CHECK(error_of([&] { any.as<EventEncoder>(); }) == "the encoder is of type \"sensor\", expected \"event\"");
  CHECK(any == AnyEncoder(SensorEncoder(300)));
  CHECK_FALSE(any == AnyEncoder(SensorEncoder(301)));
  CHECK(any.features("slope").shape == FeatureShape{.inputs = 3});
  CHECK(error_of([&] { any.features("index"); }) == "a sensor has no feature \"index\"");
  CHECK(error_of([&] { any.decode_song({}); }) == "an encoder of type \"sensor\" does not decode to music");

  const json file = json::parse(to_json(any).dump());
  CHECK(file == json::parse(R"({"type": "sensor", "settings": "300"})"));
  CHECK(encoder_from_json(file, "m", encoder_types<SensorEncoder>()) == any);
  CHECK(error_of([&] { encoder_from_json(file, "m"); }).find("type is \"sensor\", which is none of") !=
        std::string::npos);
  CHECK(error_of([&] {
          encoder_from_json({{"type", "sensor"}, {"settings", "1"}}, "m", encoder_types<SensorEncoder>());
        }) == "m: the encoder's settings are refused: levels of a sensor are at least 2, not \"1\"");
  CHECK(error_of([&] {
          encoder_from_json({{"type", "sensor"}}, "m", encoder_types<SensorEncoder>());
        }) == "m: the encoder's settings are missing or not a string");
}

TEST_CASE("The grammar of an AnyEncoder is that of its encoder, token by token", "[tokens][any]") {
  const auto same = [](const auto& encoder) {
    const AnyEncoder any = encoder;
    Rng rng(5);
    auto state = encoder.start();
    auto any_state = any.start();
    CHECK(any.start_token() == encoder.start_token());
    for (int i = 0; i < 300; ++i) {
      std::vector<Token> allowed;
      for (int token = 0; token < encoder.vocab_size(); ++token) {
        const auto id = static_cast<Token>(token);
        if (encoder.allowed(state, id)) allowed.push_back(id);
        REQUIRE(any.allowed(any_state, id) == encoder.allowed(state, id));
      }
      REQUIRE(any.at_boundary(any_state) == encoder.at_boundary(state));
      const Token next = allowed.at(rng.below(static_cast<std::uint32_t>(allowed.size())));
      if constexpr (requires { encoder.steps(state, next); })
        REQUIRE(any.steps(any_state, next) == encoder.steps(state, next));
      state = encoder.advance(state, next);
      any_state = any.advance(any_state, next);
    }
  };
  same(TimestepEncoder());
  same(EventEncoder({.steps_per_quarter = 4, .velocities = true, .tempos = true}));
  same(CharEncoder("abc"));
  same(IdEncoder(70));
  same(SensorEncoder(60));
}

TEST_CASE("Features of files up to version 0.1 are read from their context", "[tokens][any]") {
  const AnyEncoder encoder = TimestepEncoder();
  const json old = json::parse(R"({"context": {"parts": ["held", "bar", "index"], "bar_steps": 12}})");
  CHECK(features_from_json(old, encoder, "m").description == "index,held,bar=12");
  CHECK(features_from_json(old, encoder, "m") == encoder.features("held,bar=12,index"));
  CHECK_FALSE(
      features_from_json(json::parse(R"({"context": {"parts": [], "bar_steps": 16}})"), encoder, "m").any());
  CHECK_FALSE(features_from_json(json::object(), encoder, "m").any());
  CHECK(error_of([&] {
          features_from_json(json::parse(R"({"context": {"parts": ["bar"]}})"), encoder, "m");
        }) == "m: the configuration's context is not a list of parts and bar_steps");
  CHECK(error_of([&] { features_from_json(json::parse(R"({"features": 3})"), encoder, "m"); }) ==
        "m: the configuration's features are not a string");
  CHECK(error_of([&] { features_from_json(old, AnyEncoder(EventEncoder()), "m"); }) ==
        "m: the event format has no feature \"held\": expected some of place, sounding, repeat, form, "
        "tonality, relative");
  CHECK(error_of([&] { features_from_json(old, AnyEncoder(IdEncoder(5)), "m"); }) ==
        "m: features \"held,bar=12,index\" are requested, but this encoder has none");
}
