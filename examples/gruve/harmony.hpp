// Keys, chords and chord progressions of the études: functional harmony as tables of phrase beginnings and
// endings.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "gruve/core/rng.hpp"

namespace gruve::etudes {

/// A step of the key's scale, 0 (the tonic) to 6, or a scale position: the step plus 7 for each octave.
/// Position 35 is the tonic from middle C (MIDI 60) up to the B above it, so that a second is a difference of
/// 1 and an octave 7.
inline constexpr int kMiddleTonic = 35;

/// The step of a scale position.
constexpr int step_of(int position) { return (position % 7 + 7) % 7; }

/// How a phrase ends: on the dominant; on the tonic but not closed; closed (dominant in root position, tonic
/// in root position, melody on the tonic); on the submediant where the tonic was expected.
enum class Cadence { Half, Imperfect, Authentic, Deceptive };

/// A chord as a set of scale steps, with the accidentals that its function brings.
struct Chord {
  int root = 0;                 // scale step
  int inversion = 0;            // 0 to 3: which chord member is in the bass
  bool seventh = false;         // four notes instead of three
  bool dominant = false;        // V or an applied dominant: its third leads up, its seventh down
  std::array<int, 7> shifts{};  // semitones added to each scale step while it sounds

  bool has(int step) const {
    const int above = (step - root + 7) % 7;
    return above == 0 || above == 2 || above == 4 || (seventh && above == 6);
  }
  int third() const { return (root + 2) % 7; }
  int bass() const { return (root + 2 * inversion) % 7; }

  friend bool operator==(const Chord&, const Chord&) = default;
};

/// A major key, or a minor one whose dominants have the raised leading tone.
struct Key {
  int tonic = 0;  // pitch class, 0 is C
  bool minor = false;

  int scale(int step) const {
    static constexpr std::array<int, 7> kMajor{0, 2, 4, 5, 7, 9, 11};
    static constexpr std::array<int, 7> kMinor{0, 2, 3, 5, 7, 8, 10};
    return minor ? kMinor[static_cast<std::size_t>(step)] : kMajor[static_cast<std::size_t>(step)];
  }

  /// MIDI key number of a scale position while `chord` sounds.
  int pitch(int position, const Chord& chord) const {
    const int step = step_of(position);
    return 12 * ((position - step) / 7) + tonic + scale(step) + chord.shifts[static_cast<std::size_t>(step)];
  }

  /// The scale position nearest to a pitch, for heights that need not be exact.
  int position_near(int pitch) const { return kMiddleTonic + ((pitch - 60 - tonic) * 7 + 126) / 12 - 10; }
};

/// Reads a Roman numeral with its figures: "I", "II65" (first inversion with seventh), "V/III" (dominant of
/// III). Numerals are upper case in both modes: the chord's quality follows from the key.
inline Chord parse_chord(const Key& key, std::string_view symbol) {
  static constexpr std::array<std::string_view, 7> kNumerals{"I", "II", "III", "IV", "V", "VI", "VII"};
  const auto numeral = [&](std::string_view text) {
    return static_cast<int>(std::find(kNumerals.begin(), kNumerals.end(), text) - kNumerals.begin());
  };
  const std::string_view applied_to =
      symbol.find('/') == symbol.npos ? std::string_view() : symbol.substr(symbol.find('/') + 1);
  symbol = symbol.substr(0, symbol.find('/'));
  const std::size_t figure_at = std::min(symbol.find_first_of("0123456789"), symbol.size());
  const std::string_view figure = symbol.substr(figure_at);

  Chord chord;
  chord.root = numeral(symbol.substr(0, figure_at));
  chord.dominant = chord.root == 4;
  chord.seventh = figure == "7" || figure == "65" || figure == "43" || figure == "42";
  chord.inversion = figure == "6" || figure == "65"    ? 1
                    : figure == "64" || figure == "43" ? 2
                    : figure == "42"                   ? 3
                                                       : 0;
  if (!applied_to.empty()) {
    // The major-minor seventh chord a fifth above the chord that it is applied to.
    const int goal = numeral(applied_to);
    static constexpr std::array<std::array<int, 2>, 4> kMembers{{{4, 7}, {6, 11}, {1, 14}, {3, 17}}};
    chord.root = (goal + 4) % 7;
    for (const auto& [steps_up, semitones] : kMembers) {
      const int step = (goal + steps_up) % 7;
      const int shift = (key.scale(goal) + semitones - key.scale(step)) % 12;
      chord.shifts[static_cast<std::size_t>(step)] = shift > 6 ? shift - 12 : shift;
    }
  } else if (key.minor && chord.dominant) {
    chord.shifts[6] = 1;
  }
  return chord;
}

/// The words of a text between separators.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// One of the items, each with the same probability.
template <class Item, std::size_t Extent>
const Item& pick(Rng& rng, std::span<const Item, Extent> items) {
  return items[rng.below(static_cast<std::uint32_t>(items.size()))];
}

/// A progression: chords of a bar apart by spaces, bars by '|'.
///
/// Phrases of a first theme are two bars that open and two that close. Phrases of a middle section are whole
/// models of four bars: sequences (Fonte, Monte), the romanesca, a stand on the dominant; the names are those
/// of Gjerdingen, "Music in the Galant Style" (2007).
namespace progressions {
using Table = std::span<const std::string_view>;

inline constexpr std::array<std::string_view, 13> kOpen{
    "I|I",     "I|V65",   "I|V7",    "I V6|I", "I|IV",     "I V43|I6", "I|VI",
    "I IV|I6", "I VI|IV", "I V6|VI", "I V|VI", "I|V43 I6", "I|V65 I"};
inline constexpr std::array<std::string_view, 9> kHalf{
    "IV|V", "II6|V", "I IV|V", "VI II6|V", "I6 IV|V", "IV V65/V|V", "IV6|V", "VI IV|V", "I II6|V"};
inline constexpr std::array<std::string_view, 7> kAuthentic{"II6 V7|I", "IV V7|I", "I64 V7|I", "II65 V7|I",
                                                            "I6 V7|I",  "VI V7|I", "IV V|I"};
inline constexpr std::array<std::string_view, 4> kImperfect{"IV V65|I", "II6 V65|I", "IV V42|I6", "VI V43|I"};
inline constexpr std::array<std::string_view, 4> kDeceptive{"II6 V7|VI", "IV V|VI", "I6 V7|VI", "IV V7|VI"};

inline constexpr std::array<std::string_view, 7> kMiddleMajor{
    "V65/II|II|V65|I", "V65/IV|IV|V65/V|V", "IV|I6|II6|V",   "VI|III|IV|V",
    "VI|II6|V7|VI",    "V|I|V43|I6",        "VI V65|I|II6|V"};
inline constexpr std::array<std::string_view, 6> kMiddleMinor{"V65/III|III|V65|I", "V65/IV|IV|V65/III|III",
                                                              "VI|III|IV6|V",      "IV|I6|II6|V",
                                                              "III|VI|II6|V",      "III V65/III|III|IV6|V"};
inline constexpr std::array<std::string_view, 6> kMiddleHalf{"I V6|VI III6|IV II6|V", "VI|IV|II6|V",
                                                             "IV|I6|IV V65/V|V",      "I6|IV|II65|V",
                                                             "VI IV|I6|IV|V",         "IV|II6|I64|V"};
inline constexpr std::array<std::string_view, 5> kMiddleAuthentic{
    "IV|I6|II6 V7|I", "VI|II6|I64 V7|I", "I6|IV|I64 V7|I", "VI IV|I6|II65 V7|I", "IV V42|I6|II6 V7|I"};

/// After a deceptive cadence: the close that it withheld.
inline constexpr std::array<std::string_view, 3> kCoda{"IV|I6|II6 V7|I", "IV|II6|I64 V7|I", "II6|I6|IV V7|I"};

/// The table of closes.
inline Table closes(Cadence cadence) {
  switch (cadence) {
    case Cadence::Half:
      return kHalf;
    case Cadence::Imperfect:
      return kImperfect;
    case Cadence::Deceptive:
      return kDeceptive;
    default:
      return kAuthentic;
  }
}
}  // namespace progressions

/// Whether tonal harmony allows one chord of the key to follow another: tonic → subdominant → dominant →
/// tonic, never from the dominant back to the subdominant, and the cadential six-four only after the
/// subdominant.
inline bool may_follow(const Chord& before, const Chord& after) {
  const bool six_four = after.root == 0 && after.inversion == 2;
  const bool subdominant = before.root == 1 || before.root == 3;
  if (before == after) return false;
  if (before.dominant) return !six_four && (after.root == 0 || after.root == 5);
  if (six_four) return subdominant || before.root == 5;
  return !(subdominant && after.root == 5);
}

/// Whether each chord of the second text may follow the last of the first.
inline bool may_join(const Key& key, std::string_view first, std::string_view second) {
  const auto last_bar = split(first, '|').back();
  const auto first_bar = split(second, '|').front();
  return may_follow(parse_chord(key, split(last_bar, ' ').back()),
                    parse_chord(key, split(first_bar, ' ').front()));
}

/// A chord for a span of time, with the pitches of its lowest voice and of the two inner voices.
struct Slot {
  int start = 0;   // sixteenths from the beginning of the section
  int length = 0;  // sixteenths
  Chord chord;
  int bass = 0;  // MIDI key numbers, as are the inner voices
  int tenor = 0;
  int alto = 0;
};

/// The ranges of the lower voices of a texture, as MIDI key numbers.
struct Register {
  int bass_low;
  int bass_high;
  int inner_low;
  int span;  // the largest distance of bass and alto in semitones
};

/// Writes the bass: each chord's lowest member, in the octave that gives the smoothest line.
inline void lead_bass(const Key& key, std::span<Slot> slots, const Register& where) {
  const int centre = (where.bass_low + where.bass_high) / 2;
  int before = centre;
  for (Slot& slot : slots) {
    int best_cost = std::numeric_limits<int>::max();
    for (int position = 0; position < 70; ++position) {
      const int pitch = key.pitch(position, slot.chord);
      if (step_of(position) != slot.chord.bass() || pitch < where.bass_low || pitch > where.bass_high)
        continue;
      const int cost = 2 * std::abs(pitch - before) + std::abs(pitch - centre);
      if (cost < best_cost) {
        best_cost = cost;
        slot.bass = pitch;
      }
    }
    before = slot.bass;
  }
}

/// Whether two voices move in parallel from one fifth or octave to another.
inline bool parallel(int low_before, int high_before, int low, int high) {
  const int interval = (high - low) % 12;
  return low != low_before && high != high_before && interval == (high_before - low_before) % 12 &&
         (interval == 0 || interval == 7);
}

/// Writes tenor and alto between a finished bass and melody, chord by chord with the least cost: complete
/// chords, no doubled leading tone, no parallel fifths or octaves, small steps.
///
/// melody_at   pitch of the melody in each sixteenth, 0 for a rest
inline void lead_inner(const Key& key, std::span<Slot> slots, std::span<const int> melody_at,
                       const Register& where) {
  const Slot* before = nullptr;
  int melody_before = 0;
  std::vector<int> candidates;
  std::vector<int> steps;
  for (Slot& slot : slots) {
    const auto sounding =
        melody_at.subspan(static_cast<std::size_t>(slot.start), static_cast<std::size_t>(slot.length));
    int ceiling = 67;
    for (const int pitch : sounding) ceiling = pitch > 0 ? std::min(ceiling, pitch - 1) : ceiling;
    const int melody = sounding.front();
    candidates.clear();
    steps.clear();
    for (int position = 14; position < 56; ++position) {
      const int pitch = key.pitch(position, slot.chord);
      if (!slot.chord.has(step_of(position)) || pitch <= slot.bass || pitch < where.inner_low ||
          pitch > ceiling)
        continue;
      candidates.push_back(pitch);
      steps.push_back(step_of(position));
    }
    int melody_step = -1;
    for (int position = 28; position < 56; ++position)
      if (melody > 0 && key.pitch(position, slot.chord) == melody) melody_step = step_of(position);
    int best_cost = std::numeric_limits<int>::max();
    for (std::size_t low = 0; low < candidates.size(); ++low) {
      for (std::size_t high = low + 1; high < candidates.size(); ++high) {
        const int tenor = candidates[low];
        const int alto = candidates[high];
        const auto count = [&](int step) {
          return (steps[low] == step) + (steps[high] == step) + (slot.chord.bass() == step) +
                 (melody_step == step);
        };
        const int seventh = (slot.chord.root + 6) % 7;
        const int thirds = count(slot.chord.third());
        int cost = thirds == 0 ? 60 : thirds > 1 ? (slot.chord.dominant ? 60 : 6) : 0;
        if (slot.chord.seventh) cost += count(seventh) == 1 ? 0 : count(seventh) == 0 ? 15 : 40;
        cost += count(slot.chord.root) == 0 ? 8 : 0;
        cost += count((slot.chord.root + 4) % 7) == 0 ? 4 : 0;
        cost += tenor - slot.bass < 3 ? 40 : slot.bass < 48 && tenor - slot.bass < 7 ? 8 : 0;
        cost += alto - tenor < 3 ? 25 : alto - tenor > 9 ? 6 : 0;
        cost += 5 * std::max(0, alto - slot.bass - where.span);
        if (before != nullptr) {
          cost += 2 * (std::abs(tenor - before->tenor) + std::abs(alto - before->alto));
          cost += parallel(before->bass, before->tenor, slot.bass, tenor) ? 25 : 0;
          cost += parallel(before->bass, before->alto, slot.bass, alto) ? 25 : 0;
          cost += parallel(before->tenor, before->alto, tenor, alto) ? 25 : 0;
          if (melody > 0 && melody_before > 0) {
            cost += parallel(before->tenor, melody_before, tenor, melody) ? 20 : 0;
            cost += parallel(before->alto, melody_before, alto, melody) ? 20 : 0;
          }
        } else {
          cost += std::abs(alto - 62);
        }
        cost += std::abs(alto - 62) / 2;
        if (cost < best_cost) {
          best_cost = cost;
          slot.tenor = tenor;
          slot.alto = alto;
        }
      }
    }
    before = &slot;
    melody_before = melody;
  }
}

}  // namespace gruve::etudes
