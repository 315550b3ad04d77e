// Études composed by rule: the program's built-in music to train on, and small pieces to listen to.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "etude_plan.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/midi/song.hpp"
#include "harmony.hpp"
#include "melody.hpp"

namespace gruve::etudes {

/// Composes étude `index` of a seed: 45 to 100 seconds for two hands, the right on channel 0, the left on
/// channel 1. The same arguments give the same notes on every machine.
///
/// All times are on a grid of sixteenths (120 of 480 ticks per quarter note). No two notes of one pitch
/// overlap, and between two of them there is at least a sixteenth of silence, so that TimestepEncoder with
/// four timesteps a quarter keeps every onset. Two to four notes sound at once, from A1 to C6.
Song compose_etude(std::uint64_t seed, std::uint64_t index);

namespace internal {

inline constexpr int kTicksPerSixteenth = 120;

/// The ranges of the lower voices of each texture.
inline Register register_of(Texture texture) {
  switch (texture) {
    case Texture::Alberti:
      return {43, 55, 50, 14};
    case Texture::Broken:
      return {39, 53, 50, 17};
    case Texture::Waltz:
      return {38, 52, 50, 24};
    case Texture::Chorale:
      return {40, 54, 48, 19};
    case Texture::Walking:
      return {38, 52, 53, 24};
    default:
      return {43, 57, 52, 19};
  }
}

inline Motion faster(Motion motion) { return motion == Motion::Calm ? Motion::Flowing : Motion::Lively; }

/// A section's music before it is laid out for two hands.
struct Material {
  std::vector<Slot> slots;
  std::vector<LineNote> melody;
  std::vector<LineNote> bass_line;  // Walking and Invention only
};

/// The material of a bar of a melody.
struct BarIdea {
  rhythms::Bar rhythm{};
  Relation relation = Relation::Free;
  int model_bar = -1;
  bool arrives = false;
};

/// The chords of a progression in time. Two chords share a bar 2 : 1 in triple metre and halve it otherwise.
inline std::vector<Slot> lay_out(const EtudePlan& plan, std::string_view harmony) {
  const int bar = plan.bar_length();
  const bool triple = plan.metre.numerator == 3;
  std::vector<Slot> slots;
  int start = 0;
  for (const std::string_view symbols : split(harmony, '|')) {
    const auto chords = split(symbols, ' ');
    const int first = chords.size() == 1 ? bar : triple ? 8 : bar / 2;
    slots.push_back({.start = start, .length = first, .chord = parse_chord(plan.key, chords.front())});
    if (chords.size() == 2)
      slots.push_back(
          {.start = start + first, .length = bar - first, .chord = parse_chord(plan.key, chords.back())});
    start += bar;
  }
  return slots;
}

inline std::vector<int> bass_at(std::span<const Slot> slots) {
  std::vector<int> pitches;
  for (const Slot& slot : slots)
    pitches.insert(pitches.end(), static_cast<std::size_t>(slot.length), slot.bass);
  return pitches;
}

/// The places of a rhythm that is given bar by bar. The caller sets intervals and heights.
inline std::vector<Place> make_places(const EtudePlan& plan, std::span<const Slot> slots,
                                      std::span<const BarIdea> ideas) {
  const int beat = plan.metre.denominator == 8 ? 6 : 4;
  std::vector<Place> places;
  std::vector<int> first_of_bar;
  int bar_start = 0;
  int slot = 0;
  for (const BarIdea& idea : ideas) {
    first_of_bar.push_back(static_cast<int>(places.size()));
    int start = bar_start;
    for (const int length : idea.rhythm) {
      if (length > 0) {
        while (slots[static_cast<std::size_t>(slot)].start + slots[static_cast<std::size_t>(slot)].length <=
               start)
          ++slot;
        Place place{.start = start, .length = length, .slot = slot};
        const bool on_slot = start == slots[static_cast<std::size_t>(slot)].start;
        const bool on_beat = start % beat == 0 || start / beat != (start + length - 1) / beat;
        const bool on_main_beat = start % plan.bar_length() % (plan.metre.denominator == 8 ? 6 : 8) == 0;
        place.weight = on_slot || on_main_beat || length > 4 ? 70 : on_beat ? 16 : 0;
        place.opens_bar = start == bar_start;
        place.arrives = idea.arrives && place.opens_bar;
        place.relation = idea.relation;
        if (idea.model_bar >= 0) {
          const int in_bar = static_cast<int>(places.size()) - first_of_bar.back();
          place.model = first_of_bar[static_cast<std::size_t>(idea.model_bar)] + in_bar;
        }
        places.push_back(place);
      }
      start += std::abs(length);
    }
    bar_start += plan.bar_length();
  }
  return places;
}

/// Gives each place its height by straight lines between knots.
///
/// knots   (time in sixteenths, MIDI key number), by time, the first at 0
inline void shape_contour(const Key& key, std::span<Place> places,
                          std::span<const std::array<int, 2>> knots) {
  for (Place& place : places) {
    std::size_t right = 1;
    while (right + 1 < knots.size() && knots[right][0] <= place.start) ++right;
    const auto [from, low] = knots[right - 1];
    const auto [to, high] = knots[right];
    const int time = std::min(place.start, to);
    place.height = key.position_near(low + (high - low) * (time - from) / std::max(1, to - from));
  }
}

/// The eight (coda: four) bars of a melody: which bars are a motif, which repeat, sequence or invert it.
inline std::vector<BarIdea> plan_bars(const EtudePlan& plan, const Section& section,
                                      const rhythms::Bar* theme, Rng& rng) {
  const rhythms::Metre metre = rhythms::of(plan.metre.numerator);
  Motion motion = plan.motion;
  if (section.texture == Texture::Chorale) motion = Motion::Calm;
  if (section.texture == Texture::Invention) motion = faster(motion);
  const rhythms::Table table = metre.by_motion[static_cast<std::size_t>(motion)];
  const rhythms::Bar arrival = metre.arrive.front();

  std::vector<BarIdea> bars(static_cast<std::size_t>(section.num_bars));
  bars[0] = {theme != nullptr ? *theme : pick(rng, table), Relation::Motif, -1};
  switch (between(rng, 0, 3)) {
    case 0:
      bars[1] = {bars[0].rhythm, Relation::Sequence, 0};
      break;
    case 1:
      bars[1] = {bars[0].rhythm, Relation::Inversion, 0};
      break;
    default:
      bars[1] = {pick(rng, table)};
      break;
  }
  bars[2] = bars[1].model_bar < 0 && chance(rng, 60)
                ? BarIdea{bars[0].rhythm, chance(rng, 50) ? Relation::Sequence : Relation::Inversion, 0}
                : BarIdea{pick(rng, table)};
  if (section.texture == Texture::Invention) {
    // The left hand answers in the bars in which the right hand is slow.
    bars[1] = {pick(rng, metre.slow)};
    bars[2] = {bars[0].rhythm, Relation::Sequence, 0};
  }
  bars[3] = {arrival, Relation::Free, -1, true};
  if (section.num_bars == 4) return bars;

  bars[3].rhythm = section.texture == Texture::Invention ? arrival : pick(rng, metre.arrive);
  const Relation again = section.label == 'A' ? Relation::Repetition : Relation::Sequence;
  bars[4] = {bars[0].rhythm, again, 0};
  bars[5] = {bars[1].rhythm, again, 1};
  bars[6] = chance(rng, 50) ? BarIdea{bars[2].rhythm, Relation::Sequence, 2} : BarIdea{pick(rng, table)};
  bars[7] = {arrival, Relation::Free, -1, true};
  return bars;
}

/// The left hand's line, if it has one: a walking bass, or a voice that imitates the right hand.
inline std::vector<LineNote> make_bass_line(const EtudePlan& plan, const Section& section,
                                            const Material& material, std::span<const BarIdea> bars,
                                            Rng& rng) {
  const rhythms::Metre metre = rhythms::of(plan.metre.numerator);
  const bool invention = section.texture == Texture::Invention;
  std::vector<BarIdea> ideas;
  for (std::size_t bar = 0; bar < bars.size(); ++bar) {
    const bool answers = invention && bar % 2 == 1 && bar + 1 < bars.size();
    ideas.push_back({!invention ? metre.walk : answers ? bars[bar - 1].rhythm : pick(rng, metre.slow)});
  }
  const std::vector<Place> melody_places = make_places(plan, material.slots, bars);
  std::vector<Place> places = make_places(plan, material.slots, ideas);
  const Register where = register_of(section.texture);
  for (std::size_t index = 0; index < places.size(); ++index) {
    Place& place = places[index];
    const Slot& slot = material.slots[static_cast<std::size_t>(place.slot)];
    place.height = plan.key.position_near((where.bass_low + where.bass_high) / 2 + (invention ? 3 : 0));
    if (place.start == slot.start) place.fixed = slot.bass;
    // A walking bass passes through other notes on every beat except the chord's first.
    if (!invention) place.weight = 0;
    if (place.opens_bar || !invention) continue;
    // The answer: the steps that the melody took one bar before.
    for (std::size_t note = 1; note < melody_places.size(); ++note) {
      if (melody_places[note].start != place.start - plan.bar_length() || melody_places[note].opens_bar)
        continue;
      place.relation = Relation::Motif;
      place.interval = material.melody[note].position - material.melody[note - 1].position;
    }
  }
  const std::vector<int> melody = pitch_at(material.melody, section.num_bars * plan.bar_length());
  const int high = where.bass_high + (invention ? 5 : 2);
  return find_line(
      {plan.key, material.slots, melody, true, where.bass_low - 2, high, plan.key.position_near(high)},
      places, rng);
}

/// Composes a section: harmony, bass, melody, the left hand's line.
///
/// theme         the piece's first theme; null if there is none yet
/// theme_rhythm  rhythm of its motif, for sections that develop the motif; null for those with a new one
/// used_rhythm   set to the rhythm of this section's motif
inline Material compose_section(const EtudePlan& plan, const Section& section, const Material* theme,
                                const rhythms::Bar* theme_rhythm, rhythms::Bar& used_rhythm, Rng& rng) {
  Material material;
  material.slots = lay_out(plan, plan.harmony.at(section.label));
  lead_bass(plan.key, material.slots, register_of(section.texture));

  const std::vector<BarIdea> bars = plan_bars(plan, section, theme_rhythm, rng);
  used_rhythm = bars[0].rhythm;
  std::vector<Place> places = make_places(plan, material.slots, bars);
  const bool inverts = section.label != 'z';
  for (std::size_t index = 1; index < places.size(); ++index) {
    if (places[index].relation != Relation::Motif) continue;
    if (theme != nullptr && theme_rhythm != nullptr) {
      const int interval = theme->melody[index].position - theme->melody[index - 1].position;
      places[index].interval = inverts ? -interval : interval;
    } else {
      static constexpr std::array<int, 12> kIntervals{-1, 1, -1, 1, -1, 1, -2, 2, 1, -1, 0, 3};
      places[index].interval = pick(rng, std::span(kIntervals));
    }
  }

  const int bar = plan.bar_length();
  const int begin = between(rng, 69, 74) + (section.label == 'A' ? 0 : 2);
  const int first_peak = between(rng, 75, 77);
  const int climax = between(rng, 79, 81);
  std::vector<std::array<int, 2>> knots{{0, begin}};
  if (section.num_bars == 8) {
    knots.push_back({between(rng, 4, 10) * bar / 4, first_peak});
    knots.push_back({3 * bar, 71});
    knots.push_back({4 * bar, begin});
  }
  knots.push_back({(section.num_bars - 3) * bar + between(rng, 1, 5) * bar / 4, climax});
  knots.push_back({(section.num_bars - 1) * bar, 70});
  shape_contour(plan.key, places, knots);

  // Cadences: the steps on which they may end, and the step before.
  for (std::size_t index = 0; index < places.size(); ++index) {
    if (!places[index].arrives) continue;
    const int phrase_bar = section.first_bar + places[index].start / bar / 4 * 4;
    const auto phrase = std::find_if(plan.phrases.begin(), plan.phrases.end(), [&](const Phrase& candidate) {
      return candidate.first_bar == phrase_bar;
    });
    const bool closes = phrase->cadence == Cadence::Authentic || places[index].start / bar == 7;
    if (closes && phrase->cadence != Cadence::Half) {
      places[index].steps = 1 << 0;
      // Without inner voices one of the two must have the leading tone.
      places[index - 1].steps = section.texture == Texture::Invention ? 1 << 6 : (1 << 1) | (1 << 6);
    } else if (phrase->cadence == Cadence::Half) {
      places[index].steps = (1 << 1) | (1 << 4) | (1 << 6);
    }
  }
  material.melody = find_line(
      {plan.key, material.slots, bass_at(material.slots), false, 62, 83, plan.key.position_near(climax)},
      places, rng);
  if (section.texture == Texture::Walking || section.texture == Texture::Invention)
    material.bass_line = make_bass_line(plan, section, material, bars, rng);
  return material;
}

/// A varied repeat: passing notes fill some thirds, turns fill some seconds.
inline void ornament(const Key& key, Material& material, Rng& rng) {
  std::vector<LineNote> varied;
  for (std::size_t index = 0; index < material.melody.size(); ++index) {
    LineNote note = material.melody[index];
    varied.push_back(note);
    if (index + 1 == material.melody.size() || (note.length != 4 && note.length != 6)) continue;
    const LineNote& next = material.melody[index + 1];
    const int moved = next.position - note.position;
    const auto slot = std::find_if(material.slots.begin(), material.slots.end(), [&](const Slot& candidate) {
      return note.start < candidate.start + candidate.length;
    });
    const int added = moved == 2 || moved == -2 ? note.position + moved / 2 : note.position + 1;
    const int pitch = key.pitch(added, slot->chord);
    const bool plain = std::abs(pitch - note.pitch) <= 2 && pitch != note.pitch &&
                       (std::abs(moved) < 2 || (std::abs(next.pitch - pitch) <= 2 && next.pitch != pitch));
    if (!plain || std::abs(moved) > 2 || moved == 1 || next.start != note.start + note.length ||
        !chance(rng, 45))
      continue;
    const int middle = note.length - 2;
    varied.back().length = middle;
    if (moved == -1) {
      varied.push_back({note.start + middle, 1, added, pitch});
      varied.push_back({note.start + middle + 1, 1, note.position, note.pitch});
    } else {
      varied.push_back({note.start + middle, 2, added, pitch});
    }
  }
  material.melody = std::move(varied);
}

/// Fills the rest at a section's end with one or two steps towards the first note of the next section.
inline void lead_in(const EtudePlan& plan, Material& music, const LineNote& goal, Rng& rng) {
  const int length = music.slots.back().start + music.slots.back().length;
  const LineNote& last = music.melody.back();
  const int room = (length - last.start - last.length) / 2;
  const int from = goal.position < last.position ? 1 : -1;
  // In minor a single leading tone moves up to the tonic; a sixth step before it would be an augmented second
  // away.
  const bool leads = plan.key.minor && from < 0 && step_of(goal.position) == 0;
  for (int left = std::min(room, leads ? 1 : between(rng, 1, 2)); left > 0; --left) {
    const int position = goal.position + from * left;
    const int pitch = leads ? goal.pitch - 1 : plan.key.pitch(position, music.slots.back().chord);
    if (pitch < 62 || pitch > 83 || pitch == music.melody.back().pitch) return;
    music.melody.push_back({length - 2 * left, 2, position, pitch});
  }
}

/// Collects notes whose times are in sixteenths.
struct Score {
  std::vector<Note> notes;

  void add(int start, int length, int pitch, int velocity, int channel) {
    if (pitch > 0 && length > 0)
      notes.push_back({start * std::int64_t{kTicksPerSixteenth},
                       (start + length) * std::int64_t{kTicksPerSixteenth}, pitch,
                       std::clamp(velocity, 1, 127), channel});
  }
};

/// Plays one chord of the accompaniment.
///
/// start      sixteenths from the beginning of the piece
/// velocity   of the bass; the inner voices are softer
inline void accompany(const EtudePlan& plan, Texture texture, const Slot& slot, int start, int velocity,
                      Score& score) {
  const int inner = velocity - 8;
  const auto bass = [&](int at, int length) { score.add(start + at, length, slot.bass, velocity, 1); };
  const auto chord = [&](int at, int length) {
    score.add(start + at, length, slot.tenor, inner, 1);
    score.add(start + at, length, slot.alto, inner, 1);
  };
  const bool compound = plan.metre.denominator == 8;
  switch (texture) {
    case Texture::Alberti:
    case Texture::Broken: {
      // The bass is held, as by a pianist's finger, under alto and tenor alternately.
      const bool alberti = texture == Texture::Alberti;
      const int pulse = alberti && plan.metre.numerator == 2 ? 1 : 2;
      const int group = compound && alberti ? 6
                        : alberti ? std::min(slot.length, plan.metre.numerator == 3 ? 12 : 4 * pulse)
                                  : slot.length;
      for (int at = 0; at < slot.length; at += pulse) {
        const int in_group = at % group / pulse;
        if (in_group == 0)
          bass(at, group);
        else if (slot.length == 2 * pulse)
          chord(at, pulse);
        else
          score.add(start + at, pulse, (in_group % 2 == 1) == alberti ? slot.alto : slot.tenor, inner, 1);
      }
      break;
    }
    case Texture::Waltz: {
      const int beat = compound || plan.metre.numerator == 2 ? 2 : 4;
      const int group = compound ? 6 : plan.metre.numerator == 3 ? 12 : 2 * beat;
      for (int at = 0; at < slot.length; at += beat) {
        if (at % group != 0)
          chord(at, beat);
        else
          bass(at, beat);
      }
      if (slot.length == beat) chord(0, beat);
      break;
    }
    case Texture::Chorale: {
      const int held = compound ? 6 : 8;
      bass(0, slot.length);
      for (int at = 0; at < slot.length; at += held) chord(at, std::min(held, slot.length - at));
      break;
    }
    case Texture::Walking:
      chord(0, slot.length);
      break;
    case Texture::Invention:
      break;
  }
}

/// Keeps at most one note of each pitch at a time, with a sixteenth of silence before its next onset. Of two
/// notes that the hands would share the longer one is kept, in the right hand if one of them was there.
inline void separate(std::vector<Note>& notes) {
  sort_notes(notes);
  std::array<std::ptrdiff_t, 128> last;
  last.fill(-1);
  std::vector<Note> kept;
  for (const Note& note : notes) {
    std::ptrdiff_t& index = last[static_cast<std::size_t>(note.pitch)];
    if (index >= 0) {
      Note& before = kept[static_cast<std::size_t>(index)];
      if (note.start < before.start + 2 * kTicksPerSixteenth) {
        before.end = std::max(before.end, note.end);
        before.channel = std::min(before.channel, note.channel);
        before.velocity = std::max(before.velocity, note.velocity);
        continue;
      }
      before.end = std::min<std::int64_t>(before.end, note.start - kTicksPerSixteenth);
    }
    index = std::ssize(kept);
    kept.push_back(note);
  }
  notes = std::move(kept);
  sort_notes(notes);
}

}  // namespace internal

inline Song compose_etude(std::uint64_t seed, std::uint64_t index) {
  using namespace internal;
  const EtudePlan plan = plan_etude(seed, index);
  Rng rng(seed, 2 * index + 1);
  const int bar = plan.bar_length();
  const int beat = plan.metre.denominator == 8 ? 6 : 4;

  std::map<char, Material> materials;
  rhythms::Bar theme_rhythm{};
  for (const Section& section : plan.sections) {
    if (materials.contains(section.label)) continue;
    const Material* theme = section.label == 'A' ? nullptr : &materials['A'];
    const bool same_motion = theme != nullptr && section.texture != Texture::Chorale;
    const bool develops = same_motion && (section.label == 'z' || chance(rng, 50));
    rhythms::Bar rhythm{};
    Material made = compose_section(plan, section, theme, develops ? &theme_rhythm : nullptr, rhythm, rng);
    if (section.label == 'A') theme_rhythm = rhythm;
    materials[section.label] = std::move(made);
  }

  Score score;
  for (std::size_t number = 0; number < plan.sections.size(); ++number) {
    const Section& section = plan.sections[number];
    const bool last = number + 1 == plan.sections.size();
    Material music = materials[section.label];
    if (section.repeats) ornament(plan.key, music, rng);
    const bool withheld = !last && plan.sections[number + 1].label == 'z';
    if (withheld) {
      // The cadence's tonic is withheld until the coda.
      music.slots.back().chord = parse_chord(plan.key, "VI");
      lead_bass(plan.key, music.slots, register_of(section.texture));
    }
    if (!last && chance(rng, 60))
      lead_in(plan, music, materials[plan.sections[number + 1].label].melody.front(), rng);
    const int length = section.num_bars * bar;
    if (last) music.melody.back().length = bar;
    lead_inner(plan.key, music.slots, pitch_at(music.melody, length), register_of(section.texture));

    const int offset = section.first_bar * bar;
    const int level = 74 +
                      (section.label == 'B'   ? 6
                       : section.label == 'C' ? -6
                                              : 0) -
                      (section.repeats ? 6 : 0);
    const auto accent = [&](int start) { return start % bar == 0 ? 8 : start % beat == 0 ? 4 : 0; };
    for (const LineNote& note : music.melody) {
      // Louder towards the middle of each phrase of four bars.
      const int swell = 8 - std::abs(note.start % (4 * bar) - 2 * bar) * 8 / (2 * bar);
      score.add(offset + note.start, note.length, note.pitch, level + swell + accent(note.start), 0);
    }
    for (const Slot& slot : music.slots) {
      const int start = offset + slot.start;
      if ((last || (withheld && !music.bass_line.empty())) && slot.start + slot.length == length) {
        for (const int pitch : {slot.bass, slot.tenor, slot.alto})
          score.add(start, slot.length, pitch, level - 16, 1);
        continue;
      }
      accompany(plan, section.texture, slot, start, level - 16 + accent(slot.start), score);
    }
    for (const LineNote& note : music.bass_line) {
      if ((last || withheld) && note.start >= length - bar) continue;
      score.add(offset + note.start, note.length, note.pitch, level - 10 + accent(note.start), 1);
    }
  }
  separate(score.notes);

  Song song;
  song.ticks_per_quarter = 4 * kTicksPerSixteenth;
  song.notes = std::move(score.notes);
  song.length = std::int64_t{plan.num_bars} * bar * kTicksPerSixteenth;
  song.time_signatures = {plan.metre};
  const std::int64_t quarter = 60'000'000 / plan.bpm;
  const std::int64_t bar_ticks = std::int64_t{bar} * kTicksPerSixteenth;
  song.tempos = {{0, quarter},
                 {song.length - 2 * bar_ticks, quarter * 10 / 9},
                 {song.length - bar_ticks, quarter * 4 / 3}};
  return song;
}

}  // namespace gruve::etudes
