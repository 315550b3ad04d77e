#include "measured_corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "gruve/core/error.hpp"
#include "gruve/corpus/build_corpus.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/corpus/fingerprint.hpp"
#include "gruve/midi/read_midi.hpp"
#include "progress_bar.hpp"

namespace {

struct CorpusSource {
  std::string name;
  gruve::Song song;
  std::uint64_t identity = 0;
};

// read(i) gives song i; an Error of it, or of measuring, refuses the song.
template <class Read>
MeasuredCorpus measure_all(const std::string& path, std::size_t count, gruve::ThreadPool& threads, bool quiet,
                           Read&& read) {
  MeasuredCorpus corpus;
  ProgressBar bar("measuring", quiet);
  constexpr std::size_t kGroup = 32;
  for (std::size_t first = 0; first < count; first += kGroup) {
    const std::size_t size = std::min(kGroup, count - first);
    std::vector<std::optional<std::pair<CorpusSource, gruve::MeasuredSong>>> group(size);
    threads.for_each(size, [&](std::size_t i) {
      try {
        CorpusSource source = read(first + i);
        gruve::MeasuredSong song = gruve::measure_song(source.song);
        group[i].emplace(std::move(source), std::move(song));
      } catch (const gruve::Error&) {
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
    bar({.done = first + size, .total = count, .message = {}});
  }
  bar.finish();
  if (corpus.songs.empty()) throw gruve::Error(path, "holds no song that can be measured");
  return corpus;
}

MeasuredCorpus measure_tokens(const std::string& path, gruve::ThreadPool& threads, bool quiet) {
  const gruve::Corpus corpus{std::filesystem::path(path)};
  return std::visit(
      [&]<class Encoder>(const Encoder& encoder) -> MeasuredCorpus {
        if constexpr (gruve::MusicEncoder<Encoder>) {
          const std::vector<std::size_t> songs = corpus.songs(gruve::Split::train);
          for (const std::size_t i : songs) corpus.check_tokens(i);
          return measure_all(path, songs.size(), threads, quiet, [&](std::size_t i) {
            const gruve::CorpusSong& tokens = corpus.song(songs[i]);
            CorpusSource source{.name = path + ", song " + std::to_string(songs[i]),
                                .song = encoder.decode(tokens.tokens, corpus.tempo_bpm()),
                                .identity = tokens.hash};
            if (source.song.time_signatures.empty())
              source.song.time_signatures = {corpus.info().time_signature};
            return source;
          });
        } else {
          throw gruve::Error(path, "is a corpus of text, expected music");
        }
      },
      corpus.encoder());
}

}  // namespace

MeasuredCorpus measure_corpus(const std::string& path, gruve::ThreadPool& threads, bool quiet) {
  if (gruve::is_corpus(path)) return measure_tokens(path, threads, quiet);
  std::vector<gruve::Refusal> unreadable;
  const std::filesystem::path folder(path);
  const auto files = gruve::find_sources(std::span(&folder, 1), gruve::EncoderKind::timestep, unreadable);
  if (!unreadable.empty()) throw gruve::Error(unreadable.front().file, unreadable.front().reason);
  return measure_all(path, files.size(), threads, quiet, [&](std::size_t i) {
    CorpusSource source{.name = files[i].string(),
                        .song = gruve::read_midi(files[i], {.repair = true}).song,
                        .identity = static_cast<std::uint64_t>(i)};
    source.identity = gruve::fingerprint(source.song).value_or(source.identity);
    return source;
  });
}
