#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/core/progress.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/corpus/fingerprint.hpp"
#include "gruve/measure/measured_song.hpp"
#include "gruve/midi/read_midi.hpp"

namespace gruve::inline v0_1 {

/// The measures of a corpus's songs, with which pieces are compared.
struct MeasuredCorpus {
  std::vector<std::string> names = {};         // of each song
  std::vector<MeasuredSong> songs = {};        // their measures
  std::vector<std::uint64_t> identities = {};  // of each song; equal for duplicates
  std::size_t num_refused = 0;                 // number of songs that can't be read or measured
};

namespace internal {

struct SongToMeasure {
  std::string name;
  Song song;
  std::uint64_t identity = 0;
};

// read(i) gives song i. A song is refused if reading or measuring it throws Error.
template <class Read>
MeasuredCorpus measure_all(const std::string& path, std::size_t count, ThreadPool& threads,
                           const ProgressCallback& progress, Read&& read) {
  MeasuredCorpus corpus;
  constexpr std::size_t kGroup = 32;
  for (std::size_t first = 0; first < count; first += kGroup) {
    const std::size_t size = std::min(kGroup, count - first);
    std::vector<std::optional<std::pair<SongToMeasure, MeasuredSong>>> group(size);
    threads.for_each(size, [&](std::size_t i) {
      try {
        SongToMeasure source = read(first + i);
        MeasuredSong song = measure_song(source.song);
        group[i].emplace(std::move(source), std::move(song));
      } catch (const Error&) {
        group[i].reset();
      }
    });
    for (auto& each : group) {
      if (!each) {
        ++corpus.num_refused;
        continue;
      }
      corpus.names.push_back(std::move(each->first.name));
      corpus.identities.push_back(each->first.identity);
      corpus.songs.push_back(std::move(each->second));
    }
    if (progress) progress({.done = first + size, .total = count, .message = {}});
  }
  if (corpus.songs.empty()) throw Error(path, "holds no song that can be measured");
  return corpus;
}

}  // namespace internal

/// Measures the train split of a corpus of music, one song per thread at a time. Throws Error if the corpus
/// is not music, or if no song can be measured. Memory: the measures and the notes' timesteps, not the songs.
inline MeasuredCorpus measure_corpus(const Corpus& corpus, ThreadPool& threads,
                                     const ProgressCallback& progress = {}) {
  if (!corpus.encoder().is_music())
    throw Error(corpus.file(),
                "is a corpus of type \"" + std::string(corpus.encoder().type()) + "\", expected music");
  const std::vector<std::size_t> songs = corpus.songs(Split::train);
  for (const std::size_t i : songs) corpus.check_tokens(i);
  const MusicInfo music = corpus.music();
  return internal::measure_all(corpus.file(), songs.size(), threads, progress, [&](std::size_t i) {
    const CorpusSong& tokens = corpus.song(songs[i]);
    internal::SongToMeasure source{.name = corpus.file() + ", song " + std::to_string(songs[i]),
                                   .song = corpus.encoder().decode_song(tokens.tokens, music.tempo_bpm),
                                   .identity = tokens.hash};
    if (source.song.time_signatures.empty()) source.song.time_signatures = {music.time_signature};
    return source;
  });
}

/// Measures a corpus file, or all MIDI files of a folder.
inline MeasuredCorpus measure_corpus(const std::filesystem::path& path, ThreadPool& threads,
                                     const ProgressCallback& progress = {}) {
  if (is_corpus(path)) return measure_corpus(Corpus(path), threads, progress);
  std::vector<Refusal> unreadable;
  const auto files = find_sources(std::span(&path, 1), EncoderKind::timestep, unreadable);
  if (!unreadable.empty()) throw Error(unreadable.front().file, unreadable.front().reason);
  return internal::measure_all(path.string(), files.size(), threads, progress, [&](std::size_t i) {
    internal::SongToMeasure source{.name = files[i].string(),
                                   .song = read_midi(files[i]).song,
                                   .identity = static_cast<std::uint64_t>(i)};
    source.identity = fingerprint(source.song).value_or(source.identity);
    return source;
  });
}

/// The ranges of the measures of each minute of the songs of a corpus file or a folder, for
/// PieceOptions::within.
inline MeasureRanges minute_ranges(const std::filesystem::path& path, ThreadPool& threads,
                                   const ProgressCallback& progress = {}) {
  return corpus_ranges(measure_corpus(path, threads, progress).songs).minutes;
}

}  // namespace gruve::inline v0_1
