#include "gruve/tokens/timestep_features.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "../error_of.hpp"
#include "catch.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

using namespace gruve;
using gruve::tests::error_of;

namespace {

constexpr Token kEnd = TimestepEncoder::kEndOfStep;

std::vector<int> inputs_after(const std::string& description, const std::vector<Token>& tokens) {
  TimestepFeatures features(description);
  for (const Token token : tokens) features.advance(token);
  const auto inputs = features.rows().inputs;
  return {inputs.begin(), inputs.end()};
}

using Rows = std::vector<int>;

// The rows of the output layer that are added to the logit of a token.
Rows output_rows(const TimestepFeatures& features, std::size_t token) {
  Rows rows;
  for (const OutputFeature& feature : features.rows().outputs)
    if (feature.token == token) rows.push_back(feature.row);
  return rows;
}

}  // namespace

TEST_CASE("Each feature is what its name says", "[tokens][features]") {
  const std::string index = "index";
  CHECK(inputs_after(index, {}) == Rows{0});
  CHECK(inputs_after(index, {40, 30}) == Rows{2});
  CHECK(inputs_after(index, {40, 30, kEnd}) == Rows{0});
  std::vector<Token> many;
  for (Token key = 88; key-- > 60;) many.push_back(key);
  CHECK(inputs_after(index, many) == Rows{15});

  // The next key below the last token, 88 where there is none, and 89 timesteps behind it its age.
  const std::string held = "held";
  const std::vector<Token> twice = {50, 40, kEnd, 50, kEnd};
  CHECK(inputs_after(held, {}) == Rows{88, 89});
  CHECK(inputs_after(held, twice) == Rows{50, 89 + 2});
  CHECK(inputs_after(held, {50, 40, kEnd}) == Rows{50, 89 + 1});
  CHECK(inputs_after(held, {50, 40, kEnd, 50}) == Rows{40, 89 + 1});
  CHECK(inputs_after(held, {50, 40, kEnd, 45}) == Rows{40, 89 + 1});
  CHECK(inputs_after(held, {50, 40, kEnd, 40}) == Rows{88, 89});
  CHECK(inputs_after(held, {0, kEnd, 0, kEnd}) == Rows{0, 89 + 2});  // the lowest key
  std::vector<Token> long_note;
  for (int step = 0; step < 300; ++step) long_note.insert(long_note.end(), {64, kEnd});
  CHECK(inputs_after(held, long_note) == Rows{64, 89 + 96});

  // From the held key, or else the last token: 24 for itself, from 49 on those of this timestep.
  const std::string intervals = "intervals";
  CHECK(inputs_after(intervals, {}) == Rows{});
  CHECK(inputs_after(intervals, {50, 40}) == Rows{49 + 24, 49 + 34});
  CHECK(inputs_after(intervals, {80, 50, 40, 0, kEnd}) == Rows{0, 0, 0, 24});
  CHECK(inputs_after(intervals, {80, 50, 40, 0, kEnd, 79, 49}) == Rows{0, 24, 34, 48, 49 + 33, 49 + 48});
  CHECK(inputs_after(intervals, {50, kEnd, 45}) == Rows{29, 49 + 24});

  const std::string bar = "bar=3";
  CHECK(inputs_after(bar, {kEnd, kEnd}) == Rows{2});
  CHECK(inputs_after(bar, {kEnd, kEnd, kEnd, 4}) == Rows{0});
}

TEST_CASE("Music that repeats itself is expected to continue so", "[tokens][features]") {
  const std::string repeat = "repeat";
  const std::vector<Token> once = {50, kEnd, 50, kEnd, 52, 40, kEnd, 54, 42, kEnd, 55, kEnd};
  CHECK(inputs_after(repeat, once) == Rows{88});
  std::vector<Token> again = once;
  again.insert(again.end(), {50, kEnd, 50, kEnd});
  CHECK(inputs_after(repeat, again) == Rows{88});  // 55 to 50 has not been before
  again.insert(again.end(), {52, 40, kEnd});
  CHECK(inputs_after(repeat, again) == Rows{42, 54, 88 + 1});
  std::vector<Token> other = again;
  again.push_back(54);
  CHECK(inputs_after(repeat, again) == Rows{42, 54, 88 + 1});
  again.insert(again.end(), {42, kEnd});
  CHECK(inputs_after(repeat, again) == Rows{55, 88 + 2});
  // Neither another key nor a missing one is a repeat.
  other.push_back(53);
  CHECK(inputs_after(repeat, other) == Rows{88 + 7});
  other.back() = 42;
  CHECK(inputs_after(repeat, other) == Rows{88 + 7});

  const std::string relative = "repeat,relative";
  CHECK(TimestepFeatures::shape(relative).outputs == 50 + 52 + 4 + 32);
  TimestepFeatures features(relative);
  for (const Token token : again) features.advance(token);
  const int base = 50 + 52 + 4;
  const auto row = [&](std::size_t token) { return output_rows(features, token)[3]; };
  CHECK(row(55) == base + 8 + 2);
  CHECK(row(54) == base + 2);
  CHECK(row(88) == base + 16 + 2);
  features.advance(55);
  CHECK(row(88) == base + 24 + 2);
}

TEST_CASE("The outer voices are followed on other keys and over other chords", "[tokens][features]") {
  // 60 62 64 over 40 38 40, two timesteps each but for the second, then all of it from other keys.
  const std::vector<Token> once = {60, 40, kEnd, 60, 40, kEnd, 62, 50, 38,  kEnd,
                                   64, 40, kEnd, 64, 40, kEnd, 59, 41, kEnd};
  std::vector<Token> again = once;
  again.insert(again.end(), {70, 30, kEnd, 70, 30, kEnd, 72, 28, kEnd});
  const std::string outer = "outer";
  CHECK(TimestepFeatures::shape(outer).inputs == 2 * 96);
  CHECK(inputs_after(outer, {}) == Rows{88, 96 + 88});
  CHECK(inputs_after(outer, again) == Rows{88, 96 + 88});  // one change more is needed
  again.insert(again.end(), {74, 50, 30, kEnd});
  CHECK(inputs_after(outer, again) == Rows{74, 88 + 1, 96 + 30, 96 + 88 + 1});

  const std::string relative = "outer,relative";
  const auto rows_after = [&](std::vector<Token> more, std::size_t token) {
    TimestepFeatures features(relative);
    for (const Token played : again) features.advance(played);
    for (const Token played : more) features.advance(played);
    return output_rows(features, token)[3] - (50 + 52 + 4);
  };
  CHECK(TimestepFeatures::shape(relative).outputs == 50 + 52 + 4 + 72);
  CHECK(output_rows(TimestepFeatures(relative), 88).size() == 4);
  const std::string both = "repeat,outer,relative";
  CHECK(TimestepFeatures::shape(both).outputs == 50 + 52 + 4 + 32 + 72);
  CHECK(output_rows(TimestepFeatures(both), 88).size() == 5);
  // The highest voice's, at the beginning.
  CHECK(rows_after({}, 75) == 1);
  CHECK(rows_after({}, 74) == 8 + 1);
  CHECK(rows_after({}, 73) == 16 + 1);
  CHECK(rows_after({}, 88) == 48 + 1);
  // The lowest one's behind the first key, whatever that is.
  CHECK(inputs_after(outer, [&] {
          auto t = again;
          t.push_back(74);
          return t;
        }()) == Rows{88 + 1, 96 + 30, 96 + 88 + 1});
  CHECK(inputs_after(outer, [&] {
          auto t = again;
          t.push_back(73);
          return t;
        }()) == Rows{88 + 7, 96 + 30, 96 + 88 + 1});
  CHECK(rows_after({73}, 31) == 24 + 1);
  CHECK(rows_after({73}, 30) == 32 + 1);
  CHECK(rows_after({73}, 29) == 40 + 1);
  CHECK(rows_after({73}, 88) == 56 + 1);
  CHECK(rows_after({73, 30}, 88) == 64 + 1);
  CHECK(rows_after({73, 29}, 88) == 64 + 7);
  // The same where the lowest voice is expected on the lowest key.
  TimestepFeatures low(relative);
  for (const Token played :
       std::initializer_list<Token>{30, 10, 88, 30, 10, 88, 32, 20, 12, 88, 34, 10, 88, 34, 10, 88, 29,
                                    11, 88, 40, 0,  88, 40, 0,  88, 42, 2,  88, 44, 20, 0,  88, 43})
    low.advance(played);
  CHECK(output_rows(low, 88)[3] - (50 + 52 + 4) == 56 + 1);
  CHECK(output_rows(low, 0)[3] - (50 + 52 + 4) == 32 + 1);
  // A silent voice stays where it was.
  again.push_back(kEnd);
  CHECK(inputs_after(outer, again) == Rows{69, 88 + 1, 96 + 31, 96 + 88 + 1});
}

TEST_CASE("The rows of each feature follow those of the one before", "[tokens][features]") {
  const std::string all = "index,held,intervals,bar=2,repeat,outer,relative";
  CHECK(TimestepFeatures::shape(all).inputs == 16 + 89 + 97 + 49 + 49 + 2 + 96 + 192);
  // None is held below key 1, from which the key before, 3, is two semitones away.
  constexpr int kHeld = 16, kIntervals = kHeld + 89 + 97, kBar = kIntervals + 98, kRepeat = kBar + 2,
                kOuter = kRepeat + 96;
  CHECK(inputs_after(all, {7, kEnd, 5, kEnd, 9, kEnd, 3, kEnd, 1}) ==
        Rows{1, kHeld + 88, kHeld + 89, kIntervals + 26, kIntervals + 49 + 24, kBar, kRepeat + 88,
             kOuter + 88, kOuter + 96 + 88});
  CHECK(TimestepFeatures::shape("").inputs == 0);
  CHECK(TimestepFeatures::shape("").outputs == 0);
}

TEST_CASE("Rows of the relative head depend on intervals and copies alone", "[tokens][features]") {
  const std::string options = "relative";
  TimestepFeatures features(options);
  for (const Token token : {Token{50}, kEnd, Token{52}, Token{40}, kEnd, Token{47}}) features.advance(token);
  // Last 47, held 40 (of 52 and 40).
  REQUIRE(features.rows().outputs.size() == 89 * 3);
  const auto row = [&](std::size_t key, std::size_t which) { return output_rows(features, key)[which]; };
  CHECK(row(46, 0) == 0);  // a semitone below the last
  CHECK(row(40, 0) == 6);
  CHECK(row(0, 0) == 46);
  CHECK(row(40, 1) == 50 + 24);  // the held key itself
  CHECK(row(43, 1) == 50 + 27);
  CHECK(row(0, 1) == 50);  // farther than 24 semitones below
  CHECK(row(40, 2) == 50 + 52 + 1);
  CHECK(row(52, 2) == 50 + 52 + 1);
  CHECK(row(50, 2) == 50 + 52);
  CHECK(row(88, 0) == 49);
  CHECK(row(88, 1) == 50 + 50);  // one is held
  CHECK(row(88, 2) == 50 + 52 + 2);
  features.advance(40);
  CHECK(output_rows(features, 88)[1] == 50 + 51);
  CHECK(output_rows(features, 88)[2] == 50 + 52 + 3);

  // All of it moves with the music.
  TimestepFeatures higher(options);
  for (const Token token : {Token{53}, kEnd, Token{55}, Token{43}, kEnd, Token{50}, Token{43}})
    higher.advance(token);
  for (std::size_t key = 0; key < 85; ++key)
    CHECK(output_rows(features, key) == output_rows(higher, key + 3));

  const auto count = static_cast<std::uint16_t>(TimestepFeatures::shape(options).outputs);
  for (const OutputFeature& feature : features.rows().outputs) CHECK(feature.row < count);
}

TEST_CASE("Features that are reset are as new ones, and a copy is independent", "[tokens][features]") {
  const std::string options = "index,held,intervals,bar=2,repeat,outer,relative";
  const auto same = [](const TimestepFeatures& a, const TimestepFeatures& b) {
    return std::ranges::equal(a.rows().inputs, b.rows().inputs) &&
           std::ranges::equal(a.rows().outputs, b.rows().outputs);
  };
  TimestepFeatures fresh(options), used(options);
  for (const Token token : {Token{50}, kEnd, Token{52}, Token{40}, kEnd, Token{47}, kEnd})
    used.advance(token);
  CHECK(!same(fresh, used));
  TimestepFeatures copy = used;
  copy.advance(3);
  CHECK(!same(copy, used));
  used.reset();
  CHECK(same(fresh, used));
}

TEST_CASE("A description of features is read in any order, and refused where it is none",
          "[tokens][features]") {
  const TimestepFeatureOptions options("relative,bar=12,index");
  CHECK(options.description() == "index,bar=12,relative");
  CHECK(options.bar_steps() == 12);
  CHECK(TimestepFeatureOptions("bar").description() == "bar=16");
  CHECK(TimestepFeatureOptions("").description().empty());
  CHECK(options == TimestepFeatureOptions(options.description()));
  const std::string names = ": expected some of index, held, intervals, bar, repeat, outer, relative";
  CHECK(error_of([] { TimestepFeatureOptions("index,hold"); }) ==
        "the timestep format has no feature \"hold\"" + names);
  CHECK(error_of([] { TimestepFeatureOptions("index,,held"); }) ==
        "the timestep format has no feature \"\"" + names);
  for (const char* steps : {"0", "4097", "-1", "1x", ""})
    CHECK(error_of([&] { TimestepFeatures::shape(std::string("bar=") + steps); }) ==
          "the feature bar has \"" + std::string(steps) + "\" timesteps, expected a number from 1 to 4096");
  CHECK(error_of([] { NoFeatures::shape("index"); }) ==
        "features \"index\" are requested, but this encoder has none");
}
