#include "gruve/tokens/event_features.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../error_of.hpp"
#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/note_history.hpp"

using namespace gruve;
using Kind = EventEncoder::Kind;
using gruve::tests::error_of;

namespace {

const EventEncoder kEncoder({.steps_per_quarter = 4, .velocities = true, .form = true});
const std::string kAll = "place,sounding,repeat,form,tonality,relative";

std::vector<int> inputs_of(const EventFeatures& features) {
  const auto inputs = features.rows().inputs;
  return {inputs.begin(), inputs.end()};
}

std::vector<int> rows_of(const EventFeatures& features, Token token) {
  std::vector<int> rows;
  for (const OutputFeature& feature : features.rows().outputs)
    if (feature.token == token) rows.push_back(feature.row);
  return rows;
}

// Notes at random places of some bars, four timesteps a quarter note.
std::vector<Note> random_notes(Rng& rng, std::int64_t bars, std::uint32_t keys) {
  std::vector<Note> notes;
  for (std::int64_t step = 0; step < 16 * bars; step += 1 + rng.below(4))
    for (std::uint32_t i = 0; i <= rng.below(2); ++i)
      notes.push_back({.start = step,
                       .end = step + 1 + rng.below(9),
                       .pitch = 50 + static_cast<int>(rng.below(keys)) + 12 * static_cast<int>(i),
                       .velocity = 4 * static_cast<int>(rng.below(4)) + 42});
  return notes;
}

Song song_of(std::vector<Note> notes, std::int64_t bars) {
  sort_notes(notes);
  return {.ticks_per_quarter = 4, .notes = std::move(notes), .length = 16 * bars};
}

// A theme of some bars, others, and the theme again.
Song with_return(std::uint64_t seed, std::int64_t theme, std::int64_t between) {
  Rng rng(seed, 0);
  std::vector<Note> notes = random_notes(rng, theme, 24);
  for (Note& note : notes) note.end = std::min(note.end, 16 * theme);
  std::vector<Note> all = notes;
  for (Note note : random_notes(rng, between, 24))
    all.push_back({.start = note.start + 16 * theme,
                   .end = std::min(note.end, 16 * between) + 16 * theme,
                   .pitch = note.pitch,
                   .velocity = note.velocity});
  for (Note note : notes)
    all.push_back({.start = note.start + 16 * (theme + between),
                   .end = note.end + 16 * (theme + between),
                   .pitch = note.pitch,
                   .velocity = note.velocity});
  return song_of(std::move(all), 2 * theme + between);
}

// The share of tokens, without those of the form, that a pointer's rows of the output raise; of the tokens
// from one index on.
double expected_share(const std::string& feature, const std::vector<Token>& tokens, std::size_t from) {
  EventFeatures features(feature, kEncoder);
  std::size_t expected = 0, count = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const EventEncoder::Kind kind = kEncoder.event(tokens[i]).kind;
    if (i >= from && kind != EventEncoder::Kind::left && kind != EventEncoder::Kind::repeat) {
      ++count;
      expected += rows_of(features, tokens[i]).empty() ? 0 : 1;
    }
    features.advance(tokens[i]);
  }
  return static_cast<double>(expected) / static_cast<double>(count);
}

std::size_t index_of_bar(const std::vector<Token>& tokens, std::int64_t bar) {
  std::size_t i = 0;
  for (; bar > 0; ++i) bar -= tokens[i] == 0 ? 1 : 0;
  return i;
}

}  // namespace

TEST_CASE("A repeat is expected from its fifth note on, to the end", "[tokens][features]") {
  const auto seed = GENERATE(range<std::uint64_t>(1, 6));
  const std::vector<Token> tokens = kEncoder.encode(with_return(seed, 8, 5));
  std::size_t from = index_of_bar(tokens, 13);
  for (int notes = 0; notes < 5; ++from)
    notes += kEncoder.event(tokens[from]).kind == EventEncoder::Kind::key;
  // The last note but one may have a duration or a velocity of its own, as those before it differ.
  CHECK(expected_share("repeat", tokens, from) > 0.98);
  CHECK(expected_share("repeat", tokens, 0) < 0.8);
}

TEST_CASE("A bar that the form returns to is expected from its first token on", "[tokens][features]") {
  const auto seed = GENERATE(range<std::uint64_t>(1, 6));
  const std::vector<Token> tokens = kEncoder.encode(with_return(seed, 8, 5));
  CHECK(expected_share("form", tokens, index_of_bar(tokens, 13)) > 0.97);
  std::vector<Token> without;
  for (const Token token : tokens)
    if (kEncoder.event(token).kind != EventEncoder::Kind::repeat) without.push_back(token);
  CHECK(expected_share("form", without, 0) == 0);
}

TEST_CASE("A return of several parts is expected, channel by channel", "[tokens][features]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .form = true, .channels = true});
  const auto seed = GENERATE(range<std::uint64_t>(1, 6));
  Song song = with_return(seed, 8, 5);
  Rng rng(seed, 1);
  std::array<int, 128> channel{};
  for (int& each : channel) each = std::array{0, 1, kDrumChannel}[rng.below(3)];
  for (Note& note : song.notes) note.channel = channel[static_cast<std::size_t>(note.pitch)];
  sort_notes(song.notes);
  song.programs = {{0, 1, 33}};
  const std::vector<Token> tokens = encoder.encode(song);
  for (const std::string feature : {"repeat", "form"}) {
    CAPTURE(feature);
    EventFeatures features(feature, encoder);
    std::size_t expected = 0, count = 0, notes = 0;
    const std::size_t from = index_of_bar(tokens, 13);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const EventEncoder::Kind kind = encoder.event(tokens[i]).kind;
      if (i >= from && (feature == "form" || notes >= 5) && kind != EventEncoder::Kind::left &&
          kind != EventEncoder::Kind::repeat) {
        ++count;
        expected += rows_of(features, tokens[i]).empty() ? 0 : 1;
      }
      notes += i >= from && kind == EventEncoder::Kind::key ? 1 : 0;
      features.advance(tokens[i]);
    }
    CHECK(static_cast<double>(expected) > 0.97 * static_cast<double>(count));
  }
}

TEST_CASE("A pointer's reliability counts notes, not tokens", "[tokens][features]") {
  // Twelve notes whose durations alternate, twice: each has a key, a duration and a position.
  const EventEncoder encoder({.steps_per_quarter = 4});
  Song song{.ticks_per_quarter = 4, .length = 96};
  for (std::int64_t i = 0; i < 24; ++i)
    song.notes.push_back({4 * i, 4 * i + 1 + i % 2, 50 + static_cast<int>(i % 12), 80});
  EventFeatures features("repeat", encoder);
  int notes = 0;
  for (const Token token : encoder.encode(song)) {
    features.advance(token);
    if (encoder.event(token).kind != EventEncoder::Kind::key) continue;
    ++notes;
    // Found at the fourth note of the second time, with four equal ones.
    const int run = notes < 16 ? 0 : notes - 12;
    const int r = run == 0 ? 0 : run <= 4 ? 3 : run <= 8 ? 4 : 5;
    REQUIRE(inputs_of(features).front() == (run == 0 ? 0 : 1 + 4 * r));
  }
}

TEST_CASE("A note that the repeat does not have is given no length by it", "[tokens][features]") {
  const auto seed = GENERATE(range<std::uint64_t>(1, 6));
  const std::vector<Token> tokens = kEncoder.encode(with_return(seed, 8, 5));
  const auto raised = [](const EventFeatures& features) {  // tokens of lengths
    std::size_t count = 0;
    for (const OutputFeature& feature : features.rows().outputs)
      count += kEncoder.event(feature.token).kind == Kind::duration ? 1 : 0;
    return count;
  };
  EventFeatures features("repeat", kEncoder);
  std::size_t others = 0;
  const std::size_t from = index_of_bar(tokens, 14);
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const EventEncoder::Event event = kEncoder.event(tokens[i]);
    if (i > from && event.kind == Kind::key && !rows_of(features, tokens[i]).empty()) {
      EventFeatures played = features, other = features;
      played.advance(tokens[i]);
      if (kEncoder.event(tokens[i + 1]).kind == Kind::duration) CHECK(raised(played) > 0);
      const Token below = kEncoder.token({Kind::key, event.value - 1});
      const auto next = tokens.begin() + static_cast<std::ptrdiff_t>(i);
      const auto soon = next + std::min<std::ptrdiff_t>(6, tokens.end() - next);  // of the same chord
      if (std::find(next, soon, below) == soon) {
        other.advance(below);
        CHECK(raised(other) == 0);
        ++others;
      }
    }
    features.advance(tokens[i]);
  }
  CHECK(others > 20);
}

TEST_CASE("A state whose note has no channel of MIDI is refused", "[tokens][features]") {
  for (const int channel : {-1, 0, EventGrammar::kNumChannels - 1, EventGrammar::kNumChannels}) {
    NoteHistory notes, read;
    notes.push({.step = 1, .duration = 2, .key = 3, .channel = static_cast<std::int8_t>(channel)});
    std::vector<std::byte> bytes(64);
    StateBytes writer = StateBytes::writing(bytes);
    notes.transfer(writer, true);
    StateBytes reader = StateBytes::checking(bytes);
    read.transfer(reader, true);
    CHECK(reader.ok() == (channel >= 0 && channel < EventGrammar::kNumChannels));
  }
}

TEST_CASE("All keys at once have all their features", "[tokens][features]") {
  // The most rows that there can be: the sanitizer sees one that has no room.
  const EventEncoder encoder({.steps_per_quarter = 4, .form = true, .channels = true});
  const FeatureShape shape = EventFeatures::shape(kAll, encoder);
  Song song{.ticks_per_quarter = 4, .length = 16 * 12};
  for (std::int64_t bar = 0; bar < 12; ++bar)
    for (int pitch = kLowestKey; pitch <= kHighestKey; ++pitch)
      song.notes.push_back({16 * bar, 16 * bar + 16, pitch, 80, 3});
  sort_notes(song.notes);
  EventFeatures features(kAll, encoder);
  std::size_t most = 0;
  for (const Token token : encoder.encode(song)) {
    features.advance(token);
    most = std::max(most, features.rows().inputs.size());
    for (const int row : features.rows().inputs) REQUIRE(row < shape.inputs);
    for (const OutputFeature& feature : features.rows().outputs) REQUIRE(feature.row < shape.outputs);
  }
  CHECK(most == kNumKeys + 11);
  // And tokens that the grammar does not allow, as a damaged corpus has, touch nothing else.
  EventFeatures other(kAll, encoder);
  Rng rng(1, 0);
  for (int i = 0; i < 20'000; ++i) {
    other.advance(static_cast<Token>(rng.below(static_cast<std::uint32_t>(encoder.vocab_size()))));
    for (const int row : other.rows().inputs) REQUIRE(row < shape.inputs);
    for (const OutputFeature& feature : other.rows().outputs) REQUIRE(feature.row < shape.outputs);
  }
}

TEST_CASE("Drums have no key, no intervals and no length", "[tokens][features]") {
  const EventEncoder encoder({.steps_per_quarter = 4, .channels = true});
  EventFeatures features("sounding,relative,tonality", encoder), intervals("relative", encoder);
  const auto push = [&](Kind kind, int value) {
    features.advance(encoder.token({kind, value}));
    intervals.advance(encoder.token({kind, value}));
  };
  const auto rows_of_keys = [&] { return rows_of(features, encoder.token({Kind::key, 3})).size(); };
  push(Kind::channel, 0);
  push(Kind::key, 40);
  push(Kind::duration, 16);
  const std::vector<int> inputs = inputs_of(features);
  CHECK(rows_of_keys() == 4);
  push(Kind::channel, kDrumChannel);
  push(Kind::key, 15);
  push(Kind::duration, 16);
  CHECK(inputs_of(features) == inputs);
  CHECK(rows_of_keys() == 0);
  // The interval is that from the channel's own last note.
  push(Kind::position, 4);
  push(Kind::channel, 1);
  push(Kind::key, 60);
  push(Kind::duration, 1);
  push(Kind::position, 8);
  push(Kind::channel, 0);
  const std::vector<int> after_40 = rows_of(intervals, encoder.token({Kind::key, 42}));
  EventFeatures alone("relative", encoder);
  for (const auto& [kind, value] : {std::pair(Kind::channel, 0), std::pair(Kind::key, 40),
                                    std::pair(Kind::duration, 16), std::pair(Kind::position, 8)})
    alone.advance(encoder.token({kind, value}));
  CHECK(after_40 == rows_of(alone, encoder.token({Kind::key, 42})));
}

TEST_CASE("The latest place of the last notes is found, whatever lies between", "[tokens][features]") {
  // Against a search through all notes; few keys and distances, so that there are many places.
  Rng rng(3, 0);
  NoteHistory notes;
  NoteFinder finder;
  std::uint32_t step = 0;
  std::vector<PlayedNote> all;
  for (std::uint32_t i = 0; i < 3 * NoteHistory::kNotes; ++i) {
    step += rng.below(3);
    all.push_back({.step = step, .duration = 1, .key = static_cast<std::int8_t>(rng.below(3))});
    notes.push(all.back());
    const NoteFinder::Match match = finder.advance(notes);
    if (i % 997 != 0 && i > 100) continue;
    const auto same = [&](std::size_t earlier) {  // notes before an index that equal the last ones
      std::size_t length = 0;
      while (length < NoteFinder::kLongest && earlier - length > notes.begin()) {
        const PlayedNote &a = all[earlier - length - 1], &b = all[all.size() - length - 1];
        if (a.key != b.key ||
            (length > 0 && all[earlier - length].step - a.step != all[all.size() - length].step - b.step))
          break;
        ++length;
      }
      return length;
    };
    NoteFinder::Match wanted;
    for (std::size_t at = all.size() - 1; at > notes.begin() && wanted.length == 0; --at)
      if (same(at) >= NoteFinder::kOrder)
        wanted = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(same(at))};
    REQUIRE(match.length == wanted.length);
    if (wanted.length > 0) REQUIRE(match.next == wanted.next);
    NoteFinder again;
    again.take(notes);
    notes.push({.step = step + 1, .duration = 1, .key = 1});  // and after reading a state
    NoteFinder copy = finder;
    REQUIRE(again.advance(notes).next == copy.advance(notes).next);
    finder.advance(notes);
    all.push_back(notes.back());
    ++step;
  }
}

TEST_CASE("Features of events are what their names say", "[tokens][features]") {
  const auto token = [](Kind kind, int value) { return kEncoder.token({kind, value}); };
  const int V = kEncoder.vocab_size();

  EventFeatures place("place", kEncoder);
  CHECK(EventFeatures::shape("place", kEncoder) == FeatureShape{24 + 16, 0});
  CHECK(inputs_of(place) == std::vector<int>{0, 24});
  place.advance(0);
  place.advance(token(Kind::position, 5));
  CHECK(inputs_of(place) == std::vector<int>{5, 24 + 1});

  EventFeatures sounding("sounding", kEncoder);
  for (const Token next : {token(Kind::key, 50), token(Kind::duration, 6), token(Kind::velocity, 20),
                           token(Kind::key, 40), token(Kind::duration, 2)})
    sounding.advance(next);
  CHECK(inputs_of(sounding) == std::vector<int>{40, 50});
  sounding.advance(token(Kind::position, 2));
  CHECK(inputs_of(sounding) == std::vector<int>{50});
  sounding.advance(token(Kind::key, 45));  // as long as the note before
  CHECK(inputs_of(sounding) == std::vector<int>{45, 50});

  EventFeatures form("form", kEncoder);
  CHECK(EventFeatures::shape("form", kEncoder) == FeatureShape{33 + V + 16 + 10, 33});
  CHECK(inputs_of(form) == std::vector<int>{0, 33 + V, 33 + V + 16});
  form.advance(token(Kind::left, 8));
  CHECK(inputs_of(form) == std::vector<int>{0, 33 + V, 33 + V + 16 + 9});
  form.advance(0);
  CHECK(inputs_of(form) == std::vector<int>{0, 33 + V + 1, 33 + V + 16 + 8});
  for (int bars = 2; bars < 40; ++bars) {
    form.advance(0);
    CHECK(inputs_of(form)[1] == 33 + V + std::min(bars, 15));
  }

  // The key of the notes, and each key's degree in it.
  EventFeatures tonality("tonality", kEncoder);
  CHECK(EventFeatures::shape("tonality", kEncoder) == FeatureShape{25, 24});
  CHECK(inputs_of(tonality) == std::vector<int>{0});
  CHECK(tonality.rows().outputs.empty());
  for (const int key : {51, 46, 43, 39})  // C G E C, downwards
    for (const Token next : {token(Kind::key, key), token(Kind::position, 23 - key / 4)})
      tonality.advance(next);
  CHECK(inputs_of(tonality) == std::vector<int>{1});
  CHECK(rows_of(tonality, token(Kind::key, 39)) == std::vector<int>{0});
  CHECK(rows_of(tonality, token(Kind::key, 45)) == std::vector<int>{6});
  CHECK(rows_of(tonality, token(Kind::key, 38)) == std::vector<int>{11});
  CHECK(rows_of(tonality, token(Kind::key, 0)) == std::vector<int>{9});  // the lowest A

  // An interval's row is the same on every key.
  EventFeatures low("relative", kEncoder), high("relative", kEncoder);
  CHECK(EventFeatures::shape("relative", kEncoder) == FeatureShape{0, 1 + 48 + 50 + 50});
  for (const auto& [features, up] : {std::pair(&low, 0), std::pair(&high, 5)})
    for (const Token next : {token(Kind::key, 50 + up), token(Kind::duration, 6), token(Kind::velocity, 20),
                             token(Kind::key, 40 + up), token(Kind::position, 4), token(Kind::key, 52 + up)})
      features->advance(next);
  for (int key = 0; key < 52; ++key)
    CHECK(rows_of(low, token(Kind::key, key)) == rows_of(high, token(Kind::key, key + 5)));
  // Five below the last key; three below the highest and seven above the lowest before.
  CHECK(rows_of(low, token(Kind::key, 47)) == std::vector<int>{0, 1 + 4, 1 + 48 + 50 + 24 + 7});
  CHECK(rows_of(low, token(Kind::key, 52)).empty());  // not below
  low.advance(token(Kind::position, 6));
  CHECK(rows_of(low, token(Kind::key, 55)) == std::vector<int>{0, 1 + 48 + 24 + 3, 1 + 48 + 50 + 24 + 3});
}

TEST_CASE("Features of events follow from the tokens before alone, and stay in their shape",
          "[tokens][features]") {
  const bool has_parts = GENERATE(false, true);
  const EventEncoder encoder =
      has_parts
          ? EventEncoder(
                {.steps_per_quarter = 4, .form = true, .channels = true, .pedal = true, .microtiming = 4})
          : kEncoder;
  Song song = with_return(9, 12, 3);
  for (Note& note : song.notes) note.channel = note.pitch % 2 == 0 ? 0 : note.pitch % 10;
  song.programs = {{0, 1, 33}, {200, 3, 11}};
  song.pedal = {{10, 0, true}, {20, 0, false}, {30, 3, true}};
  const std::vector<Token> tokens = encoder.encode(song);
  const FeatureShape shape = EventFeatures::shape(kAll, encoder);
  EventFeatures features(kAll, encoder), used(kAll, encoder);
  for (const Token token : encoder.encode(with_return(8, 5, 5))) used.advance(token);
  used.reset();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    features.advance(tokens[i]);
    used.advance(tokens[i]);
    REQUIRE(std::ranges::equal(features.rows().inputs, used.rows().inputs));
    REQUIRE(std::ranges::equal(features.rows().outputs, used.rows().outputs));
    for (const int row : features.rows().inputs) REQUIRE(row < shape.inputs);
    for (const OutputFeature& feature : features.rows().outputs) {
      REQUIRE(feature.row < shape.outputs);
      REQUIRE(feature.token < encoder.vocab_size());
    }
    if (i % 100 != 0) continue;
    // Through bytes into an object that was elsewhere.
    StateBytes size = StateBytes::measuring();
    features.transfer(size);
    std::vector<std::byte> bytes(size.size());
    StateBytes written = StateBytes::writing(bytes);
    features.transfer(written);
    REQUIRE(written.ok());
    EventFeatures other(kAll, encoder);
    for (const Token token : encoder.encode(with_return(7, 2, 5))) other.advance(token);
    StateBytes checked = StateBytes::checking(bytes);
    other.transfer(checked);
    REQUIRE(checked.ok());
    StateBytes read = StateBytes::reading(bytes);
    other.transfer(read);
    EventFeatures copy = features;
    for (std::size_t j = i; j < std::min(i + 400, tokens.size()); ++j) {
      REQUIRE(std::ranges::equal(copy.rows().inputs, other.rows().inputs));
      REQUIRE(std::ranges::equal(copy.rows().outputs, other.rows().outputs));
      if (j + 1 == tokens.size()) break;
      copy.advance(tokens[j + 1]);
      other.advance(tokens[j + 1]);
    }
  }
}

TEST_CASE("Descriptions of features of events are checked", "[tokens][features]") {
  CHECK(EventFeatures::canonical("relative,place") == "place,relative");
  CHECK(EventFeatures::shape("", kEncoder) == FeatureShape{});
  CHECK(error_of([] { EventFeatures::shape("held", kEncoder); }) ==
        "the event format has no feature \"held\": expected some of place, sounding, repeat, form, tonality, "
        "relative");
  const EventEncoder plain({.steps_per_quarter = 4});
  CHECK(error_of([&] { EventFeatures("form", plain); }) ==
        "the feature form needs tokens for the form (EventOptions::form, --form)");
}
