#include "gruve/tokens/repeat_finder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/core/state_bytes.hpp"

#include "catch.hpp"

using namespace gruve;

namespace {

using ChordRepeats = RepeatFinder<KeySet>;

KeySet keys(std::initializer_list<int> list) {
  KeySet set;
  for (const int key : list) set.insert(key);
  return set;
}

}  // namespace

TEST_CASE("A set of keys is as a std::set of them", "[tokens][keys]") {
  Rng rng(1);
  for (int trial = 0; trial < 300; ++trial) {
    KeySet set;
    std::set<int> truth;
    for (std::uint32_t i = rng.below(12); i > 0; --i) {
      const int key = static_cast<int>(rng.below(88));
      set.insert(key);
      truth.insert(key);
    }
    std::vector<int> in_order;
    set.for_each([&](int key) { in_order.push_back(key); });
    CHECK(in_order == std::vector<int>(truth.begin(), truth.end()));
    for (int key = 0; key <= 88; ++key) {
      const auto at = truth.lower_bound(key);
      CHECK(set.below(key) == (at == truth.begin() ? -1 : *std::prev(at)));
      std::set<int> rest;
      set.not_below(key).for_each([&](int other) { rest.insert(other); });
      CHECK(rest == std::set<int>(at, truth.end()));
      if (key < 88) CHECK(set.contains(key) == truth.contains(key));
    }
  }
  std::set<std::uint64_t> hashes;
  for (int key = 0; key < 88; ++key) hashes.insert(keys({key}).hash());
  CHECK(hashes.size() == 88);
}

TEST_CASE("A repeat is found at the first change that has been before, and followed until it ends",
          "[tokens][repeat]") {
  const KeySet a = keys({40, 64}), b = keys({87}), c = keys({}), d = keys({0});
  ChordRepeats finder;
  KeySet last;
  const auto play = [&](const KeySet& set, int times = 1) {
    for (; times > 0; --times) finder.advance(set, set != std::exchange(last, set));
  };
  play(a, 3), play(b), play(c, 2), play(d);
  CHECK(finder.length() == 0);
  play(a, 2), play(b);
  CHECK(finder.length() == 0);  // two timesteps of a, not three
  play(a, 3), play(b);
  CHECK(finder.length() == 1);
  CHECK(finder.expected() == c);
  play(c);
  CHECK(finder.length() == 2);
  CHECK(finder.expected() == c);
  play(c);
  CHECK(finder.length() == 2);
  CHECK(finder.expected() == d);
  play(d);
  CHECK(finder.length() == 3);
  CHECK(finder.expected() == a);
  play(b);
  CHECK(finder.length() == 0);
  finder.reset();
  play(a, 3), play(b);
  CHECK(finder.length() == 0);
}

TEST_CASE("What is found is what a search through the whole past finds", "[tokens][repeat]") {
  Rng rng(2);
  ChordRepeats finder;
  for (int trial = 0; trial < 50; ++trial) {
    finder.reset();
    std::vector<int> past;
    const std::uint32_t alphabet = 2 + rng.below(5);
    std::size_t at = 0, length = 0;  // of the timestep that is expected; 0 for none
    for (int step = 0; step < 400; ++step) {
      const int now = static_cast<int>(rng.below(alphabet));
      const bool changes = !past.empty() && past.back() != now;
      if (at > 0 && past[at] != now) at = 0;
      if (at > 0) ++at;
      const auto run_before = [&](std::size_t end) {  // timesteps equal to the one before `end`
        std::size_t run = 1;
        while (run < end && past[end - 1 - run] == past[end - 1]) ++run;
        return run;
      };
      if (changes && at > 0) {
        ++length;
      } else if (changes) {
        for (std::size_t i = past.size() - 1; i > 0 && at == 0; --i)
          if (past[i] == now && past[i - 1] == past.back() && run_before(i) == run_before(past.size()))
            at = i + 1;
        length = 1;
      }
      past.push_back(now);
      finder.advance(keys({now}), changes);
      REQUIRE(finder.length() == (at > 0 ? length : 0));
      if (at > 0) REQUIRE(finder.expected() == keys({past[at]}));
    }
  }
}

TEST_CASE("A repeat is not looked for beyond what is remembered", "[tokens][repeat]") {
  for (const std::size_t between : {ChordRepeats::kTimesteps - 10, ChordRepeats::kTimesteps + 10}) {
    ChordRepeats finder;
    const auto change = [&](int key) { finder.advance(keys({key}), true); };
    change(1), change(2), change(3);
    for (std::size_t i = 0; i < between; ++i) finder.advance(keys({3}), false);
    change(1), change(2);
    CHECK(finder.length() == (between < ChordRepeats::kTimesteps ? 1 : 0));
  }
}

TEST_CASE("Two changes in a row are found as a search through the whole past finds them",
          "[tokens][repeat]") {
  Rng rng(3);
  RepeatFinder<std::int8_t> finder(2);
  for (int trial = 0; trial < 50; ++trial) {
    finder.reset();
    struct Change {
      std::size_t step, run;
      int before, behind;
      bool like(const Change& other) const {
        return run == other.run && before == other.before && behind == other.behind;
      }
    };
    std::vector<std::int8_t> past;
    std::vector<Change> changes;
    std::size_t at = 0, length = 0, run = 0;
    for (int step = 0; step < 400; ++step) {
      const auto now = static_cast<std::int8_t>(rng.below(3));
      if (at > 0 && past[at] != now) at = 0;
      if (at > 0) ++at;
      if (now != 0 && step > 0) {  // an interval of 0 is no change
        changes.push_back({past.size(), run, past.back(), now});
        run = 0;
        const std::size_t n = changes.size();
        if (at > 0) {
          ++length;
        } else if (n >= 2) {
          for (std::size_t i = n - 1; i-- > 1 && at == 0;)
            if (changes[i].like(changes[n - 1]) && changes[i - 1].like(changes[n - 2]))
              at = changes[i].step + 1;
          length = 1;
        }
      }
      ++run;
      past.push_back(now);
      finder.advance(now, now != 0);
      REQUIRE(finder.length() == (at > 0 ? length : 0));
      if (at > 0) REQUIRE(finder.expected() == past[at]);
    }
  }
}

TEST_CASE("After a reset the state is that of a new one, and is read as it was written", "[tokens][repeat]") {
  const auto state_of = [](RepeatFinder<std::int8_t>& finder) {
    std::vector<std::byte> bytes(std::size_t{1} << 20);
    StateBytes writer = StateBytes::writing(bytes);
    finder.transfer(writer);
    bytes.resize(writer.size());
    return bytes;
  };
  Rng rng(4);
  RepeatFinder<std::int8_t> fresh, used;
  for (int i = 0; i < 40000; ++i) used.advance(static_cast<std::int8_t>(rng.below(3)), rng.below(2) == 0);
  used.reset();
  CHECK(state_of(used) == state_of(fresh));
  for (int i = 0; i < 500; ++i) {
    const auto now = static_cast<std::int8_t>(rng.below(3));
    const bool changes = rng.below(2) == 0;
    fresh.advance(now, changes);
    used.advance(now, changes);
  }
  const std::vector<std::byte> state = state_of(used);
  CHECK(state == state_of(fresh));
  RepeatFinder<std::int8_t> other;
  other.advance(1, true);
  StateBytes reader = StateBytes::reading(state);
  other.transfer(reader);
  CHECK(reader.ok());
  CHECK(state_of(other) == state);
}

TEST_CASE("A state that looks back before its beginning is refused", "[tokens][repeat]") {
  RepeatFinder<std::int8_t> finder;
  for (int i = 0; i < 6; ++i) finder.advance(static_cast<std::int8_t>(i % 2), i > 0);
  REQUIRE(finder.length() > 0);
  std::vector<std::byte> state(std::size_t{1} << 16);
  StateBytes writer = StateBytes::writing(state);
  finder.transfer(writer);
  state.resize(writer.size());
  const auto accepts = [&](std::size_t at, std::uint64_t value) {  // in place of a number of 64 bits
    std::vector<std::byte> forged = state;
    std::memcpy(forged.data() + at, &value, sizeof(value));
    StateBytes reader = StateBytes::checking(forged);
    RepeatFinder<std::int8_t>().transfer(reader);
    return reader.ok();
  };
  const std::size_t lag = 16, last_place = state.size() - 8;  // after the steps and the run; at the end
  CHECK(accepts(lag, 6));
  CHECK_FALSE(accepts(lag, 7));
  CHECK(accepts(last_place, 6));
  CHECK_FALSE(accepts(last_place, 7));
  CHECK_FALSE(accepts(last_place, 0));
}
