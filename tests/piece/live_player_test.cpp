#include "gruve/piece/live_player.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "../error_of.hpp"
#include "catch.hpp"
#include "gruve/model/packed_model.hpp"
#include "untrained.hpp"

using namespace gruve;
using gruve::tests::error_of;
using gruve::tests::untrained;

namespace {

constexpr LiveBlock kBlock = {.num_samples = 512, .sample_rate = 48'000, .bpm = 100};

// The notes of some blocks, each with the number of its block.
template <class Player>
std::vector<std::pair<int, LiveNote>> played(Player& player, int num_blocks) {
  std::vector<std::pair<int, LiveNote>> all;
  std::array<LiveNote, 512> notes;
  for (int block = 0; block < num_blocks; ++block) {
    const std::size_t count = player.process(kBlock, notes);
    for (const LiveNote& note : std::span(notes).first(count)) all.emplace_back(block, note);
  }
  return all;
}

}  // namespace

TEST_CASE("A live player plays what a live generator of its model's encoder does", "[piece][live]") {
  const TimestepEncoder timesteps({.steps_per_quarter = 4});
  const EventEncoder events({.steps_per_quarter = 4});
  const auto same = [](const auto& encoder) {
    const TrainedModel model = untrained(encoder);
    const PackedModel<float> packed(model.network);
    const ControlOptions controls = {.limits = {.metre = {0, 3, 4}}};
    LiveGenerator expected(Generator(packed, encoder, {.temperature = 0.9f}, 5, 0, nullptr, controls),
                           {.metre = {0, 3, 4}});
    LivePlayer player(model, {.sampler = {.temperature = 0.9f}, .seed = 5});
    const auto notes = played(player, 600);
    CHECK(notes.size() > 20);
    CHECK(notes == played(expected, 600));
    // Each note begins before it ends, and ends before it begins again.
    std::set<int> sounding;
    for (const auto& [block, note] : notes) {
      CHECK(note.offset >= 0);
      CHECK(note.offset < kBlock.num_samples);
      CHECK((note.velocity > 0 ? sounding.insert(note.pitch).second : sounding.erase(note.pitch) == 1));
    }
  };
  same(timesteps);
  same(events);
}

TEST_CASE("A live player answers what is played, takes other options, and another model", "[piece][live]") {
  const AnyEncoder encoder = GENERATE(AnyEncoder(TimestepEncoder({.steps_per_quarter = 4})),
                                      AnyEncoder(EventEncoder({.steps_per_quarter = 4})));
  LivePlayer player(untrained(encoder));
  player.listen();
  CHECK(player.is_listening());
  CHECK(player.note_on(60, 90, 0));
  CHECK_FALSE(player.note_on(60, 200, 0));
  std::array<LiveNote, 512> notes;
  player.process(kBlock, notes);
  CHECK(player.note_off(60, 0));
  for (int block = 0; block < 40; ++block) player.process(kBlock, notes);
  player.answer();
  CHECK(played(player, 400).size() > 10);
  CHECK(player.set(SamplerOptions{.top_k = 3}));
  CHECK_FALSE(player.set(SamplerOptions{.temperature = -1}));
  CHECK(player.set(ControlOptions{.max_repeats = 2}));
  player.hand_over(untrained(encoder, 2));
  CHECK(played(player, 400).size() > 10);
  player.collect();
  CHECK(error_of([&] { player.hand_over(untrained(EventEncoder())); }) ==
        "a model of another encoder can't take over from this one");
  CHECK(error_of([] { LivePlayer(untrained(CharEncoder("ab"))); }) ==
        "a model of type \"char\" can't be played live, expected \"timestep\" or \"event\"");
}
