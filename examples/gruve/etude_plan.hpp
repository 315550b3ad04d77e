// The plan of an étude: key, metre, form, tempo, textures, harmony.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/midi/song.hpp"
#include "harmony.hpp"
#include "melody.hpp"

namespace gruve::etudes {

/// The left hand's part. Waltz is bass and after-beat chords, in any metre; Invention is two equal voices.
enum class Texture { Alberti, Broken, Waltz, Chorale, Walking, Invention };

/// A section of the form, eight bars, or four in the coda ('z').
struct Section {
  char label = 'A';
  int first_bar = 0;
  int num_bars = 8;
  Texture texture = Texture::Alberti;
  bool repeats = false;  // the section before it, varied
};

/// Four bars that end in a cadence, which arrives at the beginning of the last of them.
struct Phrase {
  char section = 'A';
  int first_bar = 0;
  Cadence cadence = Cadence::Half;
};

/// All that is decided before the first note is composed.
struct EtudePlan {
  Key key;
  TimeSignature metre;
  std::string form;  // such as "AABA"; a coda is not in it
  int num_bars = 0;
  int bpm = 100;  // quarter notes per minute
  Motion motion = Motion::Flowing;
  std::vector<Section> sections;
  std::vector<Phrase> phrases;
  std::map<char, std::string> harmony;  // progression of each section by its label

  /// Length of a bar in sixteenths.
  int bar_length() const { return metre.numerator * 16 / metre.denominator; }
};

/// Plans étude `index` of a seed. The same arguments give the same plan on every machine.
EtudePlan plan_etude(std::uint64_t seed, std::uint64_t index);

namespace internal {

/// A random number from first to last, all equally likely.
inline int between(Rng& rng, int first, int last) {
  return first + static_cast<int>(rng.below(static_cast<std::uint32_t>(last - first + 1)));
}

inline bool chance(Rng& rng, int percent) { return between(rng, 0, 99) < percent; }

/// A first theme, as a progression: two phrases that begin alike, the second closing what the first left
/// open.
inline std::string plan_theme(const Key& key, Cadence first, Cadence second, Rng& rng) {
  using namespace progressions;
  while (true) {
    const auto open = pick(rng, std::span(kOpen));
    const auto close = pick(rng, closes(first));
    const auto final_close = pick(rng, closes(second));
    if (may_join(key, open, close) && may_join(key, open, final_close)) {
      std::string theme;
      for (const std::string_view part : {open, close, open, final_close}) theme.append(part).append("|");
      theme.pop_back();
      return theme;
    }
  }
}

/// A middle section's progression.
inline std::string plan_middle(const Key& key, Cadence last, Rng& rng) {
  using namespace progressions;
  const Table first_phrases = key.minor ? Table(kMiddleMinor) : Table(kMiddleMajor);
  const Table last_phrases = last == Cadence::Half ? Table(kMiddleHalf) : Table(kMiddleAuthentic);
  while (true) {
    const auto first = pick(rng, first_phrases);
    const auto second = pick(rng, last_phrases);
    // After a half cadence a new phrase may begin anywhere.
    const bool half = parse_chord(key, split(first, '|').back()).root == 4;
    if (half || may_join(key, first, second)) return std::string(first) + "|" + std::string(second);
  }
}

/// The cadence at the end of a middle section's first phrase.
inline Cadence cadence_of(const Key& key, std::string_view last_bar) {
  const int root = parse_chord(key, split(last_bar, ' ').back()).root;
  return root == 4 ? Cadence::Half : root == 5 ? Cadence::Deceptive : Cadence::Imperfect;
}

}  // namespace internal

inline EtudePlan plan_etude(std::uint64_t seed, std::uint64_t index) {
  using namespace internal;
  Rng rng(seed, 2 * index);
  struct MetreChoice {
    TimeSignature signature;
    int slowest;  // quarter notes per minute
    int fastest;
    std::array<Texture, 5> textures;
  };
  using enum Texture;
  static constexpr std::array<MetreChoice, 4> kMetres{{
      {{0, 4, 4}, 84, 132, {Alberti, Broken, Waltz, Chorale, Walking}},
      {{0, 3, 4}, 84, 148, {Waltz, Broken, Chorale, Walking, Alberti}},
      {{0, 6, 8}, 84, 132, {Broken, Waltz, Broken, Chorale, Invention}},
      {{0, 2, 4}, 58, 96, {Alberti, Waltz, Broken, Invention, Alberti}},
  }};
  // clang-format off
  static constexpr std::array<Key, 9> kKeys{{
      {0, false}, {7, false}, {5, false}, {2, false}, {10, false},
      {9, true}, {4, true}, {2, true}, {7, true}}};
  // clang-format on
  static constexpr std::array<std::string_view, 5> kForms{"AABA", "AABA", "ABA", "AABB", "ABACA"};

  EtudePlan plan;
  plan.key = pick(rng, std::span(kKeys));
  const int metre_lot = between(rng, 0, 9);
  const MetreChoice& metre = kMetres[metre_lot < 4 ? 0 : metre_lot < 7 ? 1 : metre_lot < 9 ? 2 : 3];
  plan.metre = metre.signature;
  plan.motion = static_cast<Motion>(between(rng, 0, 2));

  // A form and a tempo that make 50 to 92 seconds.
  int slowest = 1;
  int fastest = 0;
  bool coda = false;
  while (slowest > fastest) {
    plan.form = pick(rng, std::span(kForms));
    coda = plan.form.back() == 'A' && chance(rng, 30);
    plan.num_bars = 8 * static_cast<int>(plan.form.size()) + (coda ? 4 : 0);
    const int quarters = plan.num_bars * plan.bar_length() / 4;
    slowest = std::max(metre.slowest, quarters * 60 / 92 + 1);
    fastest = std::min(metre.fastest, quarters * 60 / 50);
  }
  plan.bpm = between(rng, slowest, fastest);

  std::map<char, Texture> textures;
  const auto first_texture = rng.below(5);
  std::map<char, std::pair<Cadence, Cadence>> cadences;
  for (const char label : std::string_view("ABC")) {
    if (plan.form.find(label) == std::string::npos) continue;
    const auto shift = label == 'A' ? 0 : label == 'B' ? 1 + rng.below(2) : 3 + rng.below(2);
    textures[label] = metre.textures[(first_texture + shift) % 5];
    const int lot = between(rng, 0, 99);
    Cadence first = lot < 60 ? Cadence::Half : lot < 85 ? Cadence::Imperfect : Cadence::Deceptive;
    const bool ends_open = label != 'A' && plan.form != "AABB" && chance(rng, 75);
    const Cadence last = ends_open ? Cadence::Half : Cadence::Authentic;
    std::string& harmony = plan.harmony[label];
    harmony = label == 'A' ? plan_theme(plan.key, first, last, rng) : plan_middle(plan.key, last, rng);
    if (label != 'A') first = cadence_of(plan.key, split(harmony, '|')[3]);
    cadences[label] = {first, last};
  }

  for (const char label : plan.form) {
    const int first_bar = 8 * static_cast<int>(plan.sections.size());
    const bool repeats = !plan.sections.empty() && plan.sections.back().label == label;
    plan.sections.push_back({label, first_bar, 8, textures[label], repeats});
    plan.phrases.push_back({label, first_bar, cadences[label].first});
    plan.phrases.push_back({label, first_bar + 4, cadences[label].second});
  }
  if (coda) {
    plan.phrases.back().cadence = Cadence::Deceptive;
    plan.sections.push_back({'z', plan.num_bars - 4, 4, textures['A'], false});
    plan.phrases.push_back({'z', plan.num_bars - 4, Cadence::Authentic});
    plan.harmony['z'] = std::string(pick(rng, std::span(progressions::kCoda)));
  }
  return plan;
}

}  // namespace gruve::etudes
