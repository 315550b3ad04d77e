// Rhythms and lines of the études: a line is the cheapest path of pitches over a rhythm, found by beam
// search.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "gruve/core/rng.hpp"
#include "harmony.hpp"

namespace gruve::etudes {

/// How fast a line moves.
enum class Motion { Calm, Flowing, Lively };

/// Rhythms of one bar: lengths of notes in sixteenths, those of rests negative.
namespace rhythms {
using Bar = std::array<int, 10>;  // zeros after the last
using Table = std::span<const Bar>;

// clang-format off
inline constexpr std::array<Bar, 6> kCalm4{{
    {4, 4, 4, 4}, {8, 4, 4}, {6, 2, 4, 4}, {4, 4, 6, 2}, {4, 4, 8}, {6, 2, 8}}};
inline constexpr std::array<Bar, 9> kFlowing4{{
    {4, 2, 2, 4, 4}, {6, 2, 4, 4}, {4, 4, 2, 2, 4}, {2, 2, 4, 4, 4}, {4, 2, 2, 4, 2, 2},
    {6, 2, 2, 2, 4}, {2, 4, 2, 4, 4}, {8, 2, 2, 2, 2}, {4, 4, 4, 2, 2}}};
inline constexpr std::array<Bar, 9> kLively4{{
    {2, 2, 2, 2, 2, 2, 2, 2}, {4, 2, 2, 2, 2, 2, 2}, {2, 2, 2, 2, 4, 4}, {3, 1, 2, 2, 4, 4},
    {2, 1, 1, 2, 2, 4, 4}, {4, 2, 2, 2, 1, 1, 4}, {2, 2, 4, 2, 2, 2, 2}, {3, 1, 4, 2, 2, 4},
    {2, 2, 2, 1, 1, 2, 2, 4}}};
inline constexpr std::array<Bar, 4> kCalm3{{{4, 4, 4}, {8, 4}, {6, 2, 4}, {4, 6, 2}}};
inline constexpr std::array<Bar, 8> kFlowing3{{
    {4, 2, 2, 4}, {2, 2, 4, 4}, {4, 4, 2, 2}, {6, 2, 4}, {4, 2, 2, 2, 2}, {8, 2, 2}, {6, 2, 2, 2},
    {4, 4, 4}}};
inline constexpr std::array<Bar, 7> kLively3{{
    {2, 2, 2, 2, 2, 2}, {4, 2, 2, 2, 2}, {2, 2, 2, 2, 4}, {3, 1, 4, 4}, {2, 1, 1, 2, 2, 4},
    {4, 2, 1, 1, 4}, {3, 1, 2, 2, 4}}};
inline constexpr std::array<Bar, 4> kCalm6{{{6, 6}, {4, 2, 6}, {6, 4, 2}, {4, 2, 4, 2}}};
inline constexpr std::array<Bar, 6> kFlowing6{{
    {4, 2, 4, 2}, {4, 2, 2, 2, 2}, {2, 2, 2, 4, 2}, {6, 2, 2, 2}, {2, 2, 2, 6}, {4, 2, 6}}};
inline constexpr std::array<Bar, 6> kLively6{{
    {2, 2, 2, 2, 2, 2}, {3, 1, 2, 4, 2}, {4, 2, 2, 2, 2}, {2, 1, 1, 2, 4, 2}, {2, 2, 2, 4, 2},
    {4, 1, 1, 2, 2, 2}}};
inline constexpr std::array<Bar, 4> kCalm2{{{4, 4}, {4, 2, 2}, {6, 2}, {2, 2, 4}}};
inline constexpr std::array<Bar, 6> kFlowing2{{
    {4, 2, 2}, {2, 2, 4}, {2, 2, 2, 2}, {6, 2}, {3, 1, 4}, {2, 4, 2}}};
inline constexpr std::array<Bar, 7> kLively2{{
    {2, 1, 1, 4}, {4, 2, 1, 1}, {3, 1, 2, 2}, {2, 1, 1, 2, 2}, {2, 2, 2, 2}, {1, 1, 1, 1, 4},
    {2, 2, 1, 1, 2}}};

// Arrivals: the bar in which a phrase comes to rest; within a section some lead on to the next phrase.
inline constexpr std::array<Bar, 4> kArrive4{{{12, -4}, {12, 2, 2}, {8, 4, 4}, {8, -4, 2, 2}}};
inline constexpr std::array<Bar, 3> kArrive3{{{8, -4}, {8, 2, 2}, {8, 4}}};
inline constexpr std::array<Bar, 3> kArrive6{{{10, -2}, {10, 2}, {6, 4, 2}}};
inline constexpr std::array<Bar, 3> kArrive2{{{6, -2}, {4, 2, 2}, {6, 2}}};

// The slow voice of a two-part texture, and the bass that walks.
inline constexpr std::array<Bar, 2> kSlow4{{{8, 8}, {8, 4, 4}}};
inline constexpr std::array<Bar, 2> kSlow3{{{8, 4}, {4, 4, 4}}};
inline constexpr std::array<Bar, 1> kSlow6{{{6, 6}}};
inline constexpr std::array<Bar, 1> kSlow2{{{4, 4}}};
inline constexpr Bar kWalk4{4, 4, 4, 4}, kWalk3{4, 4, 4}, kWalk6{4, 2, 4, 2}, kWalk2{2, 2, 2, 2};
// clang-format on

/// The tables of one metre.
struct Metre {
  std::array<Table, 3> by_motion;
  Table arrive;
  Table slow;
  Bar walk;
};

/// numerator   4, 3, 6 or 2
inline Metre of(int numerator) {
  switch (numerator) {
    case 3:
      return {{kCalm3, kFlowing3, kLively3}, kArrive3, kSlow3, kWalk3};
    case 6:
      return {{kCalm6, kFlowing6, kLively6}, kArrive6, kSlow6, kWalk6};
    case 2:
      return {{kCalm2, kFlowing2, kLively2}, kArrive2, kSlow2, kWalk2};
    default:
      return {{kCalm4, kFlowing4, kLively4}, kArrive4, kSlow4, kWalk4};
  }
}
}  // namespace rhythms

/// How a note follows the model bar to which its own bar is related.
enum class Relation { Free, Motif, Repetition, Sequence, Inversion };

/// A note of a rhythm without a pitch yet.
struct Place {
  int start = 0;   // sixteenths from the beginning of the section
  int length = 0;  // sixteenths
  int slot = 0;    // index of the chord at its start
  /// How strongly it should be a chord tone: 0 between the beats, up to 70 on the bar's main beats.
  int weight = 0;
  bool opens_bar = false;  // first note of its bar
  Relation relation = Relation::Free;
  int model = -1;                 // Repetition, Sequence, Inversion: index of the note it corresponds to
  int interval = 0;               // Motif: desired scale steps from the note before
  int height = kMiddleTonic;      // scale position at which the phrase's contour passes here
  std::uint8_t steps = 127;       // bit s: scale step s is allowed
  bool arrives = false;           // the goal of a phrase
  std::optional<int> fixed = {};  // its MIDI key number, if that is prescribed
};

/// A note of a finished line.
struct LineNote {
  int start = 0;     // sixteenths from the beginning of the section
  int length = 0;    // sixteenths
  int position = 0;  // scale position
  int pitch = 0;     // MIDI key number
};

/// The constraints on a line, in addition to its places.
struct LineContext {
  const Key& key;
  std::span<const Slot> slots;
  std::span<const int> against;  // pitch of the other outer voice in each sixteenth, 0 for a rest
  bool below = false;            // the line lies below `against`
  int low = 62;                  // lowest and highest MIDI key number
  int high = 83;
  int peak = 49;  // scale position that only the climax should pass
};

namespace internal {

inline constexpr std::size_t kMaxNotes = 128;
inline constexpr int kBeamSize = 8;

/// The beginning of a line.
struct Path {
  int cost = 0;
  std::array<std::int8_t, kMaxNotes> positions{};
};

/// The cost of moving from one scale position to another: steps are free, thirds cheap, wide or dissonant
/// leaps expensive.
inline int leap_cost(int steps, int semitones) {
  static constexpr std::array<int, 9> kBySteps{9, 0, 4, 9, 11, 15, 40, 20, 70};
  const int distance = std::abs(steps);
  int cost = kBySteps[static_cast<std::size_t>(std::min(distance, 8))];
  if (std::abs(semitones) == 6 || std::abs(semitones) == 11) cost += 30;
  if (distance == 3 && std::abs(semitones) == 4) cost += 20;  // a diminished fourth
  return cost;
}

/// The cost of a position for a place, independent of what came before.
inline int place_cost(const LineContext& context, const Place& place, int position) {
  const Slot& slot = context.slots[static_cast<std::size_t>(place.slot)];
  const int step = step_of(position);
  const int pitch = context.key.pitch(position, slot.chord);

  int cost = 2 * std::abs(position - place.height) + 10 * std::max(0, position - context.peak);
  if (!slot.chord.has(step)) cost += place.weight;
  if ((place.steps >> step & 1) == 0) cost += 200;
  // A held note should belong to the next chord too.
  for (std::size_t next = static_cast<std::size_t>(place.slot) + 1; next < context.slots.size(); ++next) {
    if (context.slots[next].start >= place.start + place.length) break;
    if (!context.slots[next].chord.has(step)) cost += 60;
    if (context.key.pitch(position, context.slots[next].chord) != pitch) cost += 60;
  }
  if (context.below) {
    for (int time = place.start; time < place.start + place.length; ++time) {
      const int other = context.against[static_cast<std::size_t>(time)];
      if (other > 0 && other - pitch < 4) cost += 60;
    }
  }
  if (const int other = context.against[static_cast<std::size_t>(place.start)]; other > 0) {
    const int interval = std::abs(pitch - other) % 12;
    if (interval == 1 || interval == 11) cost += 12;
    if (slot.chord.dominant && step == slot.chord.third() && interval == 0) cost += 60;
    if (place.start == slot.start && interval == 0 && !place.arrives) cost += 8;
  }
  return cost;
}

/// The cost of a position by the relation of its bar to the model bar.
inline int relation_cost(const Place& place, const Path& path, std::size_t index, int position) {
  const auto at = [&](int note) { return static_cast<int>(path.positions[static_cast<std::size_t>(note)]); };
  const int moved = index > 0 ? position - at(static_cast<int>(index) - 1) : 0;
  switch (place.relation) {
    case Relation::Free:
      return 0;
    case Relation::Motif:
      return place.opens_bar ? 0 : std::min(30, 6 * std::abs(moved - place.interval));
    case Relation::Repetition:
      return std::min(60, 12 * std::abs(position - at(place.model)));
    default:
      break;
  }
  if (place.opens_bar) {
    const int shift = std::abs(position - at(place.model));
    return place.relation == Relation::Inversion ? 0 : shift == 0 ? 5 : 4 * std::max(0, shift - 2);
  }
  const int model_moved = at(place.model) - at(place.model - 1);
  return std::min(35,
                  7 * std::abs(moved - (place.relation == Relation::Inversion ? -model_moved : model_moved)));
}

/// The cost of reaching a position from the end of `path`, which has at least one note.
inline int move_cost(const LineContext& context, std::span<const Place> places, const Path& path,
                     std::size_t index, int position) {
  const auto at = [&](std::size_t note) { return static_cast<int>(path.positions[note]); };
  const Place& place = places[index];
  const Place& place_before = places[index - 1];
  const Slot& slot = context.slots[static_cast<std::size_t>(place.slot)];
  const Slot& slot_before = context.slots[static_cast<std::size_t>(place_before.slot)];
  const int before = at(index - 1);
  const int moved = position - before;
  const int distance = std::abs(moved);
  const int pitch = context.key.pitch(position, slot.chord);
  const int pitch_before = context.key.pitch(before, slot_before.chord);
  int cost = leap_cost(moved, pitch - pitch_before);

  // Passing and neighbour notes are reached and left by step.
  const bool passing = !slot.chord.has(step_of(position));
  const bool passing_before = !slot_before.chord.has(step_of(before));
  if (passing && distance != 1) cost += 50;
  if (passing_before && distance != 1) cost += 60;
  if (passing_before && passing) cost += 15;
  if (moved == 0) cost += place_before.length < 2 ? 200 : place_before.length == 2 ? 8 : 0;
  if (moved == 0 && pitch != pitch_before) cost += 40;
  // An augmented second is avoided only upwards, where the lower note can be raised.
  if (distance == 1 && std::abs(pitch - pitch_before) == 3) cost += moved > 0 && passing_before ? 10 : 90;
  if (distance == 1 && pitch == pitch_before) cost += 90;
  // The leading tone moves up and the seventh down when their chord resolves.
  if (slot_before.chord.dominant && !slot.chord.dominant) {
    if (step_of(before) == slot_before.chord.third() && moved != 1) cost += 45;
    if (step_of(before) == (slot_before.chord.root + 6) % 7 && moved != -1) cost += 25;
  }
  if (place.arrives && distance > 1) cost += 14;

  // Fifths and octaves with the other outer voice, from note to note and from chord to chord.
  if (const int other = context.against[static_cast<std::size_t>(place.start)]; other > 0) {
    const auto parallel_after = [&](int own, int others) {
      return others > 0 && parallel(std::min(own, others), std::max(own, others), std::min(pitch, other),
                                    std::max(pitch, other));
    };
    const int other_before = context.against[static_cast<std::size_t>(place.start - 1)];
    if (parallel_after(pitch_before, other_before)) cost += 80;
    const int interval = std::abs(pitch - other) % 12;
    const bool same_way = other_before > 0 && (pitch - pitch_before) * (other - other_before) > 0;
    if (same_way && distance > 1 && (interval == 0 || interval == 7)) cost += 15;
    if (place.start == slot.start && place.slot > 0) {
      const int start = context.slots[static_cast<std::size_t>(place.slot) - 1].start;
      std::size_t note = index - 1;
      while (note > 0 && places[note].start > start) --note;
      const Chord& chord = context.slots[static_cast<std::size_t>(places[note].slot)].chord;
      if (parallel_after(context.key.pitch(at(note), chord),
                         context.against[static_cast<std::size_t>(start)]))
        cost += 50;
    }
  }

  if (index == 1) return cost;
  const int moved_before = before - at(index - 2);
  if (moved == 0 && moved_before == 0) cost += 25;
  // A leap is answered by a step back.
  if (std::abs(moved_before) >= 3) cost += moved * moved_before >= 0 ? 14 : distance > 2 ? 6 : 0;
  if (std::abs(moved + moved_before) > 7) cost += 30;
  if (index > 2 && position == at(index - 2) && before == at(index - 3)) cost += 12;
  return cost;
}

}  // namespace internal

/// Finds a line over `places` by beam search. The costs are the rules of counterpoint plus small random
/// numbers, which choose among equally good lines. At most 128 places. The costs are integers, so every
/// machine finds the same line.
inline std::vector<LineNote> find_line(const LineContext& context, std::span<const Place> places, Rng& rng) {
  using internal::Path;
  struct Step {
    int cost;
    int path;
    int position;
  };
  const int lowest = context.key.position_near(context.low) - 1;
  const int highest = context.key.position_near(context.high) + 1;
  std::vector<Path> paths(1);
  std::vector<Path> longer;
  std::vector<Step> steps;
  for (std::size_t index = 0; index < places.size(); ++index) {
    const Place& place = places[index];
    const Chord& chord = context.slots[static_cast<std::size_t>(place.slot)].chord;
    steps.clear();
    for (int position = lowest; position <= highest; ++position) {
      const int pitch = context.key.pitch(position, chord);
      if (place.fixed ? pitch != *place.fixed : pitch < context.low || pitch > context.high) continue;
      const int here = internal::place_cost(context, place, position) + static_cast<int>(rng.below(7));
      for (std::size_t path = 0; path < paths.size(); ++path) {
        int cost = paths[path].cost + here + internal::relation_cost(place, paths[path], index, position);
        if (index > 0) cost += internal::move_cost(context, places, paths[path], index, position);
        steps.push_back({cost, static_cast<int>(path), position});
      }
    }
    const auto kept = std::min<std::ptrdiff_t>(internal::kBeamSize, std::ssize(steps));
    std::partial_sort(steps.begin(), steps.begin() + kept, steps.end(), [](const Step& a, const Step& b) {
      return std::tie(a.cost, a.path, a.position) < std::tie(b.cost, b.path, b.position);
    });
    longer.clear();
    for (const Step& step : std::span(steps).first(static_cast<std::size_t>(kept))) {
      longer.push_back(paths[static_cast<std::size_t>(step.path)]);
      longer.back().cost = step.cost;
      longer.back().positions[index] = static_cast<std::int8_t>(step.position);
    }
    paths.swap(longer);
  }

  std::vector<LineNote> line;
  for (std::size_t index = 0; index < places.size(); ++index) {
    const int position = paths.front().positions[index];
    const Chord& chord = context.slots[static_cast<std::size_t>(places[index].slot)].chord;
    line.push_back({places[index].start, places[index].length, position, context.key.pitch(position, chord)});
  }
  if (!context.key.minor) return line;
  // Melodic minor: a seventh step that moves up to the tonic is raised, and so is a passing sixth before it.
  for (std::size_t index = line.size(); index-- > 0;) {
    const Chord& chord = context.slots[static_cast<std::size_t>(places[index].slot)].chord;
    const int step = step_of(line[index].position);
    if (chord.has(step) || index + 1 == line.size()) continue;
    const bool rises = line[index + 1].position == line[index].position + 1;
    const bool after_sixth = index > 0 && line[index - 1].position == line[index].position - 1 &&
                             context.slots[static_cast<std::size_t>(places[index - 1].slot)].chord.has(5);
    const bool leads = step == 6 && chord.shifts[6] == 0 && rises && !after_sixth;
    const bool follows = step == 5 && rises && line[index + 1].pitch - line[index].pitch == 3;
    if (leads || follows) ++line[index].pitch;
  }
  return line;
}

/// The pitch of a line in each sixteenth, 0 for a rest.
inline std::vector<int> pitch_at(std::span<const LineNote> line, int length) {
  std::vector<int> pitches(static_cast<std::size_t>(length), 0);
  for (const LineNote& note : line) std::fill_n(pitches.begin() + note.start, note.length, note.pitch);
  return pitches;
}

}  // namespace gruve::etudes
