// What is heard of the études is measured from their notes alone; the plan says only what to expect.
#include "gruve/etudes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/hash.hpp"

#include "catch.hpp"

namespace {

using gruve::Note;
using gruve::Song;
using gruve::etudes::Cadence;
using gruve::etudes::compose_etude;
using gruve::etudes::EtudePlan;
using gruve::etudes::Key;
using gruve::etudes::plan_etude;
using gruve::etudes::Texture;

constexpr std::uint64_t kSeed = 1;
constexpr int kPieces = 100;
constexpr std::int64_t kSixteenth = 120;

struct Etude {
  EtudePlan plan;
  Song song;
};

const std::vector<Etude>& etudes() {
  static const std::vector<Etude> all = [] {
    std::vector<Etude> composed;
    for (std::uint64_t index = 0; index < kPieces; ++index)
      composed.push_back({plan_etude(kSeed, index), compose_etude(kSeed, index)});
    return composed;
  }();
  return all;
}

std::int64_t bar_ticks(const Song& song) {
  const auto& metre = song.time_signatures.front();
  return song.ticks_per_quarter * 4 * metre.numerator / metre.denominator;
}

// Pitches that sound at a tick, lowest first.
std::vector<int> sounding(const Song& song, std::int64_t tick) {
  std::vector<int> pitches;
  for (const Note& note : song.notes)
    if (note.start <= tick && tick < note.end) pitches.push_back(note.pitch);
  std::sort(pitches.begin(), pitches.end());
  return pitches;
}

// Notes of one hand that begin in [from, to), in time.
std::vector<Note> onsets(const Song& song, int channel, std::int64_t from, std::int64_t to) {
  std::vector<Note> notes;
  for (const Note& note : song.notes)
    if (note.channel == channel && note.start >= from && note.start < to) notes.push_back(note);
  return notes;
}

bool in_scale(const Key& key, int pitch) {
  // Major; or natural minor with the raised leading tone.
  const std::set<int> scale = key.minor ? std::set{0, 2, 3, 5, 7, 8, 10, 11} : std::set{0, 2, 4, 5, 7, 9, 11};
  return scale.count((pitch - key.tonic + 12) % 12) == 1;
}

// The key whose profile correlates best with how long each pitch class sounds.
// Source: Krumhansl and Kessler 1982, table in Krumhansl 1990, "Cognitive Foundations of Musical Pitch",
// p. 30.
std::pair<int, bool> estimate_key(const Song& song) {
  constexpr std::array<std::array<double, 12>, 2> kProfiles{
      {{6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88},
       {6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17}}};
  std::array<double, 12> weight{};
  double total = 0;
  for (const Note& note : song.notes) {
    weight[static_cast<std::size_t>(note.pitch % 12)] += static_cast<double>(note.end - note.start);
    total += static_cast<double>(note.end - note.start);
  }
  std::pair<int, bool> best;
  double best_correlation = -2;
  for (std::size_t mode = 0; mode < 2; ++mode) {
    double profile_mean = 0;
    for (const double value : kProfiles[mode]) profile_mean += value / 12;
    for (std::size_t tonic = 0; tonic < 12; ++tonic) {
      double product = 0, squares = 0, profile_squares = 0;
      for (std::size_t pitch_class = 0; pitch_class < 12; ++pitch_class) {
        const double x = weight[pitch_class] - total / 12;
        const double y = kProfiles[mode][(pitch_class + 12 - tonic) % 12] - profile_mean;
        product += x * y;
        squares += x * x;
        profile_squares += y * y;
      }
      const double correlation = product / std::sqrt(squares * profile_squares);
      if (correlation > best_correlation) {
        best_correlation = correlation;
        best = {static_cast<int>(tonic), mode == 1};
      }
    }
  }
  return best;
}

// A hash of what is played, without velocities, moved to C.
std::uint64_t hash_of(const Song& song, int tonic) {
  std::vector<std::int64_t> values{bar_ticks(song)};
  for (const Note& note : song.notes) values.insert(values.end(), {note.start, note.end, note.pitch - tonic});
  return gruve::content_hash(std::as_bytes(std::span(values)));
}

}  // namespace

TEST_CASE("An étude is the same in each call and another for another index or seed", "[program][etudes]") {
  for (std::uint64_t index = 0; index < 10; ++index) {
    CHECK(compose_etude(kSeed, index) == compose_etude(kSeed, index));
    CHECK(compose_etude(kSeed, index) != compose_etude(kSeed, index + 1));
    CHECK(compose_etude(kSeed, index) != compose_etude(kSeed + 1, index));
  }
}

TEST_CASE("The études are the same on every machine", "[program][etudes]") {
  // Pinned on g++ 12 and clang 14, x86-64. A change of the rules of composition changes it; a compiler must
  // not.
  std::uint64_t hash = 0;
  for (std::uint64_t index = 0; index < 20; ++index)
    hash = 31 * hash + hash_of(compose_etude(kSeed, index), 0);
  CHECK(hash == 0x473026274498b176u);
}

TEST_CASE("Of 2000 études no two are alike, not even in different keys", "[program][etudes]") {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t index = 0; index < 2000; ++index)
    hashes.insert(hash_of(compose_etude(7, index), plan_etude(7, index).key.tonic));
  CHECK(hashes.size() == 2000);
}

TEST_CASE("A hundred études use every metre, key, form and texture", "[program][etudes]") {
  std::set<std::pair<int, int>> metres;
  std::set<std::pair<int, bool>> keys;
  std::set<std::string> forms;
  std::set<Texture> textures;
  for (const auto& [plan, song] : etudes()) {
    metres.insert({song.time_signatures.front().numerator, song.time_signatures.front().denominator});
    keys.insert({plan.key.tonic, plan.key.minor});
    forms.insert(plan.form);
    for (const auto& section : plan.sections) textures.insert(section.texture);
  }
  CHECK(metres == std::set<std::pair<int, int>>{{2, 4}, {3, 4}, {4, 4}, {6, 8}});
  CHECK(keys.size() == 9);
  CHECK(forms == std::set<std::string>{"AABA", "AABB", "ABA", "ABACA"});
  CHECK(textures.size() == 6);
}

TEST_CASE("An étude lasts 45 to 100 seconds and whole bars", "[program][etudes]") {
  for (const auto& [plan, song] : etudes()) {
    CHECK(gruve::duration_seconds(song) > 45);
    CHECK(gruve::duration_seconds(song) < 100);
    CHECK(song.length == plan.num_bars * bar_ticks(song));
    CHECK(song.time_signatures.size() == 1);
    for (const Note& note : song.notes) REQUIRE(note.end <= song.length);
  }
}

TEST_CASE("All times lie on the grid of sixteenths and all pitches from A1 to C6", "[program][etudes]") {
  for (const auto& etude : etudes()) {
    CHECK(etude.song.ticks_per_quarter == 480);
    for (const Note& note : etude.song.notes) {
      REQUIRE(note.start % kSixteenth == 0);
      REQUIRE(note.end % kSixteenth == 0);
      REQUIRE(note.end > note.start);
      REQUIRE(note.pitch >= 33);
      REQUIRE(note.pitch <= 84);
      REQUIRE(note.velocity >= 40);
      REQUIRE(note.velocity <= 110);
    }
  }
}

TEST_CASE("A key is struck again only after a sixteenth of silence, by either hand", "[program][etudes]") {
  for (const auto& etude : etudes()) {
    std::map<int, std::vector<Note>> by_pitch;
    for (const Note& note : etude.song.notes) by_pitch[note.pitch].push_back(note);
    for (const auto& [pitch, notes] : by_pitch)
      for (std::size_t i = 1; i < notes.size(); ++i) REQUIRE(notes[i].start >= notes[i - 1].end + kSixteenth);
  }
}

TEST_CASE("Two to four notes sound at once, three in the mean", "[program][etudes]") {
  std::map<std::size_t, int> counts;
  double sum = 0;
  int times = 0;
  for (const auto& etude : etudes()) {
    for (std::int64_t tick = 0; tick < etude.song.length; tick += kSixteenth) {
      const std::size_t notes = sounding(etude.song, tick).size();
      ++counts[notes];
      sum += static_cast<double>(notes);
      ++times;
    }
  }
  CHECK(counts.rbegin()->first <= 4);
  // Less than two where a repeated note is lifted.
  CHECK(counts[0] + counts[1] < times / 30);
  CHECK(sum / times == Approx(3.0).margin(0.3));
}

TEST_CASE("Both hands play in every bar, the right above the left", "[program][etudes]") {
  int bars = 0, with_both = 0;
  for (const auto& etude : etudes()) {
    const std::int64_t bar = bar_ticks(etude.song);
    for (std::int64_t start = 0; start < etude.song.length; start += bar) {
      ++bars;
      with_both += !onsets(etude.song, 0, start, start + bar).empty() &&
                   !onsets(etude.song, 1, start, start + bar).empty();
    }
    for (std::int64_t tick = 0; tick < etude.song.length; tick += kSixteenth) {
      int right = 128, left = 0;
      for (const Note& note : etude.song.notes) {
        if (note.start > tick || note.end <= tick) continue;
        if (note.channel == 0)
          right = std::min(right, note.pitch);
        else
          left = std::max(left, note.pitch);
      }
      REQUIRE(right > left);
    }
  }
  CHECK(with_both == bars);
}

TEST_CASE("An étude keeps its key", "[program][etudes]") {
  int agree = 0;
  for (const auto& [plan, song] : etudes()) {
    double inside = 0, all = 0;
    for (const Note& note : song.notes) {
      const auto length = static_cast<double>(note.end - note.start);
      all += length;
      inside += in_scale(plan.key, note.pitch) ? length : 0;
    }
    CHECK(inside / all >= 0.95);
    agree += estimate_key(song) == std::pair(plan.key.tonic, plan.key.minor);
  }
  CHECK(agree >= 95);
}

TEST_CASE("An étude keeps its metre: its bar is where onsets and accents come back", "[program][etudes]") {
  for (const auto& [plan, song] : etudes()) {
    const auto bar = static_cast<std::size_t>(bar_ticks(song) / kSixteenth);
    // In each phase of the bar the velocities of the loudest onsets, summed over all bars.
    std::map<std::int64_t, int> loudest;
    for (const Note& note : song.notes) loudest[note.start] = std::max(loudest[note.start], note.velocity);
    std::vector<int> by_phase(bar, 0);
    for (const auto& [tick, velocity] : loudest)
      by_phase[static_cast<std::size_t>(tick / kSixteenth) % bar] += velocity;
    CHECK(std::max_element(by_phase.begin(), by_phase.end()) == by_phase.begin());
    // Between the eighths there is less than on them.
    int on = 0, between = 0;
    for (std::size_t phase = 0; phase < bar; ++phase) (phase % 2 == 0 ? on : between) += by_phase[phase];
    CHECK(on > between);
  }
}

TEST_CASE("An étude ends on a long tonic triad after the dominant", "[program][etudes]") {
  for (const auto& [plan, song] : etudes()) {
    const std::int64_t bar = bar_ticks(song);
    const std::vector<int> last = sounding(song, song.length - 1);
    CHECK(last == sounding(song, song.length - bar));
    const auto degree = [&key = plan.key](int pitch) { return (pitch - key.tonic + 12) % 12; };
    const int third = plan.key.minor ? 3 : 4;
    CHECK(degree(last.front()) == 0);
    CHECK(degree(last.back()) == 0);
    std::set<int> degrees;
    for (const int pitch : last) degrees.insert(degree(pitch));
    CHECK(degrees.count(third) == 1);
    for (const int sounds : degrees) CHECK((sounds == 0 || sounds == third || sounds == 7));
    // The chord before: the dominant, with the leading tone in one of the voices of the last half bar.
    std::set<int> before;
    for (const Note& note : song.notes)
      if (note.start < song.length - bar && note.end > song.length - bar - bar / 2)
        before.insert(degree(note.pitch));
    CHECK(before.count(7) == 1);
    CHECK(before.count(11) == 1);
  }
}

TEST_CASE("Each phrase comes to rest on the chord of its cadence", "[program][etudes]") {
  std::map<Cadence, int> found;
  for (const auto& [plan, song] : etudes()) {
    const std::int64_t bar = bar_ticks(song);
    for (const auto& phrase : plan.phrases) {
      const std::int64_t arrival = (phrase.first_bar + 3) * bar;
      ++found[phrase.cadence];
      // The melody's goal is the longest note of its bar, at least a third of it.
      const std::vector<Note> melody = onsets(song, 0, arrival, arrival + bar);
      REQUIRE(!melody.empty());
      CHECK(melody.front().start == arrival);
      CHECK(melody.front().end - arrival >= bar / 3);
      // The bass note on which it stands.
      const std::vector<Note> left = onsets(song, 1, arrival, arrival + kSixteenth);
      REQUIRE(!left.empty());
      const int bass = (left.front().pitch - plan.key.tonic + 12) % 12;
      const int soprano = (melody.front().pitch - plan.key.tonic + 12) % 12;
      if (phrase.cadence == Cadence::Half) CHECK(bass == 7);
      if (phrase.cadence == Cadence::Deceptive) CHECK(bass == (plan.key.minor ? 8 : 9));
      if (phrase.cadence == Cadence::Authentic) CHECK(std::pair(bass, soprano) == std::pair(0, 0));
    }
  }
  CHECK(found.size() == 4);
}

TEST_CASE("A section that returns brings the same melody back", "[program][etudes]") {
  int returns = 0;
  for (const auto& [plan, song] : etudes()) {
    const std::int64_t bar = bar_ticks(song);
    std::map<char, std::set<std::pair<std::int64_t, int>>> first;
    std::map<char, std::map<char, int>> same;
    for (const auto& section : plan.sections) {
      std::set<std::pair<std::int64_t, int>> melody;
      const std::int64_t start = section.first_bar * bar;
      for (const Note& note : onsets(song, 0, start, start + section.num_bars * bar))
        melody.insert({note.start - start, note.pitch});
      if (first.count(section.label) == 0) {
        // A section that is new does not repeat one that was there; a coda may recall the theme.
        for (const auto& [label, other] : first) {
          std::vector<std::pair<std::int64_t, int>> common;
          std::set_intersection(melody.begin(), melody.end(), other.begin(), other.end(),
                                std::back_inserter(common));
          if (section.label != 'z') CHECK(common.size() < melody.size() / 2);
        }
        first[section.label] = melody;
        continue;
      }
      ++returns;
      std::vector<std::pair<std::int64_t, int>> common;
      std::set_intersection(melody.begin(), melody.end(), first[section.label].begin(),
                            first[section.label].end(), std::back_inserter(common));
      // Ornaments add notes and a lead-in may differ.
      CHECK(common.size() + 2 >= first[section.label].size());
    }
  }
  CHECK(returns > kPieces);
}

TEST_CASE("The melody moves mostly by step, and a wide leap is answered by a turn", "[program][etudes]") {
  int steps = 0, moves = 0, wide = 0, turned = 0, dissonant = 0;
  for (const auto& etude : etudes()) {
    const std::vector<Note> melody = onsets(etude.song, 0, 0, etude.song.length);
    for (std::size_t i = 1; i < melody.size(); ++i) {
      const int moved = melody[i].pitch - melody[i - 1].pitch;
      ++moves;
      steps += std::abs(moved) == 1 || std::abs(moved) == 2;
      dissonant += std::abs(moved) == 6 || std::abs(moved) > 9;
      if (std::abs(moved) >= 5 && i + 1 < melody.size()) {
        ++wide;
        turned += (melody[i + 1].pitch - melody[i].pitch) * moved < 0;
      }
    }
  }
  CHECK(steps > moves * 60 / 100);
  CHECK(dissonant < moves / 100);
  CHECK(turned > wide * 70 / 100);
}

TEST_CASE("Parallel fifths and octaves between melody and bass are rare", "[program][etudes]") {
  int moves = 0, parallels = 0;
  for (const auto& [plan, song] : etudes()) {
    const std::int64_t bar = bar_ticks(song);
    for (const auto& section : plan.sections) {
      // A waltz's bass does not sound until the barline.
      if (section.texture == Texture::Waltz) continue;
      for (int number = std::max(1, section.first_bar); number < section.first_bar + section.num_bars;
           ++number) {
        const std::vector<int> now = sounding(song, number * bar);
        const std::vector<int> then = sounding(song, number * bar - kSixteenth);
        if (now.size() < 2 || then.size() < 2 || now.front() == then.front() || now.back() == then.back())
          continue;
        ++moves;
        const int interval = (now.back() - now.front()) % 12;
        parallels += interval == (then.back() - then.front()) % 12 && (interval == 0 || interval == 7);
      }
    }
  }
  CHECK(moves > 1000);
  CHECK(parallels < moves * 2 / 100);
}
