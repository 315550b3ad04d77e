// The songs that `gruve measure` sets pieces beside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gruve/core/thread_pool.hpp"
#include "gruve/measure/measured_song.hpp"

struct MeasuredCorpus {
  std::vector<std::string> names;
  std::vector<gruve::MeasuredSong> songs;
  std::vector<std::uint64_t> identities;  // equal for songs that are the same
  std::size_t num_refused = 0;            // that can't be read or measured
};

/// Measures the train split of a corpus file, or all MIDI files of a path, a song a thread at a time; nothing
/// but their measures and their steps is kept. Throws Error where no song is left.
MeasuredCorpus measure_corpus(const std::string& path, gruve::ThreadPool& threads, bool quiet);

/// Of the minutes of its songs.
inline gruve::MeasureRanges minute_ranges(const std::string& path, gruve::ThreadPool& threads, bool quiet) {
  return gruve::corpus_ranges(measure_corpus(path, threads, quiet).songs).minutes;
}
