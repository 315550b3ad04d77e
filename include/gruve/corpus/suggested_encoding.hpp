#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/midi/music.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/read_song.hpp"

namespace gruve::inline v0_1 {

/// How files may be encoded, and why.
struct SuggestedEncoding {
  EncoderKind encoder = EncoderKind::event;  // of the files
  EventOptions event{.form = true};          // of EncoderKind::event
  std::string reason{};                      // one line: what was looked at and what follows
};

namespace internal {

// What the songs that were looked at are like.
struct EncodingSample {
  std::size_t songs = 0;
  std::size_t with_velocities = 0;  // songs that are struck with at least eight velocities
  std::size_t with_tempos = 0;      // songs whose tempo changes by a twelfth of an octave, a level of tokens
  std::size_t with_channels = 0;    // songs that have drums, or are played by several programs
  std::size_t with_pedal = 0;       // songs that press the pedal four times or more
  double slowest = std::numeric_limits<double>::infinity(), fastest = 0;  // first tempos of songs

  void add(const Song& song) {
    ++songs;
    std::bitset<128> velocities;
    for (const Note& note : song.notes) velocities.set(static_cast<std::size_t>(note.velocity & 127));
    with_velocities += velocities.count() >= 8 ? 1 : 0;
    with_channels += has_instruments(song) ? 1 : 0;
    with_pedal += std::count_if(song.pedal.begin(), song.pedal.end(),
                                [](const PedalMove& move) { return move.down; }) >= 4
                      ? 1
                      : 0;
    const std::vector<Tempo> tempos = tempo_map(song);
    const double first = tempos.front().bpm();
    slowest = (std::min)(slowest, first);
    fastest = (std::max)(fastest, first);
    with_tempos +=
        std::any_of(tempos.begin(), tempos.end(),
                    [&](const Tempo& tempo) {
                      return EventEncoder::tempo_level(tempo.bpm()) != EventEncoder::tempo_level(first);
                    })
            ? 1
            : 0;
  }

  // Whether the notes are of drums, or of several programs.
  static bool has_instruments(const Song& song) {
    std::array<int, 16> program{};
    for (const ProgramChange& change : song.programs)
      if (change.tick <= 0 || program[static_cast<std::size_t>(change.channel)] == 0)
        program[static_cast<std::size_t>(change.channel)] = change.program;
    std::bitset<128> programs;
    for (const Note& note : song.notes) {
      if (note.channel == kDrumChannel) return true;
      programs.set(static_cast<std::size_t>(program[static_cast<std::size_t>(note.channel)]));
    }
    return programs.count() > 1;
  }
};

}  // namespace internal

/// An encoder that fits files, by their names and by up to 64 of the MIDI files, evenly chosen.
///
/// - Only text files, or only files of ids: their encoder. Otherwise MIDI files, as events.
/// - Velocity tokens, if half of the songs are struck with eight velocities or more.
/// - Tempo tokens, if half of the songs change their tempo, or if their tempos are a fifth apart or more.
/// - Tokens for channels and programs, if half of the songs have drums or several programs.
/// - Tokens for the sustain pedal, if half of the songs press it four times or more, unless it lengthens
/// notes
///   (SongOptions::sustain).
/// - Tokens for the form: trials say that they cost nothing and that pieces return to their parts
///   (docs/results.md).
///
/// The grid stays that of EventOptions: a coarser one where it suffices costs and gains nothing
/// (docs/results.md).
///
/// Throws Error if one of `paths` does not exist.
inline SuggestedEncoding suggested_encoding(std::span<const std::filesystem::path> paths,
                                            SongOptions options = {}) {
  options.screening.keep_drums = true;
  SuggestedEncoding suggested;
  std::vector<Refusal> ignored;
  const std::vector<std::filesystem::path> files = find_sources(paths, EncoderKind::event, ignored);
  const auto all_are = [](const std::vector<std::filesystem::path>& sources, const char* extension) {
    return std::all_of(sources.begin(), sources.end(),
                       [&](const std::filesystem::path& path) { return path.extension() == extension; });
  };
  for (const auto& [kind, extension, reason] :
       {std::tuple(EncoderKind::text, ".txt", "text files: characters"),
        std::tuple(EncoderKind::ids, ".ids", "files of numbers: ids")}) {
    const auto found = find_sources(paths, kind, ignored);
    if (!found.empty() && all_are(found, extension) && all_are(files, extension))
      return {.encoder = kind, .event = {}, .reason = reason};
  }

  constexpr std::size_t kMost = 64;
  internal::EncodingSample sample;
  const std::size_t count = (std::min)(files.size(), kMost);
  for (std::size_t i = 0; i < count; ++i) {
    try {
      const Screening screening = screen(read_midi(files[i * files.size() / count], options.midi), options);
      if (screening.accepted()) sample.add(screening.song);
    } catch (const Error&) {
      continue;  // build_corpus() names it
    }
  }
  if (sample.songs == 0) return suggested;
  suggested.event.velocities = 2 * sample.with_velocities >= sample.songs;
  suggested.event.tempos = 2 * sample.with_tempos >= sample.songs || sample.fastest >= 1.2 * sample.slowest;
  suggested.event.channels = 2 * sample.with_channels >= sample.songs;
  suggested.event.pedal = !options.sustain && 2 * sample.with_pedal >= sample.songs;
  const auto number = [](double value) { return std::to_string(std::llround(value)); };
  suggested.reason = "events";
  const auto add = [&](const std::string& what, bool is_kept, std::size_t songs, const std::string& why) {
    suggested.reason += ", " + what + (is_kept ? " kept (" : " left out (") + std::to_string(songs) + " of " +
                        std::to_string(sample.songs) + " songs " + why + ")";
  };
  add("velocities", suggested.event.velocities, sample.with_velocities, "vary them");
  add("tempos", suggested.event.tempos, sample.with_tempos,
      "change them, the songs' are " + number(sample.slowest) + " to " + number(sample.fastest) + " bpm");
  if (sample.with_channels > 0)
    add("channels", suggested.event.channels, sample.with_channels, "have drums or several instruments");
  if (sample.with_pedal > 0) add("pedal", suggested.event.pedal, sample.with_pedal, "press it");
  return suggested;
}

}  // namespace gruve::inline v0_1
