#pragma once

#include <algorithm>
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
  double slowest = std::numeric_limits<double>::infinity(), fastest = 0;  // first tempos of songs

  void add(const Song& song) {
    ++songs;
    std::bitset<128> velocities;
    for (const Note& note : song.notes) velocities.set(static_cast<std::size_t>(note.velocity & 127));
    with_velocities += velocities.count() >= 8 ? 1 : 0;
    const std::vector<Tempo> tempos = tempo_map(song);
    const double first = tempos.front().bpm();
    slowest = std::min(slowest, first);
    fastest = std::max(fastest, first);
    with_tempos +=
        std::any_of(tempos.begin(), tempos.end(),
                    [&](const Tempo& tempo) {
                      return EventEncoder::tempo_level(tempo.bpm()) != EventEncoder::tempo_level(first);
                    })
            ? 1
            : 0;
  }
};

}  // namespace internal

/// An encoder that fits files, by their names and by up to 64 of the MIDI files, evenly chosen.
///
/// - Only text files, or only files of ids: their encoder. Otherwise MIDI files, as events.
/// - Velocity tokens, if half of the songs are struck with eight velocities or more.
/// - Tempo tokens, if half of the songs change their tempo, or if their tempos are a fifth apart or more.
///
/// - Tokens for the form: trials say that they cost nothing and that pieces return to their parts
///   (docs/results.md).
///
/// The grid stays that of EventOptions: a coarser one where it suffices costs and gains nothing
/// (docs/results.md).
///
/// Throws Error if one of `paths` does not exist.
inline SuggestedEncoding suggested_encoding(std::span<const std::filesystem::path> paths,
                                            const SongOptions& options = {}) {
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
  const std::size_t count = std::min(files.size(), kMost);
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
  const auto of = [&](std::size_t number) {
    return std::to_string(number) + " of " + std::to_string(sample.songs) + " songs";
  };
  suggested.reason = "events, velocities " + std::string(suggested.event.velocities ? "kept" : "left out") +
                     " (" + of(sample.with_velocities) + " vary them), tempos " +
                     (suggested.event.tempos ? "kept" : "left out") + " (" + of(sample.with_tempos) +
                     " change them, the songs' are " + std::to_string(std::llround(sample.slowest)) + " to " +
                     std::to_string(std::llround(sample.fastest)) + " bpm)";
  return suggested;
}

}  // namespace gruve::inline v0_1
