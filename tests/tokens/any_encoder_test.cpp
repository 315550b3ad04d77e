#include "gruve/tokens/any_encoder.hpp"

#include <string>

#include "catch.hpp"

using namespace gruve;
using nlohmann::json;

TEST_CASE("An encoder comes back from its JSON equal", "[tokens][any]") {
  const AnyEncoder seed = TimestepEncoder();
  CHECK(to_json(seed) ==
        json::parse(R"({"type": "timestep", "steps_per_quarter": 24, "repeat_held": true})"));
  CHECK(vocab_size(seed) == 89);
  const AnyEncoder text = CharEncoder("\n \xFF");
  CHECK(to_json(text) == json::parse(R"({"type": "char", "vocabulary": [10, 32, 255]})"));
  CHECK(vocab_size(text) == 3);
  const AnyEncoder events = EventEncoder();
  CHECK(to_json(events) ==
        json::parse(R"({"type": "event", "steps_per_quarter": 24, "velocities": false, "tempos": false})"));
  CHECK(vocab_size(events) == 374);
  for (const AnyEncoder& encoder :
       {seed, text, events, AnyEncoder(TimestepEncoder({.steps_per_quarter = 4, .repeat_held = false})),
        AnyEncoder(EventEncoder({.steps_per_quarter = 4, .velocities = true, .tempos = true}))})
    CHECK(encoder_from_json(json::parse(to_json(encoder).dump()), "m") == encoder);
  CHECK_FALSE(seed == text);
  CHECK_FALSE(seed == AnyEncoder(TimestepEncoder({.steps_per_quarter = 12})));
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
  CHECK(reason("{}") == file + "type is not \"timestep\", \"event\" or \"char\"");
  CHECK(reason(R"({"type": "events"})") == file + "type is not \"timestep\", \"event\" or \"char\"");
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
