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
#include "gruve/measure/ranges_json.hpp"
#include "gruve/midi/music.hpp"
#include "gruve/midi/read_midi.hpp"

namespace gruve::inline v0_2 {

/// The songs of a corpus, with which pieces are compared.
struct MeasuredCorpus {
  std::vector<std::string> names = {};         // of each song
  std::vector<NoteSteps> steps = {};           // of each song, to find it in pieces: see find_copied()
  std::vector<std::uint64_t> identities = {};  // of each song; equal for duplicates
  std::size_t num_refused = 0;                 // number of songs that can't be read or measured
  CorpusRanges ranges = {};                    // of the songs' measures
};

/// The largest number of songs of which a corpus file keeps the measures. Those of more songs would differ by
/// less than a hundredth of the ranges, and the longest songs take half a second each.
inline constexpr std::size_t kSongsOfRanges = 400;

namespace internal {

struct SongToMeasure {
  std::string name;
  Song song;
  std::uint64_t identity = 0;
};

// read(i) gives song i. A song is refused if reading or measuring it throws Error.
//
// ranges  of the songs where they are known; the songs are measured otherwise
template <class Read>
MeasuredCorpus measure_all(const std::string& path, std::size_t count, std::optional<CorpusRanges> ranges,
                           ThreadPool& threads, const ProgressCallback& progress, Read&& read) {
  MeasuredCorpus corpus;
  std::vector<MeasuredSong> songs;
  constexpr std::size_t kGroup = 32;
  for (std::size_t first = 0; first < count; first += kGroup) {
    const std::size_t size = (std::min)(kGroup, count - first);
    std::vector<std::optional<std::pair<SongToMeasure, MeasuredSong>>> group(size);
    threads.for_each(size, [&](std::size_t i) {
      try {
        SongToMeasure source = read(first + i);
        MeasuredSong song = ranges ? MeasuredSong{.steps = note_steps(on_grid(music_of(source.song).song))}
                                   : measure_song(source.song);
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
      corpus.steps.push_back(std::move(each->second.steps));
      if (!ranges) songs.push_back(std::move(each->second));
    }
    if (progress) progress({.done = first + size, .total = count, .message = {}});
  }
  if (corpus.names.empty()) throw Error(path, "holds no song that can be measured");
  if (ranges) {
    corpus.ranges = *ranges;
    return corpus;
  }
  const std::vector<Copied> copied = find_copied({}, corpus.steps, corpus.identities);
  for (std::size_t i = 0; i < songs.size(); ++i) set_copied(songs[i], copied[i], corpus.steps[i]);
  corpus.ranges = corpus_ranges(songs);
  return corpus;
}

inline MeasuredCorpus measure_songs(const Corpus& corpus, std::vector<std::size_t> songs,
                                    std::optional<CorpusRanges> ranges, ThreadPool& threads,
                                    const ProgressCallback& progress) {
  if (!corpus.encoder().is_music())
    throw Error(corpus.file(),
                "is a corpus of type \"" + std::string(corpus.encoder().type()) + "\", expected music");
  for (const std::size_t i : songs) corpus.check_tokens(i);
  const MusicInfo music = corpus.music();
  return measure_all(corpus.file(), songs.size(), ranges, threads, progress, [&](std::size_t i) {
    const CorpusSong& tokens = corpus.song(songs[i]);
    SongToMeasure source{.name = corpus.file() + ", song " + std::to_string(songs[i]),
                         .song = corpus.encoder().decode_song(tokens.tokens, music.tempo_bpm),
                         .identity = tokens.hash};
    if (source.song.time_signatures.empty()) source.song.time_signatures = {music.time_signature};
    return source;
  });
}

inline std::optional<CorpusRanges> kept_ranges(const Corpus& corpus) {
  if (corpus.info().measures.empty()) return std::nullopt;
  return corpus_ranges_from_json(corpus.info().measures, corpus.file());
}

}  // namespace internal

/// Compares with the train split of a corpus of music, one song per thread at a time. The ranges are those
/// that the file keeps, or of all songs. Throws Error if the corpus is not music, or if no song can be
/// measured. Memory: the measures and the notes' timesteps, not the songs.
inline MeasuredCorpus measure_corpus(const Corpus& corpus, ThreadPool& threads,
                                     const ProgressCallback& progress = {}) {
  return internal::measure_songs(corpus, corpus.songs(Split::train), internal::kept_ranges(corpus), threads,
                                 progress);
}

/// The same of a corpus file, or of all MIDI files of a folder.
inline MeasuredCorpus measure_corpus(const std::filesystem::path& path, ThreadPool& threads,
                                     const ProgressCallback& progress = {}) {
  if (is_corpus(path)) return measure_corpus(Corpus(path), threads, progress);
  std::vector<Refusal> unreadable;
  const auto files = find_sources(std::span(&path, 1), EncoderKind::timestep, unreadable);
  if (!unreadable.empty()) throw Error(unreadable.front().file, unreadable.front().reason);
  return internal::measure_all(internal::utf8(path), files.size(), {}, threads, progress, [&](std::size_t i) {
    internal::SongToMeasure source{.name = internal::utf8(files[i]),
                                   .song = read_midi(files[i]).song,
                                   .identity = static_cast<std::uint64_t>(i)};
    source.identity = fingerprint(source.song).value_or(source.identity);
    return source;
  });
}

/// The ranges of the measures of a corpus's train split, for CorpusInfo::measures: of all songs, or of the
/// kSongsOfRanges with the lowest hashes. Throws Error as measure_corpus() does.
inline CorpusRanges corpus_ranges(const Corpus& corpus, ThreadPool& threads,
                                  const ProgressCallback& progress = {}) {
  std::vector<std::size_t> songs = corpus.songs(Split::train);
  std::stable_sort(songs.begin(), songs.end(),
                   [&](std::size_t a, std::size_t b) { return corpus.song(a).hash < corpus.song(b).hash; });
  songs.resize((std::min)(songs.size(), kSongsOfRanges));
  return internal::measure_songs(corpus, std::move(songs), std::nullopt, threads, progress).ranges;
}

/// The ranges of a corpus file, which may keep them, or of all MIDI files of a folder; see measure_corpus().
inline CorpusRanges corpus_ranges(const std::filesystem::path& path, ThreadPool& threads,
                                  const ProgressCallback& progress = {}) {
  if (!is_corpus(path)) return measure_corpus(path, threads, progress).ranges;
  const Corpus corpus(path);
  if (const auto kept = internal::kept_ranges(corpus)) return *kept;
  return corpus_ranges(corpus, threads, progress);
}

/// The ranges of the measures of each minute of the songs of a corpus file or a folder, for
/// PieceOptions::within.
inline MeasureRanges minute_ranges(const std::filesystem::path& path, ThreadPool& threads,
                                   const ProgressCallback& progress = {}) {
  return corpus_ranges(path, threads, progress).minutes;
}

}  // namespace gruve::inline v0_2
